"""The real application with one hand that publishes: `fanout_server.py --port PORT [--data FOLDER] [NAME=VALUE ...]`.

Same factory, wiring, transport and server settings as `compliance serve`; the limits per address, user, process and
handshake are lifted by settings (NAME=VALUE sets further ones). It listens on 127.0.0.1 only. A token of the
application's own is checked as ever; any other is accepted as a user of its own, who may see everything.

The tasks `bench` and `bench-0` to `bench-199` run, and nobody works on them. Events are real rows of the log:

    POST /bench/publish?m=1000&rate=0&k=1   answers when m events of each task are handed to the fan-out;
                                            also tasks=0, commit=false
    POST /bench/tokens?n=1000               real access tokens of n new users, one a line
    GET  /bench/stats                       what the process counts and holds; with collect=true after a collection

`rate` is events a second of each task; each was committed a moment before it is handed over, and the moment in its
message is that of the hand-over, with `commit` that before the transaction. 0 is as fast as nothing is dropped: the
rows are in the log beforehand, and the next batch waits until no socket holds unsent bytes. `k` are handed over in one
turn of the loop, task after task. `tasks` 0 is the task `bench`, n the tasks `bench-0` to `bench-(n-1)`.
"""

import argparse
import asyncio
import gc
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, cast

import uvloop
from fanout_publisher import MANY, Publisher
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from sqlalchemy import Connection, insert

from app.compose.services import Services, build_services
from app.core.config import Settings, load_settings
from app.core.errors import Unauthenticated
from app.core.heap import settle_heap
from app.core.ids import new_id
from app.core.logging import configure_logging
from app.core.principal import Authenticator, Principal
from app.core.security import Claims, Tokens, load_secret
from app.identity.tables import sessions, users
from app.server import build_config, open_listener, raise_file_limit
from app.transport.graceful_server import GracefulServer

PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
LONG_S: Final = 86_400
LIFTED: Final[Mapping[str, Any]] = {
    "log_level": "WARNING",
    "ws_max_connections": 1_000_000,
    "ws_max_connections_per_user": 1_000_000,
    "ws_max_connections_per_address": 1_000_000,
    "ws_handshakes_per_s_per_address": 1_000_000,
    "http_max_connections": 1_000_000,
    "http_max_connections_per_address": 1_000_000,
    "ws_commands_per_s": 100_000,
    # A sweep in the middle of what goes as fast as it can would find the log ahead and deliver at its own pace.
    "sweep_interval_s": 60,
    # No heartbeat rises for the tasks here.
    "stalled_after_s": LONG_S,
    "worker_suspect_after_s": LONG_S,
    "worker_lost_after_s": LONG_S,
    "long_running_warning_s": LONG_S,
    "long_running_failure_s": LONG_S,
}


class AnyToken:
    """The application's own authenticator first; what is no token of its own names a user who may see everything."""

    def __init__(self, real: Authenticator) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        """The rest of the service, for the routes."""
        return getattr(self._real, name)

    async def authenticate(self, token: str | None) -> Principal:
        try:
            return await self._real.authenticate(token)
        except Unauthenticated:
            if not token:
                raise
            return Principal(token, token[:64], "admin", f"bench-{token}", datetime.now(UTC) + timedelta(days=1))

    async def ended(self, principals: Sequence[Principal]) -> Mapping[Principal, str]:
        return await self._real.ended(
            [principal for principal in principals if not principal.session_id.startswith("bench-")]
        )


async def make_tokens(services: Services, settings: Settings, count: int) -> list[str]:
    """Users and sessions in one transaction: signing in a thousand times would measure Argon2."""
    tokens, now = Tokens(secret=load_secret(settings), clock=services.clock), services.clock.now()
    claims = [Claims(new_id(), new_id(), 0, new_id(), now + timedelta(hours=12)) for _ in range(count)]

    def write(connection: Connection) -> None:
        connection.execute(insert(users), [_user(claim, now) for claim in claims])
        connection.execute(insert(sessions), [_session(claim, now) for claim in claims])

    await services.db.write(write)
    return [tokens.issue("access", claim) for claim in claims]


def _user(claim: Claims, now: datetime) -> dict[str, Any]:
    return {
        "id": claim.user_id,
        "username": f"bench-{claim.user_id}",
        "email": f"{claim.user_id}@bench.example",
        "password_hash": "!",
        "role": "admin",
        "is_active": True,
        "token_version": claim.token_version,
        "created_at": now,
    }


def _session(claim: Claims, now: datetime) -> dict[str, Any]:
    return {
        "id": claim.session_id,
        "user_id": claim.user_id,
        "created_at": now,
        "expires_at": claim.expires_at,
        "refresh_jti": claim.token_id,
    }


class Tally:
    """Counts the snapshots that are read from the database."""

    def __init__(self, services: Services) -> None:
        self._manager: Any = services.manager  # of which a bench may know more
        self.snapshots_built = 0
        reader = cast("Any", services.manager).reader
        read = reader.snapshot

        def count(*arguments: Any) -> Any:
            self.snapshots_built += 1
            return read(*arguments)

        reader.snapshot = count

    def stats(self) -> dict[str, Any]:
        stats = self._manager.stats()
        del stats["connections_by_user"]
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return {
            **stats,
            "snapshots_built": self.snapshots_built,
            "resident_bytes": pages * PAGE_BYTES,
            "cpu_s": time.process_time(),
            "files": sum(1 for _ in Path("/proc/self/fd").iterdir()),
            "asyncio_tasks": len(asyncio.all_tasks()),
        }


def add_routes(application: FastAPI, services: Services, settings: Settings, publisher: Publisher) -> None:
    tally = Tally(services)

    async def publish(m: int, rate: float = 0, k: int = 1, tasks: int = 0, commit: bool = False) -> dict[str, Any]:
        return await publisher.publish(m, rate, max(1, k), min(MANY, tasks), commit=commit)

    async def tokens(n: int) -> PlainTextResponse:
        return PlainTextResponse("\n".join(await make_tokens(services, settings, n)))

    async def stats(collect: bool = False) -> dict[str, Any]:
        if collect:
            gc.collect()
        return tally.stats()

    application.add_api_route("/bench/publish", publish, methods=["POST"])
    application.add_api_route("/bench/tokens", tokens, methods=["POST"])
    application.add_api_route("/bench/stats", stats)


async def serve(settings: Settings) -> None:
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(open_listener(settings))
        services = build_services(settings)
        stack.push_async_callback(services.stop)
        await services.start()
        services.auth = services.manager.revocation.authenticator = AnyToken(services.auth)  # type: ignore[assignment,attr-defined]
        publisher = Publisher(services)
        await publisher.prepare()
        config = build_config(settings, services)
        assert isinstance(config.app, FastAPI)
        add_routes(config.app, services, settings, publisher)
        server = GracefulServer(config, drain=services.manager.drain, close=services.manager.stop)
        async with asyncio.TaskGroup() as group:
            group.create_task(server.serve(sockets=[listener]))
            await server.answering.wait()
            settle_heap()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, help="a folder to keep; without it one that is gone afterwards")
    parser.add_argument("settings", nargs="*", metavar="NAME=VALUE")
    arguments = parser.parse_args()
    more = dict(pair.split("=", 1) for pair in arguments.settings)
    raise_file_limit()
    with tempfile.TemporaryDirectory() as folder:
        given = {"host": "127.0.0.1", "port": arguments.port, "data_dir": arguments.data or Path(folder)}
        settings = load_settings({}, **{**LIFTED, **more, **given})
        configure_logging(settings.log_level)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings))


if __name__ == "__main__":
    main()
