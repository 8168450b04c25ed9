"""Trying a dictionary (`word_patterns.py`) below a zone, or whole names."""

import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from app.domain.scan_facts import DnsOutcome
from app.engines.discover.pool import for_each
from app.engines.net.resolver import Resolver

WORKERS: Final = 64  # questions under way; a public resolver answers that without dropping
MAX_UNANSWERED: Final = 24  # questions in a row without any answer: the resolver is gone, not the names
PAUSE_S: Final = 30.0  # then it is asked again: name servers are restarted, and limits of questions end


class ResolverHealth:
    """Knows whether the resolver answers at all. One name without an answer is its servers' fault, many are ours."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._unanswered_in_a_row = 0
        self._answered = False
        self._asked_again_at = 0.0  # valid once too many questions in a row got no answer
        # How many questions got no answer, over the whole scan.
        self.unanswered = 0

    @property
    def is_dead(self) -> bool:
        """Whether it is not to be asked now: too many questions in a row got no answer, the last one not long ago."""
        return self._is_silent and self._monotonic() < self._asked_again_at

    @property
    def _is_silent(self) -> bool:
        return self._unanswered_in_a_row >= MAX_UNANSWERED

    def note(self, outcome: DnsOutcome) -> None:
        """Note the outcome of a lookup; each goes through here."""
        if outcome is DnsOutcome.BLOCKED:
            return  # nobody was asked
        if outcome is not DnsOutcome.UNREACHABLE:
            self._unanswered_in_a_row = 0
            self._answered = True
            return
        self._unanswered_in_a_row += 1
        self.unanswered += 1
        if self._is_silent:
            self._asked_again_at = self._monotonic() + PAUSE_S

    @property
    def is_unresponsive(self) -> bool:
        """Whether, at the end, it was silent or never answered the few questions there were."""
        return self._is_silent or (self.unanswered > 0 and not self._answered)


class DictionaryProber:
    """Asks for `word.zone` for many words. Only what exists is handed on."""

    def __init__(self, *, resolver: Resolver, health: ResolverHealth) -> None:
        self._resolver = resolver
        self._health = health
        # Names asked for, over all zones.
        self.tried = 0
        # Names that exist and have no address, in the order of finding: below some there are others, for sure
        # where it is an empty non-terminal.
        self.empty: list[str] = []

    async def run(self, zone: str, words: Iterable[str], on_name: Callable[[str], Awaitable[None]]) -> None:
        """Try the words; `on_name` is called for each name that exists (any record, or an empty non-terminal)."""
        await self.run_names((f"{word}.{zone}" for word in words), on_name)

    async def run_names(self, names: Iterable[str], on_name: Callable[[str], Awaitable[None]]) -> None:
        """The same for whole names."""

        async def attempt(name: str) -> None:
            if not self._health.is_dead and await self._exists(name):
                await on_name(name)

        await for_each(names, attempt, workers=WORKERS)

    async def _exists(self, name: str) -> bool:
        """Whether the name exists. One question is enough: NXDOMAIN holds for every type."""
        self.tried += 1
        answer = await self._resolver.query(name, "A")
        self._health.note(answer.outcome)
        if answer.outcome is DnsOutcome.NODATA:
            self.empty.append(name)
        return answer.outcome in (DnsOutcome.ANSWER, DnsOutcome.NODATA)
