"""Stage 5 as the graph sees it: what was captured is judged at once, and again when more refers to it."""

from dataclasses import replace
from typing import Final

from app.domain.violations import violation_name
from app.engines.analyse.analyser import Analyser
from app.engines.analyse.subject import Subject
from app.engines.capture.store import ContentDamaged, ContentMissing, ContentStore
from app.engines.extract.charset import decode
from app.engines.graph.parties import Parties
from app.engines.graph.targets import Target
from app.engines.model import Capture
from app.engines.phrases import Phrases
from app.engines.ports import ScanSink

_MODULE: Final = "ai_analysis"


class Verdicts:
    """Knows what was analysed on which grounds."""

    def __init__(
        self, *, analyser: Analyser, parties: Parties, contents: ContentStore, sink: ScanSink, phrases: Phrases
    ) -> None:
        self._analyser = analyser
        self._parties = parties
        self._contents = contents
        self._sink = sink
        self._phrases = phrases
        self._captures: dict[Target, Capture] = {}  # without their texts
        self._grounds: dict[Target, tuple[int, int]] = {}  # (references, hidden ones) at the last analysis
        self._by_domain: dict[str, dict[Target, None]] = {}
        # Violations that were new.
        self.violations = 0

    @property
    def done(self) -> int:
        """Pages analysed."""
        return len(self._grounds)

    def is_news(self, target: Target, capture: Capture) -> bool:
        """Whether the page says something else than when it was judged."""
        known = self._captures.get(target)
        return known is None or (known.html_sha256, known.hops) != (capture.html_sha256, capture.hops)

    async def judge(self, target: Target, capture: Capture) -> bool:
        """Analyses one capture and reports what is new; whether there is any violation. Raises ScanStopped."""
        self._captures[target] = without_text(capture)
        self._by_domain.setdefault(target.domain, {})[target] = None
        return await self._judge(target)

    async def judge_hidden(self, domain: str) -> None:
        """A hidden reference to a third party was found: what is captured of it looks different now."""
        for target in list(self._by_domain.get(domain, ())):
            await self._judge(target)

    async def judge_changed(self) -> None:
        """Once all references are known: everything that more refers to than at its analysis."""
        for target, grounds in list(self._grounds.items()):
            if grounds != self._grounds_of(target):
                await self._judge(target)

    def _grounds_of(self, target: Target) -> tuple[int, int]:
        party = self._parties.party_of(target)
        return party.references, party.hidden

    async def _judge(self, target: Target) -> bool:
        self._grounds[target] = self._grounds_of(target)
        capture = self._captures[target]
        subject = Subject(
            capture=self.with_text(capture),
            third_party=self._parties.party_of(target),
            html=decode(self._content(capture.html_sha256), "")[0] if capture.html_sha256 else "",
            references=self._parties.references_of(target),
        )
        facts = self._analyser.analyse(subject)
        for fact in facts:
            if await self._sink.violation(fact):
                self.violations += 1
                name = violation_name(fact.key, self._phrases.language)
                line = self._phrases("violation_found", domain=fact.domain, name=name, confidence=fact.confidence)
                await self._sink.log("WARNING", _MODULE, line)
        return bool(facts)

    def with_text(self, capture: Capture) -> Capture:
        """The capture as it was before `without_text`."""
        return replace(capture, text=self._content(capture.text_sha256).decode(errors="replace"))

    def _content(self, sha256: str) -> bytes:
        """The content-addressed store may have lost a file (a full disk): what is left is judged then."""
        if not sha256:
            return b""
        try:
            return self._contents.get(sha256)
        except (ContentMissing, ContentDamaged):
            return b""


def without_text(capture: Capture) -> Capture:
    """As it is remembered, in memory and in the scan's store: the text lies under `text_sha256`, once."""
    return replace(capture, text="")
