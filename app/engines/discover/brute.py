"""Trying a dictionary below a zone."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from app.engines.discover.pool import for_each
from app.engines.discover.ports import Lookup
from app.engines.model import DnsOutcome

WORKERS: Final = 64  # questions under way; a public resolver answers that without dropping
MAX_SILENT: Final = 24  # questions in a row without any answer: the resolver is gone, not the names


class ResolverHealth:
    """Whether the resolver answers at all. Silence for one name may be that name's servers; for many it is ours."""

    def __init__(self) -> None:
        self._silent = 0  # in a row
        self._answered = False
        # Set for good once the resolver stayed silent too often.
        self.is_dead = False
        # How many questions got no answer, over the whole scan.
        self.unanswered = 0

    def note(self, outcome: DnsOutcome) -> None:
        """Every lookup's outcome goes through here."""
        if outcome is not DnsOutcome.UNREACHABLE:
            self._silent = 0
            self._answered = True
            return
        self._silent += 1
        self.unanswered += 1
        self.is_dead = self.is_dead or self._silent >= MAX_SILENT

    @property
    def is_silent(self) -> bool:
        """At the end: it died, or never answered the few questions there were."""
        return self.is_dead or (self.unanswered > 0 and not self._answered)


class Bruter:
    """Asks for `word.zone` for many words. Only what exists is handed on."""

    def __init__(self, *, resolver: Lookup, health: ResolverHealth) -> None:
        self._resolver = resolver
        self._health = health
        # Names asked for, over all zones.
        self.tried = 0

    async def run(self, zone: str, words: Iterable[str], on_name: Callable[[str], Awaitable[None]]) -> None:
        """`on_name` is called for each name that exists (any record, or an empty non-terminal)."""

        async def attempt(word: str) -> None:
            name = f"{word}.{zone}"
            if not self._health.is_dead and await self._exists(name):
                await on_name(name)

        await for_each(words, attempt, workers=WORKERS)

    async def _exists(self, name: str) -> bool:
        """One question is enough: NXDOMAIN holds for every type."""
        self.tried += 1
        answer = await self._resolver.query(name, "A")
        self._health.note(answer.outcome)
        return answer.outcome in (DnsOutcome.ANSWER, DnsOutcome.NODATA)
