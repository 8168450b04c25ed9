"""What a zone's own name servers tell strangers: all of it (AXFR, at the one server that somebody forgot), or each name
by its predecessor (NSEC). One attempt for each name server.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from app.domain.discovery import NameServerReport, Transfer, Walk
from app.domain.scan_facts import DnsOutcome
from app.engines.net.name_server import NameServer, NameServerRefuses, NameServerUnreachable, open_name_server
from app.engines.net.policy import AddressPolicy
from app.engines.net.resolver import Resolver

MAX_SERVERS: Final = 8  # of one zone; real ones have two to six
MAX_NAMES: Final = 10_000  # that one server may bring
MAX_STEPS: Final = 1_000  # of a walk: one question each, at a server that is nobody's to burden
SERVER_TIMEOUT_S: Final = 40.0  # for everything that one server is asked
MINIMAL_RANGE: Final = "\\000"  # first label of a name that exists only to say nothing of the others (RFC 4470)

OnNames = Callable[[list[str]], Awaitable[None]]


class ZoneReader:
    """Asks the name servers of zones. Those that give a zone away are remembered in `reports`."""

    def __init__(self, *, resolver: Resolver, policy: AddressPolicy) -> None:
        self._resolver = resolver
        self._policy = policy
        # One for each name server that was asked.
        self.reports: list[NameServerReport] = []

    async def read(self, zone: str, on_names: OnNames) -> None:
        """Ask every name server of the zone; does nothing for a name that has none of its own.

        `on_names` gets raw owner names, also foreign ones: the caller validates them.
        """
        answer = await self._resolver.query(zone, "NS")
        if answer.outcome is not DnsOutcome.ANSWER:
            return
        servers = dict.fromkeys(record.value for record in answer.records if record.type == "NS")
        async with asyncio.TaskGroup() as group:
            for server in list(servers)[:MAX_SERVERS]:
                group.create_task(self._ask(zone, server, on_names))

    async def _ask(self, zone: str, server: str, on_names: OnNames) -> None:
        found: dict[str, None] = {}
        reading = _Reading(zone, server, found)
        try:
            async with asyncio.timeout(SERVER_TIMEOUT_S):
                await reading.run(self._resolver, self._policy)
        except TimeoutError:
            reading.note_silence()
        self.reports.append(NameServerReport(zone, server, reading.transfer, reading.walk, len(found)))
        await on_names(list(found))


class _Reading:
    """What one name server gives of one zone."""

    def __init__(self, zone: str, server: str, found: dict[str, None]) -> None:
        self._zone = zone
        self._server = server
        self._found = found
        self.transfer = Transfer.FAILED
        self.walk = Walk.NONE

    async def run(self, resolver: Resolver, policy: AddressPolicy) -> None:
        """Ask for the transfer, and follow the NSEC records where there is none. Never raises for the network."""
        try:
            async with open_name_server(self._server, resolver=resolver, policy=policy) as server:
                await self._transfer(server)
        except NameServerRefuses:
            self.transfer = Transfer.REFUSED
        except NameServerUnreachable:
            return
        if self.transfer is Transfer.OPEN:
            return
        try:  # a connection of its own: a server that refuses often hangs up
            async with open_name_server(self._server, resolver=resolver, policy=policy) as server:
                await self._walk(server)
        except (NameServerUnreachable, NameServerRefuses):
            self.note_silence()

    def note_silence(self) -> None:
        """The server stopped answering: what it said so far stands."""
        if self._found and self.transfer is not Transfer.OPEN:
            self.walk = Walk.PART

    async def _transfer(self, server: NameServer) -> None:
        async for owners in server.transfer(self._zone):
            self.transfer = Transfer.OPEN
            self._take(owners)
            if len(self._found) >= MAX_NAMES:
                return

    async def _walk(self, server: NameServer) -> None:
        current = self._zone
        for _ in range(MAX_STEPS):
            following = await server.next_name(current)
            if following is None or following.startswith(MINIMAL_RANGE) or not self._contains(following):
                self.walk = Walk.PART if self._found else Walk.NONE
                return
            if following == self._zone:
                self.walk = Walk.WHOLE
                return
            if following in self._found:  # a circle: what is asked for once more is answered once more
                break
            self._take((following,))
            current = following
        self.walk = Walk.PART

    def _take(self, names: tuple[str, ...]) -> None:
        room = MAX_NAMES - len(self._found)
        self._found.update(dict.fromkeys([name for name in names if self._contains(name)][:room]))

    def _contains(self, name: str) -> bool:
        return name == self._zone or name.endswith("." + self._zone)
