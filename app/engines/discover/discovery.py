"""Stage 1: names from many sources; resolved, freed of wildcards, asked for HTTP.

First all at once: the passive sources, the name servers of the zone, the dictionary. Then what follows from that: zones
below the target, in which words are tried again, and variations of the names that exist.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from app.domain.discovery import DiscoverySummary, Transfer, Walk
from app.domain.log_entry import LogEntry, LogLevel
from app.domain.messages import FOREIGN_LANGUAGE, MessageCatalog
from app.domain.scan_facts import HostFact
from app.domain.stages import StageKey
from app.domain.verdict import Reason
from app.engines.discover.dictionary import DictionaryProber, ResolverHealth
from app.engines.discover.examiner import HostExaminer
from app.engines.discover.hostnames import DICTIONARY, GUESSES, PERMUTATION, HostnameIndex, valid_name
from app.engines.discover.passive import PassiveSources
from app.engines.discover.permutations import permutations_of
from app.engines.discover.pool import for_each
from app.engines.discover.source_cache import FolderCache
from app.engines.discover.sources import Source
from app.engines.discover.sources.registry import configured_sources
from app.engines.discover.wildcard import random_label
from app.engines.discover.word_patterns import load_words
from app.engines.discover.zone_reader import ZoneReader
from app.engines.model import NetworkConfig, ScanConfig
from app.engines.net.policy import AddressPolicy
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher
from app.engines.net.resolver import Resolver
from app.engines.ports import ScanSink
from app.engines.scope import Scope

OnHost = Callable[[HostFact], Awaitable[None]]

# Names examined at the same time. Each asks on two schemes, and one client has 256 connections for all stages; a name
# whose host is silent holds its place for 10 s.
MAX_EXAMINED: Final = 100
MAX_ZONES: Final = 20  # zones below the target that get a dictionary of their own, and as many hosts
MAX_ZONES_AT_ONCE: Final = 4  # one whose name servers are silent takes half a minute
RECURSION_DEPTH: Final = 2  # how often what was found in such zones brings further ones
ZONE_WORDS: Final = 100  # the most telling ones, for those zones
HOST_WORDS: Final = 30  # for hosts: below most of them there is nothing
MAX_NAMES: Final = (
    50_000  # of a scan, from all who name some: eight name servers of twenty zones may invent without end
)
BLOCKED_NAMED: Final = 5  # blocked names that a warning names
MAX_TOLD: Final = 100  # zones with a wildcard: somebody may have made one of every name
TARGET: Final = "target"
ZONE_TRANSFER: Final = "zone_transfer"
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
        self._sink = sink
        self._texts = texts or MessageCatalog(FOREIGN_LANGUAGE)
        self._words = tuple(words) if words is not None else load_words()
        asked = sources if sources is not None else configured_sources(config.passive_sources)
        self._passive = PassiveSources(
            asked if scan.use_passive_sources else (),
            scope=scope,
            fetcher=fetcher,
            cache=FolderCache(Path(config.passive_cache)) if config.passive_cache else None,
            sink=sink,
            texts=self._texts,
            at_once=MAX_EXAMINED,
        )
        policy = AddressPolicy(allow_networks=config.allow_networks, allowed_ports=config.allowed_ports)
        self._zones = ZoneReader(resolver=resolver, policy=policy)
        self._health = ResolverHealth()
        self._dictionary = DictionaryProber(resolver=resolver, health=self._health)
        self._permutations = DictionaryProber(resolver=resolver, health=self._health)
        self._hostnames = HostnameIndex()
        self._examiner = HostExaminer(
            target=scope.target_name,
            resolver=resolver,
            fetcher=fetcher,
            health=self._health,
            hostnames=self._hostnames,
            label=label,
        )
        self._facts: dict[str, HostFact] = {}  # what `on_host` got last, by name
        self._slots = asyncio.Semaphore(MAX_EXAMINED)
        self._label = label
        self._on_host: OnHost | None = None  # set by `run`
        self._early: list[tuple[str, str]] = []  # offered before `run`
        self._pending = 0  # names under examination
        self._blocked: dict[str, None] = {}  # names that were left out because the deployment has blocked them
        self._is_full = False  # names were left out because there were too many
        self._to_try = len(self._words)  # guesses, as far as they are planned
        self._liars: tuple[str, ...] = ()  # resolvers that are not asked any more
        self._is_finished = False  # `run` has returned
        self._resolver_reported = False

    @property
    def is_settled(self) -> bool:
        """Whether `run` has ended and nothing is examined: no host comes any more unless a name is offered."""
        return self._is_finished and not self._pending

    @property
    def fraction(self) -> float:
        """Estimate how far `run` is, 0.0..1.0, by the names that are tried. It may fall when more are planned."""
        return min(1.0, (self._dictionary.tried + self._permutations.tried) / max(1, self._to_try))

    @property
    def summary(self) -> DiscoverySummary:
        """Return whom was asked, and what came of it so far."""
        return DiscoverySummary(
            sources=tuple(self._passive.reports),
            name_servers=tuple(self._zones.reports),
            resolvers_left_out=self._liars,
            wildcard_zones=tuple(self._examiner.wildcard_zones[:MAX_TOLD]),
            words_tried=self._dictionary.tried,
            variations_tried=self._permutations.tried,
        )

    async def run(self, on_host: OnHost) -> None:
        """Calls `on_host` for every host as soon as it is known, the target first, and returns when all sources are
        through. A later call for the same name carries more sources and replaces the earlier one.

        Raises:
            ScanStopped: from the sink or from `on_host`, inside an exception group.
        """
        self._on_host = on_host
        await self._check_resolvers()
        await self.offer(self._scope.target_name, TARGET)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._passive.run(self.offer))
            group.create_task(self._read_zone(self._scope.target_name))
            group.create_task(self._try_words())
            for name, named_by in self._early:
                group.create_task(self.offer(name, named_by))
        await self._try_zones()
        await self._try_variations()
        await self._report_resolver()
        await self._notify_changes()
        await self._report_zones()
        if self._is_full:
            await self._sink.warning("partial", self._texts("too_many_names", limit=MAX_NAMES))
        await self._report_blocked()
        self._is_finished = True

    async def offer(self, name: str, source: str) -> None:
        """Take a name met elsewhere; `source` says where ("page", "certificate"). Invalid and foreign names are
        ignored. Returns when the host was examined and handed on; at once for a name that is or was examined,
        and before `run`, which examines it then.
        """
        valid = valid_name(name, self._scope)
        if valid is None:
            return
        if self._resolver.is_blocked(valid):
            self._blocked[valid] = None
            return
        if self._on_host is None:
            self._early.append((valid, source))
            return
        is_known = valid in self._hostnames
        if not is_known and len(self._hostnames) >= MAX_NAMES:
            self._is_full = True
            return
        is_news = self._hostnames.add(valid, source)
        if not is_known:
            await self._examine(valid)
        elif is_news and valid in self._facts and source not in GUESSES:
            await self._notify(self._facts[valid])

    async def _check_resolvers(self) -> None:
        """Ask for names that do not exist: a resolver that answers them would make us find everything.

        `.invalid` cannot exist (RFC 6761). Some who sell advertisements spare it: so one more beside the target.
        """
        root = self._scope.target_name.rpartition(".")[2]
        invented = (f"{self._label()}.invalid", f"{self._label()}.{root}")
        self._liars, is_lied_to = await self._resolver.leave_out_liars(invented)
        if is_lied_to:
            await self._sink.warning("partial", self._texts("resolver_invents"))
        elif self._liars:
            await self._log("WARNING", self._texts("resolvers_left_out", servers=", ".join(self._liars)))

    async def _read_zone(self, zone: str) -> None:
        async def on_names(names: list[str]) -> None:
            await for_each(names, lambda name: self.offer(name, ZONE_TRANSFER), workers=MAX_EXAMINED)

        await self._zones.read(zone, on_names)

    async def _try_words(self) -> None:
        await self._dictionary.run(self._scope.target_name, self._words, self._offer_word)
        await self._log("INFO", self._texts("dictionary_tried", tried=self._dictionary.tried))

    async def _try_zones(self) -> None:
        """Try words below names that have others below them, and a few below hosts; then in what that brings."""
        tried: set[str] = set()
        for _ in range(RECURSION_DEPTH):
            zones = dict.fromkeys((*self._hostnames.parents(self._scope.target_name), *self._dictionary.empty))
            hosts = [name for name in self._real_hosts() if name != self._scope.target_name]
            await self._try_below(list(zones)[:MAX_ZONES], self._words[:ZONE_WORDS], tried)
            await self._try_below(hosts[:MAX_ZONES], self._words[:HOST_WORDS], tried)

    async def _try_below(self, zones: list[str], words: Sequence[str], tried: set[str]) -> None:
        new = [zone for zone in zones if zone not in tried]
        self._to_try += len(new) * len(words)
        tried.update(new)

        async def look(zone: str) -> None:
            await self._read_zone(zone)
            await self._dictionary.run(zone, words, self._offer_word)

        await for_each(new, look, workers=MAX_ZONES_AT_ONCE)

    def _real_hosts(self) -> list[str]:
        """Names that have an address of their own."""
        return [name for name, fact in self._facts.items() if fact.addresses and not fact.wildcard]

    async def _try_variations(self) -> None:
        """Try names like those that exist. In a zone with a wildcard only what the DNS tells apart is looked at."""
        names = permutations_of(self._real_hosts(), self._scope.target_name)
        self._to_try += len(names)
        await self._permutations.run_names(names, self._offer_variation)
        if names:
            await self._log("INFO", self._texts("variations_tried", tried=self._permutations.tried))

    async def _offer_word(self, name: str) -> None:
        await self.offer(name, DICTIONARY)

    async def _offer_variation(self, name: str) -> None:
        if await self._examiner.stands_out(name):
            await self.offer(name, PERMUTATION)

    async def _examine(self, name: str) -> None:
        self._pending += 1
        try:
            async with self._slots:
                fact = await self._examiner.examine(name)
            if fact is None:
                self._hostnames.remove(name)
            else:
                await self._notify(fact)
            if self._is_finished and self._examiner.has_lost_names:
                await self._report_resolver()
        finally:
            self._pending -= 1

    async def _notify(self, fact: HostFact) -> None:
        """Hand on the host with the sources as they are now."""
        assert self._on_host is not None  # set before anything is examined
        host = replace(fact, sources=self._hostnames.sources(fact.name))
        self._facts[fact.name] = host
        await self._on_host(host)

    async def _notify_changes(self) -> None:
        """Hand on once more the hosts that more sources have named since."""
        for name, fact in list(self._facts.items()):
            if self._hostnames.sources(name) != fact.sources:
                await self._notify(fact)

    async def _report_zones(self) -> None:
        for zone in self._examiner.wildcard_zones[:MAX_TOLD]:
            await self._log("INFO", self._texts("wildcard", zone=zone))
        for server in self._zones.reports:
            said = {"zone": server.zone, "server": server.name, "named": server.names}
            if server.transfer is Transfer.OPEN:
                await self._log("WARNING", self._texts("zone_open", **said))
            elif server.walk is not Walk.NONE:
                await self._log("INFO", self._texts("zone_walked", **said))

    async def _report_blocked(self) -> None:
        """Those that pages name later are counted with what was not seen of the site."""
        if self._blocked:
            shown = list(self._blocked)[:BLOCKED_NAMED]
            said = self._texts("names_blocked", count=len(self._blocked), names=", ".join(shown))
            await self._sink.warning("partial", said, reason=Reason.BLOCKED_TARGET, count=len(self._blocked))

    async def _report_resolver(self) -> None:
        if self._resolver_reported:
            return
        has_gaps = self._examiner.has_lost_names
        self._resolver_reported = self._health.is_unresponsive or has_gaps
        if self._health.is_unresponsive:
            await self._sink.warning("partial", self._texts("resolver_silent"))
        elif has_gaps:
            await self._sink.warning("partial", self._texts("resolver_gaps"))
        elif self._health.unanswered:
            await self._log("WARNING", self._texts("dns_unanswered", count=self._health.unanswered))

    async def _log(self, level: LogLevel, message: str) -> None:
        await self._sink.log(LogEntry(level, _MODULE, message))
