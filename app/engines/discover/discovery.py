"""Stage 1: names from the dictionary, certificate logs and pages; resolved, freed of wildcards, asked for HTTP."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from app.domain.log_entry import LogEntry, LogLevel
from app.domain.messages import FOREIGN_LANGUAGE, MessageCatalog
from app.domain.stages import StageKey
from app.engines.discover.dictionary import DictionaryProber, ResolverHealth, load_words
from app.engines.discover.hostnames import HostnameIndex, valid_name
from app.engines.discover.liveness import Liveness, LivenessProber
from app.engines.discover.pool import for_each
from app.engines.discover.sources import Source, SourceFailed
from app.engines.discover.sources.registry import configured_sources
from app.engines.discover.wildcard import WildcardDetector, random_label
from app.engines.model import DnsAnswer, DnsOutcome, HostFact, NetworkConfig, ScanConfig
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher
from app.engines.net.resolver import Resolver
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
        resolver: Resolver,
        fetcher: RateLimitedFetcher,
        sink: ScanSink,
        config: NetworkConfig,
        scan: ScanConfig,
        words: Sequence[str] | None = None,
        sources: Sequence[Source] | None = None,
        label: Callable[[], str] = random_label,
        texts: MessageCatalog | None = None,
    ) -> None:
        """`texts` None: warnings are in English."""
        self._scope = scope
        self._resolver = resolver
        self._fetcher = fetcher
        self._sink = sink
        self._texts = texts or MessageCatalog(FOREIGN_LANGUAGE)
        self._words = tuple(words) if words is not None else load_words()
        asked = sources if sources is not None else configured_sources(config.passive_sources)
        self._sources = tuple(asked) if scan.use_passive_sources else ()
        self._prober = LivenessProber(fetcher)
        self._wildcards = WildcardDetector(resolver=resolver, prober=self._prober, label=label)
        self._health = ResolverHealth()
        self._dictionary = DictionaryProber(resolver=resolver, health=self._health)
        self._hostnames = HostnameIndex()
        self._facts: dict[str, HostFact] = {}  # what `on_host` got last, by name
        self._slots = asyncio.Semaphore(MAX_EXAMINED)
        self._label = label
        self._on_host: OnHost | None = None  # set by `run`
        self._early: list[tuple[str, str]] = []  # offered before `run`
        self._pending = 0  # names under examination
        self._is_finished = False  # `run` has returned
        self._has_lost_names = False  # named hosts about which the resolver said nothing
        self._resolver_reported = False

    @property
    def is_settled(self) -> bool:
        """Whether `run` has ended and nothing is examined: no host comes any more unless a name is offered."""
        return self._is_finished and not self._pending

    @property
    def fraction(self) -> float:
        """Estimate how far `run` is, 0.0..1.0, by dictionary words."""
        return min(1.0, self._dictionary.tried / max(1, len(self._words)))

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
        await self._report_resolver()
        await self._notify_changes()
        self._is_finished = True

    async def offer(self, name: str, source: str) -> None:
        """Take a name met elsewhere; `source` says where ("page", "certificate"). Invalid and foreign names are
        ignored. Returns when the host was examined and handed on; at once for a name that is or was examined,
        and before `run`, which examines it then.
        """
        valid = valid_name(name, self._scope)
        if valid is None:
            return
        if self._on_host is None:
            self._early.append((valid, source))
            return
        is_known = valid in self._hostnames
        is_news = self._hostnames.add(valid, source)
        if not is_known:
            await self._examine(valid)
        elif is_news and valid in self._facts and source != DICTIONARY:
            await self._notify(self._facts[valid])

    async def _check_resolver(self) -> None:
        """Ask for a name that cannot exist (RFC 6761): a resolver that answers it would make us find everything."""
        answer = await self._resolver.query(f"{self._label()}.invalid", "A")
        self._health.note(answer.outcome)
        if answer.outcome is DnsOutcome.ANSWER:
            await self._sink.warning("partial", self._texts("resolver_invents"))

    async def _ask(self, source: Source) -> None:
        try:
            raw = await source.names(self._scope.target_name, self._fetcher)
        except SourceFailed as failure:
            await self._log(
                "WARNING", self._texts("source_failed", source=source.name, reason=self._texts.adopt(failure.reason))
            )
            return
        names = list(dict.fromkeys(filter(None, (valid_name(name, self._scope) for name in raw))))
        await self._log("INFO", self._texts("source_named", source=source.name, named=len(names)))
        if len(names) > MAX_NAMES:
            said = self._texts("source_too_long", source=source.name, named=len(names), limit=MAX_NAMES)
            await self._sink.warning("partial", said)
        await for_each(names[:MAX_NAMES], lambda name: self.offer(name, source.name), workers=MAX_EXAMINED)

    async def _try_words(self) -> None:
        await self._dictionary.run(self._scope.target_name, self._words, self._offer_word)
        await self._log("INFO", self._texts("dictionary_tried", tried=self._dictionary.tried))

    async def _try_zones(self) -> None:
        """Try words below zones that are known to have names of their own (recursion depth 2)."""
        for zone in self._hostnames.parents(self._scope.target_name)[:MAX_ZONES]:
            await self._dictionary.run(zone, self._words[:ZONE_WORDS], self._offer_word)

    async def _offer_word(self, name: str) -> None:
        await self.offer(name, DICTIONARY)

    async def _examine(self, name: str) -> None:
        self._pending += 1
        try:
            async with self._slots:
                fact = await self._examine_host(name)
            if fact is None:
                self._hostnames.remove(name)
            else:
                await self._notify(fact)
            if self._is_finished and self._has_lost_names:
                await self._report_resolver()
        finally:
            self._pending -= 1

    async def _examine_host(self, name: str) -> HostFact | None:
        """Return the host; None when only the dictionary named it, and it does not exist or is only the wildcard."""
        answer = await self._resolve(name)
        if not answer.addresses:
            return None if self._is_guess(name) else HostFact(name, (), cnames=await self._aliases(name, answer))
        wildcard_only = name != self._scope.target_name and await self._is_wildcard_only(name, answer)
        if wildcard_only and self._is_guess(name):
            return None
        return _fact(name, answer, await self._prober.probe(name), wildcard=wildcard_only)

    async def _aliases(self, name: str, answer: DnsAnswer) -> tuple[str, ...]:
        """What a name without addresses is an alias of: that can be at a service that was left."""
        return (await self._resolver.trace(name) if answer.outcome is DnsOutcome.NXDOMAIN else answer).cnames

    async def _resolve(self, name: str) -> DnsAnswer:
        """Resolve the name; a lost answer is asked for again, unless the resolver is gone altogether."""
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
        """Whether only the dictionary named it until now."""
        return self._hostnames.sources(name) == (DICTIONARY,)

    async def _is_wildcard_only(self, name: str, answer: DnsAnswer) -> bool:
        wildcard = await self._wildcards.wildcard_for(name)
        return wildcard is not None and await self._wildcards.is_wildcard_only(name, answer, wildcard)

    async def _notify(self, fact: HostFact) -> None:
        """Hand on the host with the sources as they are now."""
        assert self._on_host is not None  # set before anything is examined
        host = HostFact(
            name=fact.name,
            sources=self._hostnames.sources(fact.name),
            addresses=fact.addresses,
            cnames=fact.cnames,
            http_alive=fact.http_alive,
            https_alive=fact.https_alive,
            wildcard=fact.wildcard,
        )
        self._facts[fact.name] = host
        await self._on_host(host)

    async def _notify_changes(self) -> None:
        """Hand on once more the hosts that more sources have named since."""
        for name, fact in list(self._facts.items()):
            if self._hostnames.sources(name) != fact.sources:
                await self._notify(fact)
        for zone in self._wildcards.zones:
            await self._log("INFO", self._texts("wildcard", zone=zone))

    async def _report_resolver(self) -> None:
        if self._resolver_reported:
            return
        self._resolver_reported = self._health.is_unresponsive or self._has_lost_names
        if self._health.is_unresponsive:
            await self._sink.warning("partial", self._texts("resolver_silent"))
        elif self._has_lost_names:
            await self._sink.warning("partial", self._texts("resolver_gaps"))
        elif self._health.unanswered:
            await self._log("WARNING", self._texts("dns_unanswered", count=self._health.unanswered))

    async def _log(self, level: LogLevel, message: str) -> None:
        await self._sink.log(LogEntry(level, _MODULE, message))


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
