"""The captures behind the findings of a report, each once with its hashes, in the order of the findings."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from app.core.json_chunks import Json
from app.domain.messages import MessageCatalog
from app.reports.formats.blocks import Block, Column, Table, Text, Tone
from app.reports.formats.contents import ReportContents
from app.reports.formats.measures import ranges_text
from app.reports.formats.wording import moment_text

MAX_CAPTURES: Final = 3  # of a finding's third party, and as many of our own pages
_HASHES: Final = ("source", "html", "text", "screenshot")


class CaptureRegister:
    """`add` while findings are shown, `blocks` at the end."""

    def __init__(self, contents: ReportContents) -> None:
        self._named = contents.named
        self._texts: MessageCatalog = contents.texts
        self._captures: dict[tuple[str, str], tuple[Json, list[int]]] = {}
        self._left_out = 0

    def add(self, number: int, captures: Sequence[Json]) -> None:
        """Note captures of the finding with this number."""
        for capture in captures[:MAX_CAPTURES]:
            _, numbers = self._captures.setdefault((capture["url"], capture["captured_at"]), (capture, []))
            if number not in numbers:
                numbers.append(number)
        self._left_out += max(0, len(captures) - MAX_CAPTURES)

    def blocks(self) -> Iterator[Block]:
        if not self._captures:
            yield Text(self._texts("report.no_captures"))
            return
        yield Text(self._texts("report.captures_intro"))
        columns = (
            Column(self._texts("report.findings"), 14),
            Column(self._texts("report.capture"), 60, is_small=True),
            Column("SHA-256", 104, is_small=True),
        )
        yield Table(columns, [self._row(capture, numbers) for capture, numbers in self._captures.values()])
        if self._left_out:
            yield Text(self._texts("report.captures_left_out", count=self._left_out), Tone.NOTE)

    def _row(self, capture: Json, numbers: list[int]) -> list[str]:
        return [ranges_text(numbers, self._texts), self._capture(capture), self._hashes(capture)]

    def _capture(self, capture: Json) -> str:
        error = "" if capture["error"] is None else self._named("fetch_error", capture["error"])
        answer = " · ".join(filter(None, (str(capture["status"] or ""), error)))
        final = "" if capture["final_url"] == capture["url"] else f"→ {capture['final_url']}"
        addresses = self._texts.join_terms(capture["addresses"])
        lines = [
            capture["url"],
            final,
            " · ".join(filter(None, (moment_text(capture["captured_at"]), answer, addresses))),
            self._certificate(capture["certificate"]),
        ]
        return "\n".join(filter(None, lines))

    def _hashes(self, capture: Json) -> str:
        """Return a line for each content; the source and the page that was read are often one content."""
        told: dict[str, list[str]] = {}
        for name in _HASHES:
            if capture[name] is not None:
                told.setdefault(capture[name]["sha256"], []).append(self._texts(f"report.content.{name}"))
        lines = (f"{self._texts.join_terms(names)}: {digest}" for digest, names in told.items())
        return "\n".join(lines) or self._texts("report.nothing_kept")

    def _certificate(self, facts: Any) -> str:
        if facts is None:
            return ""
        state = self._texts("report.certificate_valid" if facts["valid"] else "report.certificate_invalid")
        until = self._texts("report.valid_until", time=moment_text(facts["not_after"]))
        parts = (facts["subject"], facts["issuer"], until, state, facts["error"])
        said = self._texts.join_clauses(str(part) for part in parts if part)
        return self._texts("labelled", what=self._texts("report.certificate"), text=said)
