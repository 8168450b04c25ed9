"""The report for people. The document itself is what `--json` prints."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.cli.display.wording import COUNTED, RISK_STYLES, kind_name, verdict_line
from app.cli.texts import Labels, clean, clock_of
from app.domain.coverage import Seen
from app.domain.parties import Outcome
from app.domain.verdict import Result

MAX_PARTIES: Final = 50  # shown
Json = Mapping[str, Any]


def print_report(report: Json, console: Console, labels: Labels) -> None:
    """Violations, third parties, numbers, warnings; partial when the scan was."""
    task, statistics = report["task"], report["statistics"]
    duration = clock_of(statistics["execution_duration"])
    head = labels("ended_in", target=clean(task["target_domain"]), status=labels(task["status"]), duration=duration)
    console.print(Text(f"{head}{_conclusion(report, labels)}", style="bold"))
    if task["error"] is not None:
        console.print(Text(f"{labels('error')}: {clean(task['error']['message'])}", style="bold red"))
    console.print()
    if _judged(report) or report["violations"]:
        _print_violations(report, console, labels)
    else:  # not a clean site: one that nobody has seen
        console.print(Text(labels("nothing_examined"), style="yellow"))
        console.print()
    _print_third_parties(report["third_parties"], console, labels)
    _print_numbers(report, console, labels)
    _print_warnings(report["warnings"], console, labels)


def _conclusion(report: Json, labels: Labels) -> str:
    """The rest of the first line: the verdict, and how much was judged when that is not everything."""
    verdict = report["verdict"]
    if verdict is None:
        return ""
    known = report["coverage"]["known"]
    seen = f" · {labels('judged_of', judged=_judged(report), known=known)}" if verdict["reasons"] else ""
    return f" · {verdict_line(verdict, labels)}{seen}"


def _judged(report: Json) -> int:
    """Addresses that showed something; of a scan that did not tell them apart, those that were answered."""
    coverage = report["coverage"]
    by_reason = coverage.get("by_reason")
    return int(by_reason.get(Seen.JUDGED, 0) if by_reason else coverage["crawled"])


def _crawled(report: Json) -> dict[str, Any]:
    return {name: report["coverage"][name] for name in ("crawled", "known")}


def _print_violations(report: Json, console: Console, labels: Labels) -> None:
    found = report["violations"]
    if not found:
        doubtful = (report["verdict"] or {}).get("result") == Result.INCONCLUSIVE
        key, style = ("none_in_what_was_seen", "yellow") if doubtful else ("no_violations", "green")
        console.print(Text(labels(key), style=style))
        console.print()
        return
    table = _table(labels("total_violations"), len(found))
    for name in ("risk", "kind", "domain", "confidence"):
        table.add_column(labels(name), no_wrap=True)
    table.add_column(labels("description"), ratio=2, overflow="fold")
    table.add_column(labels("page"), ratio=1, overflow="fold")
    for item in found:
        table.add_row(
            Text(labels(item["risk_level"]), style=RISK_STYLES.get(item["risk_level"], "")),
            kind_name(item["violation_key"], labels),
            Text(clean(item["domain"])),
            f"{item['confidence_score']:.2f}{' ?' if item['needs_review'] else ''}",
            Text(clean(item["description"])),
            Text(clean(item["found_on"] or "")),
        )
    console.print(table)


def _print_third_parties(found: Sequence[Json], console: Console, labels: Labels) -> None:
    if not found:
        console.print(Text(labels("no_third_parties"), style="dim"))
        return
    table = _table(labels("total_third_party_domains"), len(found))
    for name in ("domain", "category", "risk", "outcome"):
        table.add_column(labels(name))
    for name in ("references", "hidden", "hosts"):
        table.add_column(labels(name), justify="right")
    # The list may be cut: those with a risk first, and what is clean last.
    for party in sorted(found, key=_urgency)[:MAX_PARTIES]:
        risk, outcome = party["risk_level"], party["outcome"]
        table.add_row(
            Text(clean(party["domain"])),
            Text(clean(party["category"])),
            Text(labels(risk), style=RISK_STYLES.get(risk, "")) if risk else "",
            Text(labels(outcome), style="dim" if outcome == Outcome.EXAMINED else ""),
            *(str(number) for number in (party["references"], party["hidden"] or "", len(party["hosts"]))),
        )
    console.print(table)
    if len(found) > MAX_PARTIES:
        console.print(Text(labels("more_rows", count=len(found) - MAX_PARTIES), style="dim"))


def _urgency(party: Json) -> tuple[bool, bool]:
    return party["risk_level"] is None, party["outcome"] == Outcome.EXAMINED


def _print_numbers(report: Json, console: Console, labels: Labels) -> None:
    grid = Table.grid(padding=(0, 2))
    for name in COUNTED:
        grid.add_row(Text(labels(name), style="dim"), str(report["statistics"][name]))
    grid.add_row(Text(labels("coverage"), style="dim"), labels("crawled_of", **_crawled(report)))
    console.print(grid)


def _print_warnings(said: Sequence[Json], console: Console, labels: Labels) -> None:
    if not said:
        return
    console.print()
    console.print(Text(labels("warnings"), style="bold yellow"))
    for item in said:
        console.print(Text(f"  {item['code']}: {clean(item['message'])}"))


def _table(title: str, count: int) -> Table:
    return Table(title=Text(f"{title} ({count})", style="bold"), title_justify="left", box=SIMPLE_HEAD, expand=True)
