"""Names to addresses: c-ares behind a small cache, with the outcomes kept apart that dead-domain detection needs.

Configured resolvers are the operator's choice and stand outside the address policy; the addresses they answer do not.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import aiodns
import pycares

from app.domain.scan_facts import DnsAnswer, DnsOutcome, DnsRecord
from app.engines.model import NetworkConfig
from app.engines.net.blocked_names import BlockedNames
from app.engines.net.policy import AddressPolicy, parse_address

QUERY_TIMEOUT_S: Final = 2.0  # c-ares' own default; doubled by it at the second try
QUERY_TRIES: Final = 2
MAX_CONCURRENT: Final = 200  # more than that overruns a socket buffer, and a lost packet costs QUERY_TIMEOUT_S
MAX_CACHED: Final = 20_000  # answers; the oldest goes first
MAX_TTL_S: Final = 300  # a scan must notice within minutes that a name moved
NEGATIVE_TTL_S: Final = 10  # pages ask for the same dead name again and again
MAX_CHAIN: Final = 8  # CNAMEs followed by `trace`

# Codes that say something about the name. Every other one says that no resolver gave a usable answer.
_OUTCOMES: Final = MappingProxyType(
    {
        pycares.errno.ARES_ENODATA: DnsOutcome.NODATA,
        pycares.errno.ARES_EBADNAME: DnsOutcome.NODATA,  # such a name cannot have records; it is not "gone" either
        pycares.errno.ARES_EBADQUERY: DnsOutcome.NODATA,
        pycares.errno.ARES_ENOTFOUND: DnsOutcome.NXDOMAIN,
        pycares.errno.ARES_ESERVFAIL: DnsOutcome.SERVFAIL,
        pycares.errno.ARES_EFORMERR: DnsOutcome.SERVFAIL,
        pycares.errno.ARES_EBADRESP: DnsOutcome.SERVFAIL,
        pycares.errno.ARES_ENOTIMP: DnsOutcome.SERVFAIL,
        pycares.errno.ARES_EREFUSED: DnsOutcome.REFUSED,
    }
)
# Of A and AAAA the first of these that occurs speaks for the name: NXDOMAIN must be unanimous.
_PRECEDENCE: Final = (
    DnsOutcome.BLOCKED,
    DnsOutcome.ANSWER,
    DnsOutcome.UNREACHABLE,
    DnsOutcome.SERVFAIL,
    DnsOutcome.REFUSED,
    DnsOutcome.NODATA,
    DnsOutcome.NXDOMAIN,
)
_TYPE_NAMES: Final = MappingProxyType(
    {
        pycares.QUERY_TYPE_A: "A",
        pycares.QUERY_TYPE_AAAA: "AAAA",
        pycares.QUERY_TYPE_CNAME: "CNAME",
        pycares.QUERY_TYPE_NS: "NS",
        pycares.QUERY_TYPE_MX: "MX",
        pycares.QUERY_TYPE_TXT: "TXT",
    }
)
_CACHEABLE: Final = frozenset({DnsOutcome.ANSWER, DnsOutcome.NODATA, DnsOutcome.NXDOMAIN})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a connection to a URL's host and port really goes: a numeric address and a port."""

    address: str
    port: int


