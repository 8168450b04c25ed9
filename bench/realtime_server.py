"""The application as `compliance serve` runs it, with a hand that starts writers: `realtime_server.py SETTINGS`.

SETTINGS is a JSON object over the defaults. Commands come as JSON lines on stdin, each is answered by a line on
stdout; the end of stdin ends the server.

    {"cmd": "task", "name": ""}  a running task that no scan will take, under this id if there is one: {"task_id"}
    {"cmd": "write", "plan": {}} runs a writer (realtime_writer.py) to its end: {"code"}
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from app.cli.in_process import local_admin
from app.compose.services import Services
from app.core.config import Settings, load_settings
from app.core.ids import new_id
from app.domain.messages import MessageCatalog
from app.events.log import AppendResult
from app.server import Serving, run_server
from app.tasks.process_protocol import MAX_LINE_BYTES, decode_hint

WRITER = Path(__file__).with_name("realtime_writer.py")


class Hand:
    """Runs beside the server until stdin ends."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def __call__(self, serving: Serving) -> None:
        say(url=serving.url)
        lines = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        async for line in lines:
            command = json.loads(line)
            match command["cmd"]:
                case "task":
                    say(task_id=await make_task(serving.services, command.get("name") or new_id()))
                case "write":
                    say(code=await self._write(serving.services, command["plan"]))

    async def _write(self, services: Services, plan: dict[str, Any]) -> int:
        """Listens as `tasks.supervisor.worker_handle` listens to a scan."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(WRITER), self._settings.resolved_database_url, json.dumps(plan)),
            stdout=asyncio.subprocess.PIPE,
            limit=MAX_LINE_BYTES,
        )
        assert process.stdout is not None
        while line := await process.stdout.readline():
            hint = decode_hint(line)
            if hint is not None:
                services.bus.publish(hint)
        return await process.wait()


async def make_task(services: Services, task_id: str) -> str:
    """Created and claimed in one transaction: the runner never sees it waiting."""
    admin = await local_admin(services, MessageCatalog(services.settings.language))
    create = services.lifecycle.create(task_id, user_id=admin.user_id, target_domain="corp.example", config={})
    claim = services.lifecycle.claim(task_id, 1, "bench", "corp.example")

    def unit(connection: Connection) -> AppendResult | None:
        create(connection)
        return claim(connection)

    assert await services.event_writer.write(unit) is not None
    return task_id


def say(**message: Any) -> None:
    print(json.dumps(message), flush=True)


def main() -> None:
    settings = load_settings({}, **json.loads(sys.argv[1]))
    run_server(settings, announce=lambda _: None, beside=Hand(settings))


if __name__ == "__main__":
    main()
