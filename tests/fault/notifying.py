"""A server whose scans end and whose notifications leave, to be killed: `-m tests.fault.notifying SETTINGS_JSON`.

Its scans are made by lines on its standard input: each is a target, whose scan completes. It says the line again when
that is committed. `die`: where it kills itself.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr

from app.compose.services import Services, build_services
from app.core.db import DatabaseUnavailable
from app.core.ids import new_id
from app.core.logging import configure_logging
from app.domain.verdict import Result, Verdict
from app.events.types import Statistics
from app.notifications.ports import HttpAnswer, HttpRequest, HttpSender
from tests.support.backend import FakeMonitor, FakeRealtime, FakeRunner, cheap_passwords, make_settings

AFTER_COMMIT: Final = "after commit"
BEFORE_SENDING: Final = "before sending"
AFTER_SENDING: Final = "after sending"
CLAIM: Final = timedelta(seconds=2)  # so that nobody waits for long


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DyingSender:
    """Keeps `HttpSender`, and dies before or after it tells of `target`."""

    def __init__(self, sender: HttpSender, when: str) -> None:
        self._sender, self._when = sender, when
        self.target = ""  # of the scan that was begun last

    async def post(self, request: HttpRequest) -> HttpAnswer:
        tells = self.target != "" and f'"{self.target}"'.encode() in request.body
        if tells and self._when == BEFORE_SENDING:
            die()
        answer = await self._sender.post(request)
        if tells and self._when == AFTER_SENDING:
            die()
        return answer

    async def close(self) -> None:
        await self._sender.close()


async def complete(services: Services, user_id: str, target: str) -> None:
    """A scan from its order to its end, tried again while the database is away; an end before it is rolled back."""
    lifecycle, write, task_id = services.lifecycle, services.event_writer.write, new_id()
    units = [
        lifecycle.create(task_id, user_id=user_id, target_domain=target, config={}),
        lifecycle.claim(task_id, 1, "w", target),
    ]
    for unit in units:
        await again(lambda unit=unit: write(unit))
    end = lifecycle.complete(task_id, 1, Statistics(), verdict=Verdict(Result.CLEAN))

    def rolled_back(connection: Any) -> None:
        end(connection)
        raise InterruptedError

    with contextlib.suppress(InterruptedError):
        await again(lambda: services.db.write(rolled_back))
    await again(lambda: write(end))


async def again(work: Any) -> None:
    while True:
        try:
            await work()
        except DatabaseUnavailable:
            await asyncio.sleep(0.05)
        else:
            return


def build(values: dict[str, Any]) -> Services:
    values = {name: SecretStr(value) if name in SECRETS else value for name, value in values.items()}
    settings = make_settings(Path(values.pop("data_dir")), notification_networks=("127.0.0.0/8",), **values)
    services = build_services(
        settings,
        passwords=cheap_passwords(),
        runner=FakeRunner(),
        monitor=FakeMonitor(),  # type: ignore[arg-type] # nothing of it is used
        manager=FakeRealtime(),  # type: ignore[arg-type] # as above
    )
    services.notifications.sender.claim = CLAIM
    return services


SECRETS: Final = ("database_url", "redis_url", "secret_key")


async def serve(settings: str) -> None:
    values = json.loads(settings)
    when, user_id = values.pop("die", ""), values.pop("user_id")
    services = build(values)
    carrier = services.notifications.sender.carrier
    carrier.http = dying = DyingSender(carrier.http, when)
    await services.start()
    say("ready")
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := (await lines.readline()).decode().strip():
        dying.target = line
        await complete(services, user_id, line)
        if when == AFTER_COMMIT:
            die()
        say(line)
    await services.stop()


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    configure_logging("ERROR")
    asyncio.run(serve(sys.argv[1]))


if __name__ == "__main__":
    main()