class Resolver:
    """Asks the configured resolvers (the system's when there are none). One instance per scan, one event loop.

    Never raises for what the network does: the outcome is in the answer. `static_hosts` come first. Of a blocked name
    nothing is asked, and all that connects anywhere asks here for the address.
    """

    def __init__(
        self, *, config: NetworkConfig, clock: Callable[[], float] = time.monotonic, timeout_s: float = QUERY_TIMEOUT_S
    ) -> None:
        self._servers = tuple(config.resolvers)
        self._blocked = BlockedNames(config.blocked_names)
        self._static = {_key(host): target for host, target in config.static_hosts.items()}
        self._port_map = dict(config.port_map)
        self._policy = AddressPolicy(allow_networks=config.allow_networks, allowed_ports=config.allowed_ports)
        self._clock = clock
        self._timeout_s = timeout_s
        self._slots = asyncio.Semaphore(MAX_CONCURRENT)
        self._channel: aiodns.DNSResolver | None = None  # made at the first query: it needs the running loop
        # After many quick answers c-ares waits a quarter of a second only, and would lose a name whose server is slow.
        # Those are asked once more over this channel, which quick answers have not made impatient.
        self._retry_channel: aiodns.DNSResolver | None = None
        self._replaced: list[aiodns.DNSResolver] = []  # of servers that were left out; questions may be under way
        self._has_answered = False  # a resolver has answered: no answer is then the name's fault, not the network's
        self._cache: dict[tuple[str, str], tuple[float, DnsAnswer]] = {}  # in order of insertion

    def is_blocked(self, name: str) -> bool:
        """Whether nothing may be asked of the name."""
        return self._blocked.covers(name)

    async def query(self, name: str, rdtype: str = "A") -> DnsAnswer:
        """Ask one question, absolute. A type c-ares does not know raises ValueError."""
        key = (_key(name), rdtype)
        if self.is_blocked(name):
            return DnsAnswer(key[0], DnsOutcome.BLOCKED)
        known = self._static_answer(*key) or self._cached(key)
        if known is not None:
            return known
        answer = await self._ask(self._main(), *key)
        if answer.outcome is DnsOutcome.UNREACHABLE and self._has_answered:
            answer = await self._ask(self._for_retries(), *key)
        self._has_answered = self._has_answered or answer.outcome is not DnsOutcome.UNREACHABLE
        self._remember(key, answer)
        return answer

    async def resolve(self, name: str) -> DnsAnswer:
        """Ask for A and AAAA together. Not for IP literals."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self.query(name, rdtype)) for rdtype in ("A", "AAAA")]
        return merge_answers(*(task.result() for task in tasks))

    async def endpoints(self, host: str, port: int) -> tuple[DnsAnswer | None, tuple[Endpoint, ...]]:
        """Return where a connection to `host:port` goes, with the answer behind it (None for an IP literal).

        This is the only place that applies the port map and the static hosts' ports.
        """
        if parse_address(host.strip("[]")) is not None:
            return None, (self._endpoint(host.strip("[]"), port),)
        answer = await self.resolve(host)
        own_port = self._static.get(_key(host), ("", None))[1]
        if own_port is not None:
            return answer, tuple(Endpoint(address, own_port) for address in answer.addresses)
        return answer, tuple(self._endpoint(address, port) for address in answer.addresses)

    async def is_gone(self, name: str, *, rounds: int = 2) -> bool:
        """Whether the name does not exist, judged by every configured resolver by itself, `rounds` times.

        All that answer must say NXDOMAIN, and at least one must answer in each round: no answer proves nothing.
        """
        if _key(name) in self._static or self.is_blocked(name):
            return False
        for _ in range(rounds):
            votes = await self._poll(_key(name))
            if votes != {DnsOutcome.NXDOMAIN}:
                return False
        return True

    async def leave_out_liars(self, invented: Sequence[str]) -> tuple[tuple[str, ...], bool]:
        """Ask each resolver by itself for names that do not exist, the first of which cannot exist anywhere. Those that
        answer are asked no more, if another one says that none of them exists.

        Returns the ones left out, and whether there is none but liars: then all are kept.
        """
        servers = self._servers or await self._system_servers()
        async with asyncio.TaskGroup() as group:
            polls = [group.create_task(self._votes(server, invented)) for server in servers]
        votes = [poll.result() for poll in polls]
        liars = tuple(server for server, said in zip(servers, votes, strict=True) if DnsOutcome.ANSWER in said)
        if not liars:
            return (), False
        if not any(set(said) == {DnsOutcome.NXDOMAIN} for said in votes):
            return (), any(said[0] is DnsOutcome.ANSWER for said in votes)
        self._servers = tuple(server for server in servers if server not in liars)
        self._replaced += [channel for channel in (self._channel, self._retry_channel) if channel is not None]
        self._channel = self._retry_channel = None
        self._cache.clear()
        return liars, False

    async def trace(self, name: str) -> DnsAnswer:
        """Resolve with the CNAME chain, also when it ends at a name that does not exist."""
        answer = await self.resolve(name)
        if answer.outcome is DnsOutcome.ANSWER or answer.records:
            return answer
        chain: list[DnsRecord] = []
        current = _key(name)
        while len(chain) < MAX_CHAIN:
            step = await self.query(current, "CNAME")
            if not step.cnames or any(record.value == step.cnames[0] for record in chain):
                break
            chain.append(step.records[0])
            current = step.cnames[0]
        return DnsAnswer(answer.name, answer.outcome, tuple(chain))

    async def close(self) -> None:
        """Give the sockets back; open queries come to `unreachable`."""
        for channel in (*self._replaced, self._channel, self._retry_channel):
            if channel is not None:
                await channel.close()
        self._channel = self._retry_channel = None
        self._replaced.clear()

    def _main(self) -> aiodns.DNSResolver:
        if self._channel is None:
            self._channel = self._open(self._servers)
        return self._channel

    def _for_retries(self) -> aiodns.DNSResolver:
        if self._retry_channel is None:
            self._retry_channel = self._open(self._servers)
        return self._retry_channel

    def _open(self, servers: tuple[str, ...]) -> aiodns.DNSResolver:
        return aiodns.DNSResolver(nameservers=servers or None, timeout=self._timeout_s, tries=QUERY_TRIES)

    async def _ask(self, channel: aiodns.DNSResolver, name: str, rdtype: str) -> DnsAnswer:
        async with self._slots:
            try:
                result = await channel.query_dns(f"{name}.", rdtype)
                answer = _read(name, rdtype, result)
            except aiodns.error.DNSError as failure:
                outcome = _OUTCOMES.get(failure.args[0], DnsOutcome.UNREACHABLE)
                answer = DnsAnswer(name, outcome)
            except UnicodeError:  # a name that is not ASCII cannot be asked for
                return DnsAnswer(name, DnsOutcome.NODATA)
        return answer

    async def _votes(self, server: str, names: Sequence[str]) -> list[DnsOutcome]:
        """Return what one resolver says of each name; one that takes long says nothing."""
        channel = self._open((server,))
        try:
            async with asyncio.timeout(self._timeout_s), asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._ask(channel, _key(name), "A")) for name in names]
        except TimeoutError:
            return [DnsOutcome.UNREACHABLE] * len(names)
        finally:
            await channel.close()
        return [task.result().outcome for task in tasks]

    async def _poll(self, name: str) -> set[DnsOutcome]:
        """Return what the resolvers say that answer. Fresh channels: c-ares itself would answer from its cache."""
        channels = [self._open((server,)) for server in self._servers or await self._system_servers()]
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._ask(channel, name, "A")) for channel in channels]
        finally:
            for channel in channels:
                await channel.close()
        return {task.result().outcome for task in tasks} - {DnsOutcome.UNREACHABLE}

    async def _system_servers(self) -> tuple[str, ...]:
        channel = self._open(())
        servers = tuple(channel.nameservers)
        await channel.close()
        return servers

    def _endpoint(self, address: str, port: int) -> Endpoint:
        inside = self._policy.in_allowed_network(address)
        return Endpoint(address, self._port_map.get(port, port) if inside else port)

    def _static_answer(self, name: str, rdtype: str) -> DnsAnswer | None:
        if name not in self._static:
            return None
        address = self._static[name][0]
        if rdtype == ("AAAA" if ":" in address else "A"):
            return DnsAnswer(name, DnsOutcome.ANSWER, (DnsRecord(name, rdtype, address, 0),))
        return DnsAnswer(name, DnsOutcome.NODATA)

    def _cached(self, key: tuple[str, str]) -> DnsAnswer | None:
        expires, answer = self._cache.get(key, (0.0, None))
        if answer is not None and expires <= self._clock():
            del self._cache[key]
            return None
        return answer

    def _remember(self, key: tuple[str, str], answer: DnsAnswer) -> None:
        ttl = min((record.ttl for record in answer.records), default=NEGATIVE_TTL_S)
        if answer.outcome not in _CACHEABLE or ttl <= 0:
            return
        self._cache[key] = (self._clock() + min(ttl, MAX_TTL_S), answer)
        if len(self._cache) > MAX_CACHED:
            del self._cache[next(iter(self._cache))]


def merge_answers(*answers: DnsAnswer) -> DnsAnswer:
    """Merge the answers for a name's address types into one: records in order, each once."""
    outcome = min((answer.outcome for answer in answers), key=_PRECEDENCE.index)
    records = {(r.name, r.type, r.value): r for answer in answers for r in answer.records}
    ordered = sorted(records.values(), key=lambda record: record.type != "CNAME")
    return DnsAnswer(answers[0].name, outcome, tuple(ordered))


