"""One finding as blocks: what it is, where it is, and what proves it. Captures and hashes are in the appendix."""

from collections.abc import Iterator, Sequence
from typing import Final

from app.core.json_chunks import Json
from app.core.spreadsheet import BETWEEN_URLS
from app.domain.authorship import Author
from app.domain.recommendations import Advice
from app.reports.formats.blocks import Beside, Block, Facts, Heading, Quote, Text, Tone
from app.reports.formats.capture_register import CaptureRegister
from app.reports.formats.contents import ReportContents
from app.reports.formats.extent import Extent
from app.reports.formats.finding_screenshots import FindingScreenshots
from app.reports.formats.measures import Measures
from app.reports.formats.wording import (
    assignment_cells,
    comments_text,
    decision_text,
    is_dismissed,
    moment_text,
    shown_level,
)

MAX_CHAINS: Final = 3
MAX_TERMS: Final = 20
FACTS_SHARE: Final = 0.66  # of the width, beside pictures
GENERAL: Final = (Advice.KEEP_EVIDENCE, Advice.SCAN_AGAIN)  # needed by every finding
SHORT_PATH: Final = 2  # steps: the page and the URL, which the facts name
_ASSIGNMENT: Final = ("report.assignee", "report.due_on")
TARGET_RULE: Final = "hidden_link.target"  # its term is the key of a kind of content, which the sentence names


