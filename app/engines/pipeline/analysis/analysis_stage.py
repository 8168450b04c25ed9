"""Stage 5 as the pipeline sees it: what was captured is analysed at once, and again when more refers to it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final

from app.captures.port import ContentDamaged, ContentMissing, ContentsUnavailable
from app.domain.log_entry import LogEntry
from app.domain.messages import MessageCatalog
from app.domain.scan_facts import Capture, FetchError
from app.domain.tampering import PASSAGE_TRADES
from app.domain.violations import REVIEW_BELOW, Layer, ViolationFact, ViolationKey, violation_name
from app.engines.analyse.subject import Subject
from app.engines.analyse.wording import describe
from app.engines.capture.capturer import CapturedPage
from app.engines.capture.scan_contents import ScanContents
from app.engines.html.page_content import EMPTY
from app.engines.notices import UnreadableNotice
from app.engines.parsing.page_parser import PageParser
from app.engines.pipeline.analysis.known_looks import KnownLooks
from app.engines.pipeline.analysis.llm_review import LlmReview
from app.engines.pipeline.analysis.picture_texts import PictureTexts
from app.engines.pipeline.capture_selector import CaptureTarget
from app.engines.pipeline.third_party.third_parties import ThirdPartyIndex
from app.engines.ports import ScanSink, Unreadable
from app.engines.urls import host_of

_MODULE: Final = "ai_analysis"
_READ: Final = frozenset({Layer.TEXT, Layer.IMAGE, Layer.MODEL})  # what speaks of a page's words
OnViolations = Callable[[CaptureTarget, CapturedPage, Sequence[ViolationFact]], None]
OnFacts = Callable[[CaptureTarget, CapturedPage, Sequence[ViolationFact]], Awaitable[None]]


class AnalysisStage:
    """Knows what was analysed on which grounds."""

    def __init__(
        self,
        *,
        parser: PageParser,
        third_parties: ThirdPartyIndex,
        contents: ScanContents,
        sink: ScanSink,
        texts: MessageCatalog,
        notice: UnreadableNotice,
        is_own: Callable[[str], bool],
        on_violations: OnViolations,
        on_lost: Callable[[CaptureTarget], None],
        second: LlmReview,
        pictures: PictureTexts,
        looks: KnownLooks,
        before_report: OnFacts | None = None,
    ) -> None:
        """`before_report` is told the same as `on_violations`, and waited for before any of it is reported.

        `is_own`: whether a host is the target's. `on_violations` is told those of a page, also when they are known
        already; never none. `on_lost` is told of a page that is to be analysed again and whose source is not kept:
        it has to be captured again, and is analysed then.
        """
        self._parser = parser
        self._second = second
        self._pictures = pictures
        self._looks = looks
        self._notice = notice
        self._is_own = is_own
        self._on_violations = on_violations
        self._before_report = before_report
        self._on_lost = on_lost
        self._unreadable: set[str] = set()  # hashes of documents that exceed the limits of parsing and analysis
        self._third_parties = third_parties
        self._contents = contents
        self._sink = sink
        self._texts = texts
        self._captures: dict[CaptureTarget, Capture] = {}
        self._grounds: dict[CaptureTarget, tuple[int, int]] = {}  # (references, hidden ones) at the last analysis
        self._by_domain: dict[str, dict[CaptureTarget, None]] = {}
        # Violations that were new.
        self.violations = 0

    @property
    def done(self) -> int:
        """Pages analysed."""
        return len(self._grounds)

    def has_changed(self, target: CaptureTarget, capture: Capture) -> bool:
        """Whether the page says something else than when it was analysed."""
        known = self._captures.get(target)
        return known is None or (known.html_sha256, known.hops) != (capture.html_sha256, capture.hops)

    async def analyse(self, target: CaptureTarget, page: CapturedPage) -> None:
        """Analyses one capture and reports what is new. Raises ScanStopped."""
        self._captures[target] = page.capture
        self._looks.note(target, page)
        self._by_domain.setdefault(target.domain, {})[target] = None
        await self._analyse_and_report(target, page)

    async def read_picture(self, target: CaptureTarget, page: CapturedPage) -> None:
        """A page has its picture: where that says more than the page, it is analysed once more. Raises ScanStopped."""
        if target.evidence:
            return
        says_more = await self._pictures.read(page) or self._looks.known_look_of(target, page.capture)
        if says_more or self._second.wants_picture(page):
            await self.analyse(target, page)

    async def tell(self) -> None:
        """Say at the end what became of pictures. Raises ScanStopped."""
        await self._pictures.tell()

    async def analyse_domain_again(self, domain: str) -> None:
        """A hidden reference to a third party was found: what is captured of it looks different now."""
        for target in list(self._by_domain.get(domain, ())):
            await self._analyse_again(target)  # what is lost waits for `analyse_changed`

    def give_up(self) -> None:
        """The time is over: nothing more is asked of anybody."""
        self._looks.give_up()

    @property
    def icons_awaited(self) -> int:
        """Icons that `analyse_changed` waits for."""
        return self._looks.awaited

    async def analyse_changed(self) -> None:
        """Once all references and icons are known: everything of which more is known than at its analysis."""
        for target in await self._looks.settle():
            if not await self._analyse_again(target):
                self._on_lost(target)
        for target, grounds in list(self._grounds.items()):
            if grounds != self._grounds_of(target) and not await self._analyse_again(target):
                self._on_lost(target)

    def _grounds_of(self, target: CaptureTarget) -> tuple[int, int]:
        party = self._third_parties.party_of(target)
        return party.references, party.hidden

    async def _analyse_again(self, target: CaptureTarget) -> bool:
        """False: its source is not kept, and nothing was analysed."""
        page = await self.load(self._captures[target])
        if page is None:
            return False
        await self._analyse_and_report(target, page)
        return True

    async def _analyse_and_report(self, target: CaptureTarget, page: CapturedPage) -> None:
        self._grounds[target] = self._grounds_of(target)
        facts = await self._facts(target, page)
        if target.own:
            facts = [of_start_page(fact, target, self._is_own) for fact in facts if not is_weak_at_home(fact)]
        if facts:
            self._on_violations(target, page, facts)
            if self._before_report is not None:
                await self._before_report(target, page, facts)
        for found in facts:
            await self.report(found)

    async def judge(self, target: CaptureTarget, page: CapturedPage) -> Sequence[ViolationFact] | None:
        """Return what a page is accused of in a recheck, and report nothing of it.

        Rechecks have their own budgets. None: the page, or its picture, cannot be read, or not any more.
        """
        if page.capture.screenshot_sha256:
            await self._pictures.read(page, is_recheck=True)
            if not self._pictures.knows_all_of(page):
                return None
        facts = await self._facts(target, page, is_recheck=True)
        return None if page.capture.html_sha256 in self._unreadable else facts

    async def report(self, found: ViolationFact) -> None:
        """Describe a violation and tell it, unless it is known already. Raises ScanStopped."""
        fact = replace(found, description=describe(found, self._texts, on_site=self._is_own(found.domain)))
        if await self._sink.violation(fact):
            self.violations += 1
            await self._sink.log(LogEntry("INFO", _MODULE, self._line(fact)))

    def _line(self, fact: ViolationFact) -> str:
        name = violation_name(fact.violation_key, self._texts.language)
        return self._texts("violation_found", domain=fact.domain, name=name, confidence=fact.confidence_score)

    async def _facts(
        self, target: CaptureTarget, page: CapturedPage, *, is_recheck: bool = False
    ) -> Sequence[ViolationFact]:
        """Of what cannot be read only the address and the references are analysed, as far as these can be read."""
        party, references = self._third_parties.party_of(target), self._third_parties.references_of(target)
        icon, text = self._looks.own_icon_of(target), self._pictures.text_of(page.capture)
        known = (self._looks.known_look_of(target, page.capture), self._looks.known_icon_of(target))
        subject = Subject(page.capture, party, page.content, references, icon, text, *known)
        try:
            if page.capture.html_sha256 not in self._unreadable:
                found = await self._parser.analyse(subject)
                return await self._second.examine(subject, found, is_own=target.own, is_recheck=is_recheck)
        except Unreadable as failure:
            await self._note_unreadable(page.capture, failure)
        try:
            return await self._parser.analyse(replace(subject, page=EMPTY))
        except Unreadable:
            return ()

    async def load(self, capture: Capture) -> CapturedPage | None:
        """A page that was captured before, with what its stored document says. None: that is not kept, or damaged."""
        sha256 = capture.html_sha256
        if not sha256 or capture.error is FetchError.UNREADABLE or sha256 in self._unreadable:
            return CapturedPage(capture)
        try:
            html = await self._contents.get(sha256)
        except (ContentMissing, ContentDamaged, ContentsUnavailable):
            return None
        try:
            return CapturedPage(capture, await self._parser.document(html, charset=capture.charset))
        except Unreadable as failure:
            await self._note_unreadable(capture, failure)
            return CapturedPage(capture)

    async def _note_unreadable(self, capture: Capture, failure: Unreadable) -> None:
        self._unreadable.add(capture.html_sha256)
        await self._notice.tell(capture.url, failure.reason)


WEAK_BELOW: Final = 0.6  # of a start page whose own signs the crawl has judged as well


def is_weak_at_home(fact: ViolationFact) -> bool:
    """Whether all that is said of a start page of the site is that some of its words, of a class of which organisations
    warn, or beside others that speak against it, perhaps offer something: one weak sign is no finding.
    """
    if not all(item.layer is Layer.TEXT for item in fact.evidence):
        return False
    if fact.violation_key not in PASSAGE_TRADES:
        return fact.confidence_score < REVIEW_BELOW
    return fact.confidence_score < WEAK_BELOW and all(item.guards for item in fact.evidence)


def of_start_page(fact: ViolationFact, target: CaptureTarget, is_own: Callable[[str], bool]) -> ViolationFact:
    """A start page of the site that offers what a trade offers was tampered with, as the crawl says of other pages.

    So it is when its scripts lead away: then what is offered stands on a foreign page, which is judged by itself.
    """
    if fact.violation_key not in PASSAGE_TRADES or any(item.layer not in _READ for item in fact.evidence):
        return fact
    host = host_of(fact.url)
    if host and is_own(host):
        return replace(fact, violation_key=ViolationKey.TAMPERED, domain=host)
    return replace(fact, violation_key=ViolationKey.TAMPERED, domain=target.host, url=target.url)


def hashes_of(capture: Capture) -> tuple[str, str, str, str]:
    """Under which its contents lie; "" is none."""
    return capture.html_sha256, capture.text_sha256, capture.screenshot_sha256, capture.source_sha256
