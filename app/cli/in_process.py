"""A scan by the services of this process, without a socket: `scan` and `demo` act and watch through it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any, Final

import orjson

from app.cli.display.result import MAX_FINDINGS, ScanResult
from app.client.events import Event
from app.compose.services import Services
from app.core.db import DatabaseUnavailable
from app.core.errors import ConfigurationError
from app.core.json_chunks import JsonChunks
from app.core.paging import Paging
from app.core.principal import ADMIN, Principal
from app.domain.findings import FindingFilter
from app.domain.messages import Language, MessageCatalog
from app.events import log
from app.events.bus.base import Hint, TaskHint
from app.scans.shown_run import RunRef
from app.websocket.messages.encoded_event import EncodedEvent

SWEEP_S: Final = 1.0  # a lost hint costs so much time, and nothing else
BATCH: Final = 500
USERS_LOOKED_AT: Final = 1_000


async def local_admin(services: Services, texts: MessageCatalog) -> Principal:
    """Return an administrator to act as: who sits at the machine owns the data folder.

    Raises ConfigurationError when the database has no active one.
    """
    users, _ = await services.users.list_page(page=1, page_size=USERS_LOOKED_AT)
    admin = next((user for user in users if user.role == ADMIN and user.is_active), None)
    if admin is None:
        raise ConfigurationError(texts("cli.no_admin"))
    return Principal(admin.id, admin.username, admin.role)


async def follow(services: Services, task_id: str) -> AsyncGenerator[Event, None]:
    """Yield every event of the task from the first on, as soon as it is committed. Endless; ends with the caller."""
    woken = asyncio.Event()

    def listen(hint: Hint) -> None:
        if isinstance(hint, TaskHint) and hint.task_id == task_id:
            woken.set()

    unsubscribe = services.bus.subscribe(listen)
    try:
        seq = 0
        while True:
            woken.clear()
            events = await _read(services, task_id, seq)
            for event in events:
                yield event
                seq = event.seq or seq
            if not events:
                with suppress(TimeoutError):
                    await asyncio.wait_for(woken.wait(), SWEEP_S)
    finally:
        unsubscribe()


async def result_of(services: Services, principal: Principal, task_id: str, language: Language) -> ScanResult:
    """Return the report, and the worst findings in this language."""
    wanted = RunRef(task_id)
    report = await services.reports.report(principal, wanted, language)
    paging = Paging(page_size=MAX_FINDINGS)
    listed = _document(await services.evidence.findings(principal, wanted, language, paging, FindingFilter()))
    findings = [
        _document(await services.evidence.finding(principal, wanted, language, item["finding_id"]))
        for item in listed["items"]
    ]
    return ScanResult(report, findings, listed["total"])


def _document(pieces: JsonChunks) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads(b"".join(pieces))
    return document


async def _read(services: Services, task_id: str, seq: int) -> list[Event]:
    try:
        found = await services.db.read(lambda connection: log.read_after(connection, task_id, seq, limit=BATCH))
    except DatabaseUnavailable:
        return []  # busy: the next look will do
    return [Event.of(orjson.loads(EncodedEvent(event).payload)) for event in found]  # as an event stream has it
