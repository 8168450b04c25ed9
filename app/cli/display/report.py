"""The result of a scan for people: findings with what speaks for them, third parties, coverage, warnings.

The report itself is what `--json` prints.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any, Final

from rich.console import Console

from app.cli.display.finding_record import is_dismissed, mark_of, page_of, write_finding
from app.cli.display.formatting import RISK_STYLES, labelled, verdict_line
from app.cli.display.result import ScanResult
from app.cli.display.sheet import Sheet, widest
from app.cli.display.surroundings import write_coverage, write_third_parties, write_warnings
from app.cli.display.wrapping import pad, wrap_list
from app.cli.terminal import clean, clock_of
from app.domain.coverage import checked_of
from app.domain.messages import MessageCatalog
from app.domain.verdict import Result

TABLE_FROM: Final = 140  # columns: narrower, a table has two letters a line
Json = Mapping[str, Any]


def print_report(result: ScanResult, console: Console, texts: MessageCatalog, *, zone: tzinfo | None = None) -> None:
    """Write all of it; partial when the scan was. `zone` None: times are those of this machine."""
    report, sheet = result.report, Sheet(console)
    _write_head(report, sheet, texts, zone)
    _write_findings(result, sheet, texts)
    write_third_parties(report["third_parties"], sheet, texts)
    write_coverage(report, sheet, texts)
    write_warnings(report["warnings"], sheet, texts)
    sheet.blank()
    sheet.sentence(_in_short(result, texts), style="bold")


def _write_head(report: Json, sheet: Sheet, texts: MessageCatalog, zone: tzinfo | None) -> None:
    task, statistics = report["task"], report["statistics"]
    duration = clock_of(statistics["execution_duration"])
    head = texts("ended_in", target=clean(task["target_domain"]), status=texts(task["status"]), duration=duration)
    for line in wrap_list([head, *_conclusion(report, texts)], " · ", sheet.width):
        sheet.line((line, "bold"))
    times = [
        texts(f"result.{name}", time=_moment(task[name], zone))
        for name in ("started_at", "completed_at")
        if task.get(name)
    ]
    if task.get("attempt", 1) > 1:
        times.append(texts("attempt", attempt=task["attempt"]))
    for line in wrap_list(times, " · ", sheet.text_width):
        sheet.line((line, "dim"))
    if task["error"] is not None:
        sheet.sentence(labelled(texts("error"), task["error"]["message"], texts), style="bold red")


def _moment(written: str, zone: tzinfo | None) -> str:
    """Return date and time with the zone that they are meant in."""
    return datetime.fromisoformat(written).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z")


def _conclusion(report: Json, texts: MessageCatalog) -> list[str]:
    """Return the verdict, and how much was judged when that is not everything."""
    verdict = report["verdict"]
    if verdict is None:
        return []
    judged, known = _judged_of(report)
    seen = [texts("judged_of", judged=judged, known=known)] if verdict["reasons"] else []
    return [clean(verdict_line(verdict, texts)), *seen]


def _judged_of(report: Json) -> tuple[int, int]:
    """Return `checked_of`; for a scan that did not tell URLs apart, those that answered of all."""
    coverage = report["coverage"]
    by_reason = coverage.get("by_reason")
    return checked_of(by_reason) if by_reason else (coverage["crawled"], coverage["known"])


def _write_findings(result: ScanResult, sheet: Sheet, texts: MessageCatalog) -> None:
    if not result.findings:
        sheet.blank()
        said, style = _nothing_found(result.report, texts)
        sheet.sentence(said, style=style)
        return
    sheet.heading(texts("result.findings"), result.report["task"]["open_counts"]["total"])
    found = sorted(result.findings, key=is_dismissed)
    if sheet.width >= TABLE_FROM:
        _write_table(found, sheet, texts)
        sheet.blank()
    for number, finding in enumerate(found, start=1):
        if number > 1:
            sheet.blank()
        write_finding(finding, sheet, texts, number=number)
    if result.finding_count > len(result.findings):
        sheet.blank()
        sheet.sentence(texts("result.more_findings", count=result.finding_count - len(result.findings)), style="dim")


def _nothing_found(report: Json, texts: MessageCatalog) -> tuple[str, str]:
    """Return the sentence, and its style: not a clean site when nobody has seen it."""
    if not _judged_of(report)[0]:
        return texts("nothing_examined"), "yellow"
    if (report["verdict"] or {}).get("result") == Result.INCONCLUSIVE:
        return texts("none_in_what_was_seen"), "yellow"
    return texts("no_violations"), "green"


def _write_table(found: Sequence[Json], sheet: Sheet, texts: MessageCatalog) -> None:
    """Write one line per finding. The URL comes last and is not cut, so that it can be copied."""
    heads = tuple(map(texts, ("risk", "kind", "domain", "confidence", "record.page")))
    rows = [
        (
            texts(finding["risk"]["level"]),
            finding["violation_name"],
            clean(finding["domain"]),
            _percent(finding, texts),
            page_of(finding),
        )
        for finding in found
    ]
    widths = [widest(column) for column in zip(heads, *rows, strict=True)]
    sheet.line(("    " + "  ".join(map(pad, heads, [*widths[:-1], 0])), "dim"))
    for number, (finding, row) in enumerate(zip(found, rows, strict=True), start=1):
        risk, *cells = map(pad, row, [*widths[:-1], 0])
        style = RISK_STYLES.get(finding["risk"]["level"], "")
        sheet.line(f"{number:>2}  ", (risk, style), "  " + "  ".join(cells))


def _percent(finding: Json, texts: MessageCatalog) -> str:
    said = f"{finding['confidence_score']:.0%}"
    mark = mark_of(finding, texts)
    return f"{said} ({mark})" if mark else said


def _in_short(result: ScanResult, texts: MessageCatalog) -> str:
    """Return the last line, which a terminal shows without scrolling: the verdict, and the findings by risk."""
    report = result.report
    target = clean(report["task"]["target_domain"])
    said = texts(report["task"]["status"]) if report["verdict"] is None else verdict_line(report["verdict"], texts)
    if not result.findings:
        return texts("result.in_short", target=target, verdict=said)
    counts = report["task"]["open_counts"]  # of all open findings
    dismissed = report["task"]["finding_counts"]["total"] - counts["total"]
    said_levels = [f"{texts(level)} {counts[level]}" for level in RISK_STYLES if counts.get(level)]
    levels = texts.join_terms([*said_levels, *([texts("notice.dismissed", count=dismissed)] if dismissed else [])])
    return texts("result.in_short_findings", target=target, verdict=said, count=counts["total"], levels=levels)