class FindingSection:
    """Shows findings of one report. `extent` bounds the lists in it."""

    def __init__(
        self,
        contents: ReportContents,
        extent: Extent,
        *,
        measures: Measures,
        screenshots: FindingScreenshots,
        register: CaptureRegister,
    ) -> None:
        self._contents = contents
        self._texts = contents.texts
        self._extent = extent
        self._measures = measures
        self._screenshots = screenshots
        self._register = register

    def blocks(self, number: int, found: Json, *, pictures: bool) -> Iterator[Block]:
        """Yield the finding: what and where it is, with the source, beside its pictures, and what proves it.

        `found`: what `shown_parts` returns of its document.
        """
        risk = found["risk"]
        title = self._texts("report.finding_title", number=number, kind=found["violation_name"], domain=found["domain"])
        level = self._texts("decision.dismissed") if is_dismissed(found) else risk["level_name"]
        badge = f"{level} {risk['score']}"
        yield Heading(title, 3, anchor_of(found["finding_id"]), shown_level(found), badge)
        self._register.add(number, found["captures"])
        self._register.add(number, found["site_captures"])
        yield Text(found["summary"])
        if found["needs_review"]:
            yield Text(self._texts("report.needs_review"), Tone.WARNING)
        left: list[Block] = [Facts(self._places(found)), *self._sources(found)]
        shown = list(self._screenshots.blocks(number, found["captures"], found["site_captures"])) if pictures else []
        yield from [Beside(left, shown, FACTS_SHARE)] if shown else left
        yield Facts(self._reasons(found))

    def _places(self, found: Json) -> list[tuple[str, str]]:
        first = found["references"][0] if found["references"] else None
        rows = [
            *(self._own_page(found) if first is None else self._reference(first)),
            *self._other_pages(found),
            *self._origins(found),
            (self._texts("report.via"), found["via"] or ""),
        ]
        return [row for row in rows if row[1]]

    def _reasons(self, found: Json) -> list[tuple[str, str]]:
        found_at = self._texts("report.certainty", confidence=f"{found['confidence_score']:.0%}")
        rows = [
            (self._texts("report.chain"), self._chains(found["chains"])),
            (self._texts("report.evidence"), self._evidence(found["evidence"])),
            (self._texts("report.why"), self._risk(found["risk"])),
            (self._texts("report.found_at"), f"{moment_text(found['found_at'])} · {found_at}"),
            (self._texts("report.decision"), decision_text(found["decision"], self._texts)),
            *zip(map(self._texts, _ASSIGNMENT), assignment_cells(found["assignment"]), strict=True),
            (self._texts("report.comments"), comments_text(found["comments"], self._texts)),
            (self._texts("report.what_to_do"), "" if is_dismissed(found) else self._advice(found["advice"])),
        ]
        return [row for row in rows if row[1]]

    def _own_page(self, found: Json) -> list[tuple[str, str]]:
        """Name the page of the site that shows the content, and how it is hidden there."""
        return [
            (self._texts("report.page"), found["page_url"] or ""),
            (self._texts("report.hidden"), found["hidden_text"] or ""),
            (self._texts("report.whose"), self._author(found["author"], found["author_text"])),
        ]

    def _reference(self, reference: Json) -> list[tuple[str, str]]:
        source = reference["source"]
        place = "" if source is None else self._texts("report.at", line=source["line"])
        how = (reference["relation_name"], reference["kind_name"], reference["hidden_text"], place)
        url = "" if reference["url"] == reference["page_url"] else reference["url"]
        return [
            (self._texts("report.page"), _joined(reference["page_url"], reference["page_title"])),
            (self._texts("report.leads_to"), url),
            (self._texts("report.how"), _joined(*how)),
            (self._texts("report.loaded_by"), BETWEEN_URLS.join(reference["loaded_by"])),
            (self._texts("report.link_text"), reference["link_text"]),
            (self._texts("report.whose"), self._author(reference["author"], reference["author_text"])),
            (self._texts("report.repeats"), str(reference["repeats"] or "")),
            (self._texts("report.dom_path"), reference["dom_path"] or ""),
        ]

    def _author(self, author: str, text: str) -> str:
        """Return whose content it is; "" for the site's own, which is meant where nothing else is said."""
        return "" if author == Author.SITE else text

    def _other_pages(self, found: Json) -> Iterator[tuple[str, str]]:
        """Name the pages of the further references, and count those that are not named."""
        others = list(dict.fromkeys(reference["page_url"] for reference in found["references"]))[1:]
        rest = found["reference_count"] - len(found["references"])
        more = [self._texts("report.more_references", count=rest)] if rest > 0 and found["references"] else []
        yield self._texts("report.also_on"), "\n".join([*others, *more])

    def _origins(self, found: Json) -> Iterator[tuple[str, str]]:
        """Name references on the site's pages to what redirects; the path itself is shown step by step."""
        shown = {reference["reference_id"] for reference in found["references"]}
        for chain in found["chains"]:
            origin, page = chain["origin"], chain["linked_from"]
            if page is not None:
                yield self._texts("report.begins"), _joined(page["page_url"], page["page_title"])
            elif origin["reference_id"] not in shown:
                shown.add(origin["reference_id"])
                yield self._texts("report.begins"), _joined(origin["page_url"], origin["link_text"])
                yield self._texts("report.dom_path"), origin["dom_path"] or ""

    def _advice(self, steps: Sequence[Json]) -> str:
        """Refer to the measures, each of which is described once; those of every finding stand there alone."""
        codes = [Advice(step["code"]) for step in steps]
        specific = [code for code in codes if code not in GENERAL and self._measures.letter(code)]
        return self._texts.join_terms(
            f"{self._measures.letter(code)}. {self._measures.name(code)}"
            for code in sorted(specific, key=self._measures.letter)
        )

    def _sources(self, found: Json) -> Iterator[Block]:
        """The source at the first reference; where there is none, that at the start of the first path."""
        origins = [chain["origin"] for chain in found["chains"][:1] if chain["linked_from"] is None]
        for reference in (*found["references"][:1], *origins):
            if reference["source"] is not None:
                lines = (line.strip() for line in reference["source"]["excerpt"].split("\n"))
                yield Quote("\n".join(filter(None, lines)))
                return

    def _chains(self, chains: Sequence[Json]) -> str:
        """Return the paths step by step; the page and the URL alone are named anyway."""
        shown = [chain for chain in chains if len(chain["steps"]) > SHORT_PATH or not chain["complete"]]
        return "\n".join(line for chain in shown for line in self._chain(chain))

    def _chain(self, chain: Json) -> Iterator[str]:
        for number, step in enumerate(chain["steps"], 1):
            how = step["how_name"] or self._texts("report.start")
            said = self._texts("labelled", what=how, text=_joined(step["url"], step["answer_text"]))
            yield f"{number}. {said}"
        if not chain["complete"]:
            yield self._texts("report.chain_open")

    def _evidence(self, evidence: Sequence[Json]) -> str:
        lines = [self._proof(item) for item in evidence[: self._extent.evidence]]
        rest = len(evidence) - len(lines)
        if rest > 0:
            lines[-1] = _joined(lines[-1], self._texts("report.more_evidence", count=rest))
        return "\n".join(lines)

    def _proof(self, item: Json) -> str:
        """Say what was found and where, and in HTML by which words of the page."""
        if not self._extent.quotes:
            return str(item["text"])
        terms = [] if item["rule"] == TARGET_RULE else [str(term) for term in item["terms"][:MAX_TERMS]]
        more = [term for term in terms if term not in item["text"]]
        told = self._texts("labelled", what=self._texts("report.terms"), text=self._texts.join_terms(more))
        quoted = item["snippet"] if item["snippet"] not in item["text"] else ""
        return "\n".join(filter(None, (_joined(item["text"], told if more else ""), " ".join(quoted.split()))))

    def _risk(self, risk: Json) -> str:
        reasons = (f"{reason['text']} {reason['points']:+}" for reason in risk["reasons"] if reason["points"])
        return self._texts.join_clauses(reasons)


def shown_parts(found: Json, extent: Extent) -> Json:
    """Return the document of a finding without the references and paths that no section shows: those of all findings in
    full are in memory at once. Of the references after the first, sections name the page alone.
    """
    others = found["references"][1 : extent.references]
    pages = [{"reference_id": other["reference_id"], "page_url": other["page_url"]} for other in others]
    return {**found, "references": [*found["references"][:1], *pages], "chains": found["chains"][:MAX_CHAINS]}


def _joined(*parts: str | None) -> str:
    return " · ".join(filter(None, parts))


def anchor_of(finding_id: str) -> str:
    return f"finding-{finding_id}"
