"""One finding as people need it to act: whose content, where, how hidden, the way there, why this risk, what to do.

Its document is that of `GET /tasks/{id}/findings/{id}`, in the reader's language.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from app.cli.display.formatting import RISK_STYLES
from app.cli.display.sheet import Item, Sheet, Unbroken, widest
from app.cli.display.wrapping import shorten
from app.domain.decisions import DecisionState
from app.domain.messages import MessageCatalog
from app.findings.evidence.origin import origin_of

Json = Mapping[str, Any]
MAX_PAGES: Final = 3  # that refer to it, beside the worst one
MAX_CHAINS: Final = 3
MAX_QUOTED: Final = 200  # columns of a quotation; the report has it in full
INDENT: Final = 3
LABELS: Final = (
    "page",
    "author",
    "link",
    "dom_path",
    "source",
    "hidden",
    "chain",
    "evidence",
    "risk",
    "advice",
    "more_pages",
)


def write_finding(finding: Json, sheet: Sheet, texts: MessageCatalog, *, number: int) -> None:
    """Write the finding as a record under its headline."""
    _write_headline(finding, sheet, texts, number)
    sheet.sentence(finding["summary"], indent=INDENT)
    width = widest(texts(f"record.{name}") for name in LABELS)
    for name, lines in _fields(finding, texts):
        sheet.field(texts(f"record.{name}"), lines, label_width=width, indent=INDENT)


def confidence_of(finding: Json, texts: MessageCatalog) -> str:
    said = texts("record.confidence", percent=round(finding["confidence_score"] * 100))
    mark = mark_of(finding, texts)
    return f"{said} · {mark}" if mark else said


def mark_of(finding: Json, texts: MessageCatalog) -> str:
    """Return whether the finding was dismissed, or needs a review; "" for any other."""
    if is_dismissed(finding):
        return str(texts("decision_state.dismissed"))
    return str(texts("needs_review")) if finding["needs_review"] else ""


def is_dismissed(finding: Json) -> bool:
    return bool(finding["state"] == DecisionState.DISMISSED)


def page_of(finding: Json) -> str:
    """Return the page of the site that has the worst reference, or shows the content itself; "" when there is none."""
    return finding["page_url"] or ""


def _write_headline(finding: Json, sheet: Sheet, texts: MessageCatalog, number: int) -> None:
    risk, style = finding["risk"], RISK_STYLES.get(finding["risk"]["level"], "")
    certain = confidence_of(finding, texts)
    head = (
        f"{number:>2} ",
        (texts(risk["level"]), style),
        f" · {finding['violation_name']} · ",
        (finding["domain"], "bold"),
    )
    if sheet.fits(*head, f" · {certain}"):
        sheet.line(*head, f" · {certain}")
    else:
        sheet.line(*head)
        sheet.line(certain, indent=INDENT)


def _fields(finding: Json, texts: MessageCatalog) -> Iterator[tuple[str, Sequence[Item]]]:
    if page := page_of(finding):
        yield "page", [page]
    if (reference := origin_of(finding)) is not None:
        yield from _reference(reference, finding, texts)
    ways = [line for chain in finding["chains"][:MAX_CHAINS] for line in _way(chain, texts)]
    if ways:
        yield "chain", ways
    yield "evidence", list(_evidence(finding, texts))
    yield "risk", list(_reasons(finding["risk"], texts))
    yield "advice", [(f"{number}. ", step["text"]) for number, step in enumerate(finding["advice"], start=1)]
    if more := list(_more_pages(finding, texts)):
        yield "more_pages", more


def _reference(reference: Json, finding: Json, texts: MessageCatalog) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield where the worst reference leads to, and how it, or what leads to it, stands in its page."""
    yield "author", [finding["author_text"]]
    shown = shorten(reference["link_text"], MAX_QUOTED)
    yield "link", [finding["references"][0]["url"], *([texts("record.link_text", text=shown)] if shown else [])]
    if reference["loaded_by"]:
        yield "loaded_by", reference["loaded_by"]
    if reference["dom_path"]:
        yield "dom_path", [Unbroken(reference["dom_path"])]
    if reference["source"] is not None and reference["snippet"]:
        shown = shorten(reference["snippet"], MAX_QUOTED)
        yield "source", [texts("record.source_line", line=reference["source"]["line"], text=shown)]
    if finding["hidden_text"]:
        yield "hidden", [finding["hidden_text"]]


def _way(chain: Json, texts: MessageCatalog) -> Iterator[Item]:
    """Yield the addresses in order, each after the first with how one gets there and what it answers."""
    for step in chain["steps"]:
        notes = [step["how_name"]] if step["how_name"] else []
        if step["status"]:
            notes.append(texts("record.answered", status=step["status"]))
        told = f"  ({texts.join_clauses(notes)})" if notes else ""
        yield "→ " if step["how_name"] else "", f"{step['url']}{told}"
    if not chain["complete"]:
        yield texts("record.not_captured")


def _evidence(finding: Json, texts: MessageCatalog) -> Iterator[str]:
    """Yield what was found, which says on whose page, and the place quoted, once."""
    told = {entry["snippet"] for entry in finding["references"][:1]}
    for item in finding["evidence"]:
        yield item["text"]
        if item["snippet"] and item["snippet"] not in told:
            yield texts("record.quotation", text=shorten(item["snippet"], MAX_QUOTED))
            told.add(item["snippet"])


def _reasons(risk: Json, texts: MessageCatalog) -> Iterator[Item]:
    yield texts("record.risk_sum", level=texts(risk["level"]), score=risk["score"])
    reasons = [reason for reason in risk["reasons"] if reason["points"]]
    width = max((len(f"{reason['points']:+}") for reason in reasons), default=0)
    for reason in reasons:
        yield f"{reason['points']:+} ".rjust(width + 1), reason["text"]


def _more_pages(finding: Json, texts: MessageCatalog) -> Iterator[str]:
    """Yield the next pages that refer to it, and how many places there are in all."""
    first = page_of(finding)
    pages = list(
        dict.fromkeys(reference["page_url"] for reference in finding["references"] if reference["page_url"] != first)
    )
    yield from pages[:MAX_PAGES]
    if finding["reference_count"] > 1:
        yield texts("record.references", count=finding["reference_count"])
