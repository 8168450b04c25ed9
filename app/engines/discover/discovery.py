"""Stage 1: names from the dictionary, certificate logs and pages; resolved, freed of wildcards, asked for HTTP."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from app.domain.stages import StageKey
from app.engines.discover.brute import Bruter, ResolverHealth
from app.engines.discover.liveness import Liveness, Prober
from app.engines.discover.merge import NameBook
from app.engines.discover.names import valid_name
from app.engines.discover.pool import for_each
from app.engines.discover.ports import Fetcher, HostSlots, Lookup
from app.engines.discover.sources.base import Source, SourceFailed
from app.engines.discover.sources.crtsh import CrtSh
from app.engines.discover.wildcard import WildcardDetector, random_label
from app.engines.discover.words import load_words
from app.engines.model import DnsAnswer, DnsOutcome, HostFact, NetworkConfig, ScanConfig
from app.engines.phrases import Phrases
from app.engines.ports import ScanSink
from app.engines.scope import Scope

OnHost = Callable[[HostFact], Awaitable[None]]

MAX_NAMES: Final = 5_000  # of one source; what is beyond is left out and said
MAX_EXAMINED: Final = 16  # hosts asked for HTTP at the same time
MAX_ZONES: Final = 10  # zones below the target that get a dictionary of their own
ZONE_WORDS: Final = 100  # the most telling ones, for those zones
DICTIONARY: Final = "dictionary"
TARGET: Final = "target"
_MODULE: Final = StageKey.SUBDOMAIN_DISCOVERY.value


class Discovery:
    """Finds hosts. `run` once; `offer` at any time, also while `run` is under way and after it."""

    def __init__(
        self,
        *,
        scope: Scope,
        resolver: Lookup,
        client: Fetcher,
        sink: ScanSink,
        config: NetworkConfig,
        scan: ScanConfig,
        limits: HostSlots | None = None,
        words: Sequence[str] | None = None,
        sources: Sequence[Source] | None = None,
        label: Callable[[], str] = random_label,
        phrases: Phrases | None = None,
    ) -> None:
        """`phrases` None: warnings are in English."""
        self._scope = scope
        self._resolver = resolver
        self._client = client
        self._sink = sink
        self._say = phrases or Phrases("en")
        self._words = tuple(words) if words is not None else load_words()
        asked = sources if sources is not None else [CrtSh(base) for base in config.ct_urls]
        self._sources = tuple(asked) if scan.use_passive_sources else ()
        self._prober = Prober(client=client, limits=limits)
        self._wildcards = WildcardDetector(resolver=resolver, prober=self._prober, label=label)
        self._health = ResolverHealth()
        self._bruter = Bruter(resolver=resolver, health=self._health)
        self._book = NameBook()
        self._facts: dict[str, HostFact] = {}  # what `on_host` was told last, by name
        self._slots = asyncio.Semaphore(MAX_EXAMINED)
        self._label = label
        self._on_host: OnHost | None = None  # set by `run`
        self._early: list[tuple[str, str]] = []  # offered before `run`
        # Passive sources that gave no usable answer, by name.
        self.failed_sources: list[str] = []
        self._pending = 0  # names under examination
        self._is_through = False  # `run` has returned
        self._has_lost_names = False  # named hosts about which the resolver said nothing
        self._said_silence = False

    @property
    def is_settled(self) -> bool:
        """`run` is through and nothing is under examination: no host comes any more unless a name is offered."""
        return self._is_through and not self._pending

    @property
    def fraction(self) -> float:
        """How far `run` is, 0.0..1.0, by dictionary words."""
        return min(1.0, self._bruter.tried / max(1, len(self._words)))

    async def run(self, on_host: OnHost) -> None:
        """Calls `on_host` for every host as soon as it is known, the target first, and returns when all sources are
        through. A later call for the same name carries more sources and replaces the earlier one.

        Raises:
            ScanStopped: from the sink or from `on_host`, inside an exception group.
        """
        self._on_host = on_host
        await self.offer(self._scope.target_name, TARGET)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._check_resolver())
            for source in self._sources:
                group.create_task(self._ask(source))
            group.create_task(self._try_words())
            for name, named_by in self._early:
                group.create_task(self.offer(name, named_by))
        await self._try_zones()
        await self._say_silence()
        await self._tell_news()
        self._is_through = True

    async def offer(self, name: str, source: str) -> None:
        """A name met elsewhere: `source` says where ("page", "csp", "certificate"). Invalid and foreign names are
        ignored. Returns when the host was examined and `on_host` told; at once for a name that is or was examined,
        and before `run`, which examines it then.
        """
        valid = valid_name(name, self._scope)
        if valid is None:
            return
        if self._on_host is None:
            self._early.append((valid, source))
            return
        is_known = valid in self._book
        is_news = self._book.add(valid, source)
        if not is_known:
            await self._examine(valid)
        elif is_news and valid in self._facts and source != DICTIONARY:
            await self._tell(self._facts[valid])

    async def _check_resolver(self) -> None:
        """A name that cannot exist (RFC 6761). A resolver that answers it would make us find everything."""
        answer = await self._resolver.query(f"{self._label()}.invalid", "A")
        self._health.note(answer.outcome)
        if answer.outcome is DnsOutcome.ANSWER:
            await self._sink.warning("partial", self._say("resolver_invents"))

    async def _ask(self, source: Source) -> None:
        try:
            raw = await source.names(self._scope.target_name, self._client)
        except SourceFailed as failure:
            self.failed_sources.append(source.name)
            await self._log("WARNING", self._say("source_failed", source=source.name, reason=failure.reason))
            return
        names = list(dict.fromkeys(filter(None, (valid_name(name, self._scope) for name in raw))))
        await self._log("INFO", self._say("source_named", source=source.name, named=len(names)))
        if len(names) > MAX_NAMES:
            said = self._say("source_too_long", source=source.name, named=len(names), limit=MAX_NAMES)
            await self._sink.warning("partial", said)
        await for_each(names[:MAX_NAMES], lambda name: self.offer(name, source.name), workers=MAX_EXAMINED)

    async def _try_words(self) -> None:
        await self._bruter.run(self._scope.target_name, self._words, self._offer_word)
        await self._log("INFO", self._say("dictionary_tried", tried=self._bruter.tried))

    async def _try_zones(self) -> None:
        """Recursion depth 2: zones that are known to have names of their own."""
        for zone in self._book.parents(self._scope.target_name)[:MAX_ZONES]:
            await self._bruter.run(zone, self._words[:ZONE_WORDS], self._offer_word)

    async def _offer_word(self, name: str) -> None:
        await self.offer(name, DICTIONARY)

    async def _examine(self, name: str) -> None:
        self._pending += 1
        try:
            async with self._slots:
                fact = await self._look_at(name)
            if fact is None:
                self._book.forget(name)
            else:
                await self._tell(fact)
            if self._is_through and self._has_lost_names:
                await self._say_silence()
        finally:
            self._pending -= 1

    async def _look_at(self, name: str) -> HostFact | None:
        """None: the dictionary alone named it, and it does not exist or is only the wildcard."""
        answer = await self._resolve(name)
        if not answer.addresses:
            return None if self._is_guess(name) else HostFact(name, (), cnames=answer.cnames)
        noise = name != self._scope.target_name and await self._is_noise(name, answer)
        if noise and self._is_guess(name):
            return None
        return _fact(name, answer, await self._prober.probe(name, min(answer.addresses)), wildcard=noise)

    async def _resolve(self, name: str) -> DnsAnswer:
        """A lost answer is asked for again, unless the resolver is gone altogether."""
        answer = await self._resolver.resolve(name)
        self._health.note(answer.outcome)
        if answer.outcome is not DnsOutcome.UNREACHABLE or self._health.is_dead:
            return answer
        answer = await self._resolver.resolve(name)
        self._health.note(answer.outcome)
        if answer.outcome is DnsOutcome.UNREACHABLE and not self._is_guess(name):
            self._has_lost_names = True
        return answer

    def _is_guess(self, name: str) -> bool:
        """The dictionary alone named it, until now."""
        return self._book.sources(name) == (DICTIONARY,)

    async def _is_noise(self, name: str, answer: DnsAnswer) -> bool:
        wildcard = await self._wildcards.wildcard_for(name)
        return wildcard is not None and await self._wildcards.is_noise(name, answer, wildcard)

    async def _tell(self, fact: HostFact) -> None:
        """With the sources as they are now."""
        assert self._on_host is not None  # set before anything is examined
        told = HostFact(
            name=fact.name,
            sources=self._book.sources(fact.name),
            addresses=fact.addresses,
            cnames=fact.cnames,
            http_alive=fact.http_alive,
            https_alive=fact.https_alive,
            wildcard=fact.wildcard,
        )
        self._facts[fact.name] = told
        await self._on_host(told)

    async def _tell_news(self) -> None:
        """Hosts that more sources named after they were told."""
        for name, fact in list(self._facts.items()):
            if self._book.sources(name) != fact.sources:
                await self._tell(fact)
        for zone in self._wildcards.zones:
            await self._log("INFO", self._say("wildcard", zone=zone))

    async def _say_silence(self) -> None:
        if self._said_silence:
            return
        self._said_silence = self._health.is_silent or self._has_lost_names
        if self._health.is_silent:
            await self._sink.warning("partial", self._say("resolver_silent"))
        elif self._has_lost_names:
            await self._sink.warning("partial", self._say("resolver_gaps"))
        elif self._health.unanswered:
            await self._log("WARNING", self._say("dns_unanswered", count=self._health.unanswered))

    async def _log(self, level: str, message: str) -> None:
        await self._sink.log(level, _MODULE, message)


def _fact(name: str, answer: DnsAnswer, pages: Liveness, *, wildcard: bool) -> HostFact:
    return HostFact(
        name=name,
        sources=(),
        addresses=answer.addresses,
        cnames=answer.cnames,
        http_alive=pages.http is not None,
        https_alive=pages.https is not None,
        wildcard=wildcard,
    )
