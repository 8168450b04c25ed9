"""One finding with its evidence, as blocks."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from app.core.json_chunks import Json
from app.core.spreadsheet import BETWEEN_URLS
from app.domain.recommendations import Advice
from app.reports.formats.blocks import (
    Block,
    Column,
    Facts,
    Heading,
    Items,
    Quote,
    Table,
    Text,
    Tone,
)
from app.reports.formats.contents import ReportContents
from app.reports.formats.extent import Extent
from app.reports.formats.finding_screenshots import FindingScreenshots
from app.reports.formats.wording import assignment_cells, decision_text, moment_text

MAX_EVIDENCE: Final = 10
MAX_CHAINS: Final = 3
MAX_CAPTURES: Final = 3  # of the third party, and as many of our own pages
MAX_TERMS: Final = 20
_ASSIGNMENT: Final = ("report.assignee", "report.due_on", "report.comment")
TARGET_RULE: Final = "hidden_link.target"  # its term is the key of a kind of content, which the sentence names


class FindingSection:
    """Shows findings of one report. `extent` bounds the lists in it."""

    def __init__(self, contents: ReportContents, extent: Extent) -> None:
        self._contents = contents
        self._texts = contents.texts
        self._extent = extent
        self._screenshots = FindingScreenshots(contents, width=extent.picture_width)
        self.advised: set[Advice] = set()  # in all findings so far

    def blocks(self, finding_id: str, *, pictures: bool) -> Iterator[Block]:
        """Yield the finding: summary, advice, references, redirect path, evidence, captures, risk factors."""
        found = self._contents.finding(finding_id)
        level = found["risk"]["level"]
        yield Heading(f"{found['violation_name']} · {found['domain']}", 3, anchor_of(finding_id), level)
        yield Text(found["summary"])
        if found["needs_review"]:
            yield Text(self._texts("report.needs_review"), Tone.WARNING)
        yield Facts(self._facts(found))
        yield from self._advice(found["advice"])
        yield from self._references(found)
        yield from self._chains(found["chains"])
        yield from self._evidence(found["evidence"])
        yield from self._captures("report.captures", found["captures"])
        yield from self._captures("report.site_captures", found["site_captures"])
        if pictures:
            yield from self._screenshots.blocks(found["captures"], found["site_captures"])
        yield from self._risk(found["risk"])

    def _facts(self, found: Json) -> list[tuple[str, str]]:
        risk = found["risk"]
        rows = [
            (self._texts("report.risk"), f"{risk['level_name']} · {risk['score']} / 100"),
            (self._texts("report.confidence"), f"{found['confidence_score']:.0%}"),
            (self._texts("report.whose"), self._contents.named("author", found["author"])),
            (self._texts("report.hidden"), found["hidden_text"] or ""),
            (self._texts("report.via"), found["via"] or ""),
            (self._texts("report.found_at"), moment_text(found["found_at"])),
            (self._texts("report.decision"), decision_text(found["decision"], self._texts)),
            *zip(map(self._texts, _ASSIGNMENT), assignment_cells(found["assignment"]), strict=True),
        ]
        return [row for row in rows if row[1]]

    def _advice(self, steps: Sequence[Json]) -> Iterator[Block]:
        self.advised.update(Advice(step["code"]) for step in steps)
        yield Heading(self._texts("report.what_to_do"), 4)
        yield Items([step["text"] for step in steps], numbered=True)

    def _references(self, found: Json) -> Iterator[Block]:
        """The worst references, and those on the site's pages where other redirect paths start."""
        shown = found["references"][: self._extent.references]
        if not shown:
            return
        yield Heading(self._texts("report.where"), 4)
        for reference in shown:
            yield from self._place(reference, leads_to="report.leads_to")
        rest = found["reference_count"] - len(shown)
        if rest > 0:
            yield Text(self._texts("report.more_references", count=rest), Tone.NOTE)
        yield from self._origins(found["chains"][:MAX_CHAINS], {reference["reference_id"] for reference in shown})

    def _origins(self, chains: Sequence[Json], shown: set[int]) -> Iterator[Block]:
        """References on the site's pages to a third party, or to a URL of the site, that redirects."""
        for chain in chains:
            origin, page = chain["origin"], chain["linked_from"]
            if page is not None:
                yield Heading(self._texts("report.begins"), 4)
                rows = [
                    (self._texts("report.page"), page["page_url"]),
                    (self._texts("report.page_title"), page["page_title"]),
                    (self._texts("report.forwarder"), origin["page_url"]),
                ]
                yield Facts([row for row in rows if row[1]])
            elif origin["reference_id"] not in shown:
                shown.add(origin["reference_id"])
                yield Heading(self._texts("report.begins"), 4)
                yield from self._place(origin, leads_to="report.forwarder")

    def _place(self, reference: Json, *, leads_to: str) -> Iterator[Block]:
        yield Facts(self._reference(reference, leads_to))
        if reference["source"] is not None:
            yield Quote(reference["source"]["excerpt"])

    def _reference(self, reference: Json, leads_to: str) -> list[tuple[str, str]]:
        how = f"{reference['relation_name']} · {reference['kind_name']}"
        source = reference["source"]
        place = "" if source is None else self._texts("report.at", line=source["line"], offset=source["offset"])
        rows = [
            (self._texts("report.page"), reference["page_url"]),
            (self._texts("report.page_title"), reference["page_title"]),
            (self._texts(leads_to), reference["url"]),
            (self._texts("report.how"), how),
            (self._texts("report.loaded_by"), BETWEEN_URLS.join(reference["loaded_by"])),
            (self._texts("report.link_text"), reference["link_text"]),
            (self._texts("report.hidden"), reference["hidden_text"] or ""),
            (self._texts("report.whose"), reference["author_text"]),
            (self._texts("report.repeats"), str(reference["repeats"] or "")),
            (self._texts("report.dom_path"), reference["dom_path"] or ""),
            (self._texts("report.in_source"), place),
        ]
        return [row for row in rows if row[1]]

    def _chains(self, chains: Sequence[Json]) -> Iterator[Block]:
        if not chains:
            return
        yield Heading(self._texts("report.chain"), 4)
        columns = (
            Column("#", 1, is_number=True),
            Column(self._texts("report.step"), 4),
            Column(self._texts("report.address"), 12),
            Column(self._texts("report.answer"), 7),
        )
        for chain in chains[:MAX_CHAINS]:
            yield Table(columns, [self._step(number, step) for number, step in enumerate(chain["steps"], 1)])
            if not chain["complete"]:
                yield Text(self._texts("report.chain_open"), Tone.NOTE)

    def _step(self, number: int, step: Json) -> list[str]:
        how = step["how_name"] or self._texts("report.start")
        return [str(number), how, step["url"], step["answer_text"]]

    def _evidence(self, evidence: Sequence[Json]) -> Iterator[Block]:
        if not evidence:
            return
        yield Heading(self._texts("report.evidence"), 4)
        for item in evidence[:MAX_EVIDENCE]:
            rows = [
                (item["whose_name"], item["text"]),
                (self._texts("report.address"), item["url"] or ""),
                (self._texts("report.terms"), self._terms(item)),
                (self._texts("report.source"), item["source"]),
            ]
            yield Facts([row for row in rows if row[1]])
            if item["snippet"] and item["snippet"] != item["text"]:
                yield Quote(item["snippet"])

    def _terms(self, item: Json) -> str:
        terms = [] if item["rule"] == TARGET_RULE else item["terms"][:MAX_TERMS]
        return self._texts.join_terms(map(str, terms))

    def _captures(self, key: str, captures: Sequence[Json]) -> Iterator[Block]:
        if not captures:
            return
        yield Heading(self._texts(key), 4)
        for capture in captures[:MAX_CAPTURES]:
            yield Facts(self._capture(capture))

    def _capture(self, capture: Json) -> list[tuple[str, str]]:
        hashes = [
            (self._texts(f"report.sha256.{name}"), "" if capture[name] is None else capture[name]["sha256"])
            for name in ("html", "text", "screenshot")
        ]
        final = "" if capture["final_url"] == capture["url"] else capture["final_url"]
        error = "" if capture["error"] is None else self._contents.named("fetch_error", capture["error"])
        rows = [
            (self._texts("report.address"), capture["url"]),
            (self._texts("report.final_address"), final),
            (self._texts("report.answer"), " · ".join(filter(None, (str(capture["status"] or ""), error)))),
            (self._texts("report.page_title"), capture["title"]),
            (self._texts("report.captured_at"), moment_text(capture["captured_at"])),
            (self._texts("report.ip"), self._texts.join_terms(capture["addresses"])),
            (self._texts("report.certificate"), self._certificate(capture["certificate"])),
            *hashes,
        ]
        return [row for row in rows if row[1]]

    def _certificate(self, facts: Any) -> str:
        if facts is None:
            return ""
        state = self._texts("report.certificate_valid" if facts["valid"] else "report.certificate_invalid")
        until = self._texts("report.valid_until", time=moment_text(facts["not_after"]))
        parts = (facts["subject"], facts["issuer"], until, state, facts["error"])
        return self._texts.join_clauses(str(part) for part in parts if part)

    def _risk(self, risk: Json) -> Iterator[Block]:
        yield Heading(self._texts("report.why"), 4)
        columns = (Column(self._texts("report.reason"), 8), Column(self._texts("report.points"), 1, is_number=True))
        rows = [[reason["text"], f"{reason['points']:+}"] for reason in risk["reasons"] if reason["points"]]
        yield Table(columns, [*rows, [self._texts("report.sum", level=risk["level_name"]), str(risk["score"])]])


def anchor_of(finding_id: str) -> str:
    return f"finding-{finding_id}"
