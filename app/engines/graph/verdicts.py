"""Stage 5 as the graph sees it: what was captured is judged at once, and again when more refers to it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Protocol

from app.domain.violations import violation_name
from app.engines.analyse.subject import Subject
from app.engines.capture.store import ContentDamaged, ContentMissing, ContentStore
from app.engines.graph.parties import Parties
from app.engines.graph.targets import Target
from app.engines.model import Capture, ViolationFact
from app.engines.notices import UnreadableNotice
from app.engines.phrases import Phrases
from app.engines.ports import ScanSink, Unreadable

_MODULE: Final = "ai_analysis"


class Analyser(Protocol):
    """Judges one subject. Raises `Unreadable`."""

    async def analyse(self, subject: Subject, html: bytes) -> Sequence[ViolationFact]:
        """`html` as it came, instead of the subject's own."""
        ...


class Verdicts:
    """Knows what was analysed on which grounds."""

    def __init__(
        self,
        *,
        analyser: Analyser,
        parties: Parties,
        contents: ContentStore,
        sink: ScanSink,
        phrases: Phrases,
        notice: UnreadableNotice,
    ) -> None:
        self._analyser = analyser
        self._notice = notice
        self._unreadable: set[tuple[str, str]] = set()  # (HTML, text) whose analysis broke its limits
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
        facts = await self._analyse(target, capture)
        for fact in facts:
            if await self._sink.violation(fact):
                self.violations += 1
                name = violation_name(fact.key, self._phrases.language)
                line = self._phrases("violation_found", domain=fact.domain, name=name, confidence=fact.confidence)
                await self._sink.log("WARNING", _MODULE, line)
        return bool(facts)

    async def _analyse(self, target: Target, capture: Capture) -> Sequence[ViolationFact]:
        """Of what cannot be read only the address and the references are judged, as far as these can be read."""
        subject = Subject(
            capture=capture,
            third_party=self._parties.party_of(target),
            references=self._parties.references_of(target),
        )
        content = capture.html_sha256, capture.text_sha256
        try:
            if content not in self._unreadable:
                full = replace(subject, capture=self.with_text(capture))
                return await self._analyser.analyse(full, self._content(capture.html_sha256))
        except Unreadable as failure:
            self._unreadable.add(content)
            await self._notice.tell(capture.url, failure.reason)
        try:
            return await self._analyser.analyse(subject, b"")
        except Unreadable:
            return ()

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


def hashes_of(capture: Capture) -> tuple[str, str, str]:
    """Under which its contents lie; "" is none."""
    return capture.html_sha256, capture.text_sha256, capture.screenshot_sha256
