"""What stands around the findings: third parties, how much was seen, and what a reader must know of the scan."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.cli.display.formatting import COUNTED, RISK_STYLES, category_name
from app.cli.display.sheet import GAP, LEAST, Sheet, widest
from app.cli.display.wrapping import pad, wrap_list
from app.cli.terminal import clean
from app.domain.discovery import SourceStatus, Transfer
from app.domain.messages import MessageCatalog
from app.domain.third_parties import Outcome

MAX_PARTIES: Final = 50  # shown
MAX_DOMAIN_SHARE: Final = 0.5  # of the width, for the column of domains
ANSWERED: Final = (SourceStatus.ASKED, SourceStatus.CACHED)
UNKNOWN: Final = "unknown"  # category of a party that no list knows
Json = Mapping[str, Any]


def write_third_parties(found: Sequence[Json], sheet: Sheet, texts: MessageCatalog) -> None:
    """Write one line per third party, those with findings first and clean ones last; the list may be cut."""
    if not found:
        sheet.blank()
        sheet.sentence(texts("no_third_parties"), style="dim")
        return
    sheet.heading(texts("total_third_party_domains"), len(found))
    shown = sorted(found, key=_urgency)[:MAX_PARTIES]
    width = min(widest(clean(party["domain"]) for party in shown), int(sheet.text_width * MAX_DOMAIN_SHARE))
    for party in shown:
        _write_third_party(party, sheet, texts, width)
    if len(found) > MAX_PARTIES:
        sheet.sentence(texts("more_rows", count=len(found) - MAX_PARTIES), style="dim", indent=1)


def _write_third_party(party: Json, sheet: Sheet, texts: MessageCatalog, width: int) -> None:
    """Write the domain, and what is known of it beside it."""
    hang = 1 + width + GAP
    facts = map(clean, _facts(party, texts))
    first, *rest = wrap_list(facts, " · ", max(LEAST, sheet.text_width - hang))
    style = RISK_STYLES.get(party["risk_level"] or "", "" if party["outcome"] != Outcome.EXAMINED else "dim")
    sheet.line(pad(clean(party["domain"]), width), " " * GAP, (first, style), indent=1)
    for line in rest:
        sheet.line((line, style), indent=hang)


def _facts(party: Json, texts: MessageCatalog) -> list[str]:
    risk = party["risk_level"]  # of its worst finding
    facts: list[str] = [texts("result.risk_of", level=texts(risk))] if risk else []
    facts.append(texts(party["outcome"]))
    if party["category"] != UNKNOWN:
        facts.append(category_name(party["category"], texts))
    facts.append(texts("result.references", count=party["references"]))
    if party["hidden"]:
        facts.append(texts("result.hidden", count=party["hidden"]))
    if len(party["hosts"]) > 1:
        facts.append(texts("result.hosts", count=len(party["hosts"])))
    return facts


def _urgency(party: Json) -> tuple[int, bool]:
    levels, risk = list(RISK_STYLES), party["risk_level"]
    return levels.index(risk) if risk in levels else len(levels), party["outcome"] == Outcome.EXAMINED


def write_coverage(report: Json, sheet: Sheet, texts: MessageCatalog) -> None:
    """Write the coverage, and the unchecked URLs by reason."""
    sheet.heading(texts("coverage"))
    numbers = [(texts(name), str(report["statistics"][name])) for name in COUNTED if name != "total_violations"]
    numbers.append((texts("result.addresses"), texts("crawled_of", **_crawled(report))))
    further = [
        (texts("result.not_judged"), _missed(report, texts)),
        (texts("result.unanswered"), _unanswered(report, texts)),
        (texts("result.open_zones"), _open_zones(report, texts)),
    ]
    fields = [(name, [number]) for name, number in numbers] + [field for field in further if field[1]]
    width = widest(name for name, _ in fields)
    for name, said in fields:
        sheet.field(name, said, label_width=width, indent=1)


def _missed(report: Json, texts: MessageCatalog) -> list[str]:
    by_reason = report["coverage"].get("by_reason", {})
    named = [(count, f"reason.{reason}") for reason, count in by_reason.items()]
    return [texts("result.missed", count=count, reason=texts(key)) for count, key in named if key in texts]


def _unanswered(report: Json, texts: MessageCatalog) -> list[str]:
    """Return the passive sources that did not answer, so that they are not taken for empty."""
    sources = (report.get("discovery") or {}).get("sources", ())
    named = [(source["name"], f"source_status.{source['status']}") for source in sources]
    return [
        texts("result.of_source", name=name, outcome=texts(key))
        for name, key in named
        if key in texts and key.removeprefix("source_status.") not in ANSWERED
    ]


def _open_zones(report: Json, texts: MessageCatalog) -> list[str]:
    """Return the name servers that allow zone transfers to anyone."""
    servers = (report.get("discovery") or {}).get("name_servers", ())
    return [
        texts(
            "result.of_source",
            name=texts("report.discovery.server", server=server["name"], zone=server["zone"]),
            outcome=texts("zone_transfer.open"),
        )
        for server in servers
        if server["transfer"] == Transfer.OPEN
    ]


def _crawled(report: Json) -> dict[str, Any]:
    return {name: report["coverage"][name] for name in ("crawled", "known")}


def write_warnings(said: Sequence[Json], sheet: Sheet, texts: MessageCatalog) -> None:
    if not said:
        return
    sheet.heading(texts("warnings"), len(said))
    for item in said:
        sheet.field("!", [item["message"]], label_width=1, indent=1, style="yellow")
