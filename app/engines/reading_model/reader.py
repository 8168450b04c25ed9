"""Asks about excerpts, each once in a scan: with a budget, a few at a time, and not any more when nothing comes back.

Whatever goes wrong, there is simply no opinion: the rules' verdict stands, and the report counts why.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final, Protocol

from app.domain.reading import LeftOut, ReadingSummary, Void
from app.engines.model import ReadingModelConfig
from app.engines.ports import ScanStore
from app.engines.reading_model.answer import Opinion, VoidAnswer, read_answer
from app.engines.reading_model.asked_questions import AskedQuestions
from app.engines.reading_model.client import ModelFailure
from app.engines.reading_model.excerpt import Excerpt, question_key
from app.engines.reading_model.prompt import PROMPT_VERSION, request_body

TRIES: Final = 3  # of one question
PAUSE_S: Final = 1.0  # before the next one, when the server does not say how long
MAX_PAUSE_S: Final = 20.0  # a server that wants to be left alone for longer is asked no more about this page
MAX_FAILURES: Final = 4  # in a row: the endpoint is away, and each failure may take the whole time limit
MARKER_BYTES: Final = 12
# What says something about the endpoint, and not about one page.
_OUTAGE: Final = frozenset({Void.RATE_LIMITED, Void.SERVER_ERROR, Void.REFUSED, Void.TIMEOUT, Void.UNREACHABLE})


PictureOf = Callable[[str], Awaitable[str | None]]  # a screenshot by its hash: a JPEG in base64; None: not at hand


class Completer(Protocol):
    """What sends a chat completion; see `client.ModelClient`."""

    async def complete(self, body: dict[str, object]) -> str: ...


class PageReader:
    """One for a scan's attempt."""

    def __init__(
        self,
        *,
        config: ReadingModelConfig,
        client: Completer,
        store: ScanStore,
        left_s: Callable[[], float],
        picture_of: PictureOf | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        make_marker: Callable[[], str] = lambda: secrets.token_hex(MARKER_BYTES),
    ) -> None:
        """`left_s`: seconds that are left of the scan's time; `picture_of`: where pictures come from; None: nowhere."""
        self._picture_of = picture_of if config.reads_pictures else None
        self._config = config
        self._client = client
        self._left_s = left_s
        self._sleep = sleep
        self._make_marker = make_marker
        self._asked = AskedQuestions(
            store=store, budget=config.budget, model=config.name, prompt_version=PROMPT_VERSION
        )
        self._turns = asyncio.Semaphore(config.concurrency)
        self._locks: dict[str, asyncio.Lock] = {}  # of questions that are being asked
        self._left_out: dict[str, LeftOut] = {}  # questions of this attempt
        self._effects: dict[str, str] = {}  # of the opinions, by question
        self._failures = 0  # in a row

    @property
    def reads_pictures(self) -> bool:
        """Whether the model is shown screenshots."""
        return self._picture_of is not None

    async def ask(self, excerpt: Excerpt, *, share: float = 1.0, is_recheck: bool = False) -> Opinion | None:
        """Return the model's opinion of a page; None when there is none.

        `share`: this one is asked only while so much of the budget is not used up. `is_recheck`: of a page that was
        judged before, so nothing is left out when it is not asked.
        """
        key = self._key(excerpt)
        async with self._locks.setdefault(key, asyncio.Lock()):
            if self._asked.is_known(key):
                return self._asked.opinion(key)
            async with self._turns:
                reason = self._refusal(share)
                if reason is not None:
                    if not is_recheck:
                        self._left_out[key] = reason
                    return None
                self._left_out.pop(key, None)
                return await self._ask(key, excerpt)

    def note_effect(self, excerpt: Excerpt, effect: str) -> None:
        """Remember for the report what the opinion of an excerpt changed; the last one counts."""
        self._effects[self._key(excerpt)] = effect

    def _key(self, excerpt: Excerpt) -> str:
        asked = excerpt if self._picture_of is not None else replace(excerpt, picture="")
        return question_key(asked, model=self._config.name, prompt_version=PROMPT_VERSION)

    def conclude(self) -> None:
        """Put into the store what the report says."""
        self._asked.conclude(Counter(self._left_out.values()), Counter(self._effects.values()))

    def summary(self) -> ReadingSummary:
        """Return what the report says, as it was concluded last."""
        return self._asked.summary()

    def _refusal(self, share: float) -> LeftOut | None:
        if self._failures >= MAX_FAILURES:
            return LeftOut.SILENT
        if self._left_s() <= 0:
            return LeftOut.TIME
        kept = int(self._config.budget * (1 - share))
        return LeftOut.BUDGET if self._asked.requests_left <= kept else None

    async def _ask(self, key: str, excerpt: Excerpt) -> Opinion | None:
        try:
            content = await self._complete(key, excerpt)
            opinion = read_answer(content, excerpt, model=self._config.name, prompt_version=PROMPT_VERSION)
        except (ModelFailure, VoidAnswer) as failure:
            self._failures = self._failures + 1 if failure.reason in _OUTAGE else 0
            self._asked.void(key, failure.reason)
            return None
        self._failures = 0
        self._asked.answer(key, opinion)
        return opinion

    async def _complete(self, key: str, excerpt: Excerpt) -> str:
        """Send it, and send it again where that may help; each time is a request of the budget."""
        picture = await self._picture_of(excerpt.picture) if self._picture_of is not None and excerpt.picture else None
        for turn in range(1, TRIES + 1):
            self._asked.begin(key)
            body = request_body(excerpt, model=self._config.name, marker=self._make_marker(), picture=picture)
            try:
                return await self._client.complete(body)
            except ModelFailure as failure:
                pause_s = PAUSE_S * turn if failure.retry_after_s is None else failure.retry_after_s
                is_last = turn == TRIES or not self._asked.requests_left
                if is_last or not failure.may_pass or pause_s > min(MAX_PAUSE_S, self._left_s()):
                    raise
            await self._sleep(pause_s)
        raise AssertionError("the last try has raised")
