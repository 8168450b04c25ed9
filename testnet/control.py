"""The control port: who holds a connection to it is a user; the server ends when the last one has been gone a while."""

import asyncio
import json
import os
from typing import Any

from testnet.connections import Connections
from testnet.request_log import RequestLog

MAX_COMMAND_BYTES = 64 * 1024
FIRST_GRACE_S = 60.0  # on a machine that does much else it may take that long to connect
BACKLOG_S = 2.0  # time for users to connect before they are told about a failed start


class Control:
    """Tells every user the settings, answers commands, and knows when nobody is left."""

    def __init__(self, *, log: RequestLog, grace_s: float) -> None:
        self._log = log
        self._grace_s = grace_s
        self._announcement: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.users = Connections(self._talk, changed=self._count_users)
        self.over = asyncio.Event()  # set when the last user has been gone for the grace period, or by a signal
        # Nobody is there yet: whoever started the server gets time to come.
        self._timer: asyncio.TimerHandle | None = asyncio.get_running_loop().call_later(
            max(grace_s, FIRST_GRACE_S), self.over.set
        )

    def announce(self, settings: dict[str, Any]) -> None:
        """From now on every user is told the settings, those that already wait included."""
        self._announcement.set_result(settings)

    async def refuse(self, message: str) -> None:
        """The world could not be opened: tells all that wait, and ends their connections."""
        self._announcement.set_result({"error": message})
        await asyncio.sleep(BACKLOG_S)
        await self.users.settle()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.over.is_set():  # too late: the user tries again and starts a new server
            return
        announcement = await asyncio.shield(self._announcement)
        await send(writer, announcement)
        while "error" not in announcement and (line := await reader.readline()):
            await send(writer, self._answer(json.loads(line)))

    def _answer(self, command: dict[str, Any]) -> dict[str, Any]:
        match command:
            case {"cmd": "requests"}:
                entries = self._log.select(host=command.get("host"), after_seq=int(command.get("after_seq", 0)))
                return {"last_seq": self._log.last_seq, "requests": entries}
            case {"cmd": "users"}:
                return {"users": len(self.users), "pid": os.getpid()}
            case _:
                return {"error": "unknown command"}

    def _count_users(self, count: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if count else asyncio.get_running_loop().call_later(self._grace_s, self.over.set)


async def send(writer: asyncio.StreamWriter, message: dict[str, Any]) -> None:
    writer.write(json.dumps(message, ensure_ascii=False).encode() + b"\n")
    await writer.drain()
