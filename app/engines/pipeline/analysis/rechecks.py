"""Rechecks: what the scan before has not found on a third party's page is captured and judged once more, at least a
minute later, before the scan ends (ADR 0078).

Nothing is remembered but in the sink and in the store: a scan that goes on from its checkpoint analyses its captures
again, asks the sink which of their findings still await it, and knows from each capture when it is due.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final, Protocol

from app.domain.log_entry import LogEntry
from app.domain.messages import MessageCatalog
from app.domain.rechecks import Recheck, RecheckOutcome
from app.domain.scan_facts import Capture
from app.domain.stages import StageKey
from app.domain.violations import Layer, ViolationFact, ViolationKey, violation_name
from app.engines.capture.capturer import OK_STATUSES, CapturedPage
from app.engines.model import RecheckConfig
from app.engines.pipeline.capture_selector import CaptureTarget
from app.engines.pipeline.work_queue import WorkQueue
from app.engines.ports import ScanSink, ScanStore

MAX_RECHECKS: Final = 50  # of one scan; what is beyond is told at once
WORKERS: Final = 8
WAIT_S: Final = 120.0  # how long a scan whose other work is done waits for them, after the pause
REFUTED: Final = "rechecks_refuted"  # checkpoint: when which pages no longer showed it, and whether a browser looked
# What no other capture of the page can refute: a link of the site, a service where a name is free.
_NOT_SHOWN: Final = frozenset({ViolationKey.HIDDEN_LINK, ViolationKey.TAKEOVER, ViolationKey.TAMPERED})

Accusation = tuple[str, str]  # domain and kind of a violation
Judge = Callable[[CaptureTarget, CapturedPage], Awaitable[Sequence[ViolationFact] | None]]


class Captures(Protocol):
    """`pipeline.capture.capture_stage.CaptureStage`."""

    async def look_again(self, target: CaptureTarget) -> CapturedPage: ...

    async def render_again(self, page: CapturedPage) -> CapturedPage | None: ...


class Rechecks:
    """`note` what pages are accused of before that is reported, `run` once, `finish` when nothing else is left."""

    def __init__(
        self,
        *,
        config: RecheckConfig | None,
        captures: Captures,
        store: ScanStore,
        sink: ScanSink,
        texts: MessageCatalog,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`config` None: there is no scan before, and nothing ever happens. `now` is that of captures."""
        self._config = config
        self._captures = captures
        self._store = store
        self._sink = sink
        self._texts = texts
        self._now = now
        self._outcomes: dict[Accusation, RecheckOutcome] = {}  # of rechecks that have ended, or were never begun
        self._awaiting: dict[Accusation, dict[CaptureTarget, tuple[CapturedPage, ViolationFact]]] = {}
        self._certain: set[Accusation] = set()  # no other capture refutes them
        self._refuted: dict[str, tuple[float, dict[str, bool]]] = store.checkpoint(REFUTED) or {}
        self._queue: WorkQueue[Accusation] = WorkQueue()
        self._is_over = asyncio.Event()

    @property
    def awaited(self) -> int:
        """Findings that are to be captured once more."""
        return len(self._awaiting)

    async def note(self, target: CaptureTarget, page: CapturedPage, facts: Sequence[ViolationFact]) -> None:
        """Take what a page is accused of. Raises ScanStopped."""
        if self._config is None or target.own:
            return
        for fact in facts:
            accusation = _accusation(fact)
            if fact.violation_key in _NOT_SHOWN or accusation in self._config.known or accusation in self._certain:
                continue
            if _is_listed(fact):
                self._certain.add(accusation)
                if self._awaiting.pop(accusation, None) is not None:
                    self._outcomes[accusation] = RecheckOutcome.DROPPED_LISTED
                await self._sink.recheck(*_key(fact), Recheck.UPHELD)
            elif accusation in self._awaiting:
                self._awaiting[accusation][target] = (page, fact)
            else:
                await self._note_new(accusation, target, page, fact)

    async def _note_new(
        self, accusation: Accusation, target: CaptureTarget, page: CapturedPage, fact: ViolationFact
    ) -> None:
        if _name(accusation) in self._refuted:
            # What was refuted then stays so; what is back, or was never looked at again, is told.
            was_refuted = self._was_refuted(accusation, target, page, fact)
            state = Recheck.NOT_CONFIRMED if was_refuted else Recheck.UPHELD
            # Of an earlier attempt of the run, which did not come to its end.
            outcome = RecheckOutcome.NOT_CONFIRMED if was_refuted else RecheckOutcome.CONFIRMED
            self._outcomes.setdefault(accusation, outcome)
            await self._sink.recheck(*_key(fact), state)
            return
        if self._queue.total >= MAX_RECHECKS or self._is_over.is_set():
            is_over = self._is_over.is_set()
            outcome = RecheckOutcome.DROPPED_TIMEOUT if is_over else RecheckOutcome.DROPPED_LIMIT
            self._outcomes.setdefault(accusation, outcome)
            return  # it counts at once
        if await self._sink.recheck(*_key(fact), Recheck.AWAITED) and accusation not in self._certain:
            is_new = accusation not in self._awaiting
            self._awaiting.setdefault(accusation, {})[target] = (page, fact)
            if is_new:
                self._queue.add([accusation])

    def _was_refuted(
        self, accusation: Accusation, target: CaptureTarget, page: CapturedPage, fact: ViolationFact
    ) -> bool:
        refuted_at, looked_at = self._refuted[_name(accusation)]
        with_browser = looked_at.get(target.url)
        if with_browser is None or (needs_browser(page, fact) and not with_browser):
            return False
        return self._captured_at(page) <= refuted_at

    def give_up(self) -> None:
        """The time is over: what waits counts as it is."""
        self._is_over.set()
        self._queue.give_up()

    async def run(self, judge: Judge) -> None:
        """Recheck what is due, until it is closed by `finish`. Raises ScanStopped."""
        await self._queue.work(lambda accusation: self._recheck(accusation, judge), workers=WORKERS)

    async def finish(self) -> None:
        """Wait for what is left; after WAIT_S no more of it is begun."""
        self._queue.close()
        with suppress(TimeoutError):
            async with asyncio.timeout((self._config.after_s if self._config else 0.0) + WAIT_S):
                await self._queue.drained()
        self.give_up()

    async def _recheck(self, accusation: Accusation, judge: Judge) -> None:
        await self._pause(accusation)
        began_at, looked_at = self._now(), dict[CaptureTarget, tuple[bool | None, bool]]()
        while not self._is_over.is_set() and all(answer is not True for answer, _ in looked_at.values()):
            accusing = self._awaiting.get(accusation, {})
            if self._was_seen_apart(page for page, _ in accusing.values()):
                break
            target = next((target for target in accusing if target not in looked_at), None)
            if target is None:
                break
            page, fact = accusing[target]
            answer = await self._is_accused(accusation, target, page, fact, judge)
            looked_at[target] = (answer, needs_browser(page, fact))
        found = self._awaiting.pop(accusation, None)
        if found is None:  # meanwhile it was found to be certain
            return
        fact = next(fact for _, fact in found.values())
        seen_apart = self._was_seen_apart(page for page, _ in found.values())
        # A page that a browser accuses by now was looked at without one: that says nothing.
        answers = (
            [True]
            if seen_apart
            else [
                answer if with_browser or not needs_browser(*found[target]) else None
                for target, (answer, with_browser) in looked_at.items()
            ]
        )
        is_refuted = bool(answers) and not self._is_over.is_set() and all(answer is False for answer in answers)
        if is_refuted:
            looks = {target.url: with_browser for target, (_, with_browser) in looked_at.items()}
            self._refuted[_name(accusation)] = (began_at, looks)
            self._store.put_checkpoint(REFUTED, self._refuted)
        await self._sink.recheck(*_key(fact), Recheck.NOT_CONFIRMED if is_refuted else Recheck.UPHELD)
        self._outcomes[accusation] = self._outcome(answers, is_refuted=is_refuted)
        await self._tell(fact, answers, is_refuted=is_refuted)

    def _outcome(self, answers: Sequence[bool | None], *, is_refuted: bool) -> RecheckOutcome:
        if is_refuted:
            return RecheckOutcome.NOT_CONFIRMED
        if True in answers:
            return RecheckOutcome.CONFIRMED
        return RecheckOutcome.DROPPED_TIMEOUT if self._is_over.is_set() else RecheckOutcome.FAILED

    @property
    def ended(self) -> Mapping[RecheckOutcome, int]:
        """How many rechecks have ended how, when `run` has returned."""
        return Counter(self._outcomes.values()) + Counter({RecheckOutcome.DROPPED_TIMEOUT: len(self._awaiting)})

    async def _pause(self, accusation: Accusation) -> None:
        """Until the first capture that accuses it is old enough. A clock that was set cannot make that longer."""
        assert self._config is not None  # else nothing waits
        captured_at = max(
            (self._captured_at(page) for page, _ in self._awaiting.get(accusation, {}).values()), default=0.0
        )
        left_s = min(self._config.after_s, captured_at + self._config.after_s - self._now())
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, left_s)):
                await self._is_over.wait()

    async def _is_accused(
        self, accusation: Accusation, target: CaptureTarget, page: CapturedPage, fact: ViolationFact, judge: Judge
    ) -> bool | None:
        """Return whether the page is accused again; None: it cannot be told, for it could not be seen as before."""
        again = await self._captures.look_again(target)
        if not is_answer(again.capture):
            return None
        # Whose the domain is stays known.
        again = replace(again, capture=replace(again.capture, registration=page.capture.registration))
        facts = await judge(target, again)
        if facts is not None and needs_browser(page, fact) and accusation not in map(_accusation, facts):
            rendered = await self._captures.render_again(again)
            if rendered is None or not rendered.capture.screenshot_sha256:
                return None
            facts = await judge(target, rendered)
        if facts is None:
            return None
        if accusation in map(_accusation, facts):
            return True
        return None if all(item.layer is Layer.MODEL for item in fact.evidence) else False

    async def _tell(self, fact: ViolationFact, answers: Sequence[bool | None], *, is_refuted: bool) -> None:
        said = "recheck_not_confirmed" if is_refuted else "recheck_confirmed" if True in answers else "recheck_failed"
        name = violation_name(fact.violation_key, self._texts.language)
        message = self._texts(said, domain=fact.domain, name=name)
        await self._sink.log(LogEntry("INFO", StageKey.AI_ANALYSIS.value, message))

    def _was_seen_apart(self, pages: Iterable[CapturedPage]) -> bool:
        """Whether two pages are accused of the same that were captured as far apart as a page and its recheck."""
        times = [self._captured_at(page) for page in pages]
        apart_s = max(times) - min(times) if times else 0.0
        return apart_s > 0 and self._config is not None and apart_s >= self._config.after_s

    def _captured_at(self, page: CapturedPage) -> float:
        return page.capture.captured_at or self._now()


def _is_listed(fact: ViolationFact) -> bool:
    return any(item.layer is Layer.REPUTATION for item in fact.evidence)


def is_answer(capture: Capture) -> bool:
    """Whether a page answered with content: not with an error, a challenge, or a page that says that it is away."""
    return capture.error is None and capture.status in OK_STATUSES and capture.page_class == "content"


def needs_browser(page: CapturedPage, fact: ViolationFact) -> bool:
    """Whether a page was accused for what a browser alone has shown."""
    return bool(page.capture.source_sha256) or any(item.layer is Layer.IMAGE for item in fact.evidence)


def _accusation(fact: ViolationFact) -> Accusation:
    return fact.domain, fact.violation_key.value


def _key(fact: ViolationFact) -> tuple[str, ViolationKey]:
    return fact.domain, fact.violation_key


def _name(accusation: Accusation) -> str:
    return " ".join(accusation)