def _key(name: str) -> str:
    return name.lower().rstrip(".")


def _read(name: str, rdtype: str, result: pycares.DNSResult) -> DnsAnswer:
    """Read an answer. NOERROR with a CNAME but without the wanted type is NODATA, whatever c-ares calls it."""
    records = tuple(
        DnsRecord(_key(record.name), _TYPE_NAMES[record.type], _value(record), record.ttl)
        for record in result.answer
        if record.type in _TYPE_NAMES
    )
    wanted = rdtype not in _TYPE_NAMES.values() or any(record.type == rdtype for record in records)
    chain_first = tuple(sorted(records, key=lambda record: record.type != "CNAME"))
    return DnsAnswer(name, DnsOutcome.ANSWER if wanted else DnsOutcome.NODATA, chain_first)


def _value(record: pycares.DNSRecord) -> str:
    match record.data:
        case pycares.ARecordData(addr=addr) | pycares.AAAARecordData(addr=addr):
            return str(addr)
        case pycares.CNAMERecordData(cname=target) | pycares.NSRecordData(nsdname=target):
            return _key(str(target))
        case pycares.MXRecordData(priority=priority, exchange=exchange):
            return f"{priority} {_key(exchange)}"
        case pycares.TXTRecordData(data=data):
            return data.decode("utf-8", "backslashreplace")
        case other:
            return str(other)
