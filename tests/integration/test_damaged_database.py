"""A page of the database file is damaged: 503 and not ready, said once with the path, and no traceback."""

import httpx
import orjson
from websockets.asyncio.client import connect

from app.cli.doctor.result import CheckStatus
from app.cli.doctor.storage import check_database
from app.domain.log_entry import LogEntry
from app.events.event import PendingLogs
from tests.support.backend import make_settings
from tests.support.frames import read_frame
from tests.support.logs import captured_log
from tests.support.streaming import open_stream, stream_backend

PAGE_BYTES = 4_096
MARK = "the line whose page is damaged"


def damage(database):
    """Every page that holds the mark; other pages and the file's head stay as they are."""
    content = bytearray(database.read_bytes())
    places = {place // PAGE_BYTES for place in range(len(content)) if content.startswith(MARK.encode(), place)}
    assert places
    assert 0 not in places
    for number in places:
        content[number * PAGE_BYTES : (number + 1) * PAGE_BYTES] = b"\xff" * PAGE_BYTES
    database.write_bytes(content)


def lines(backend, count):
    now = backend.clock.now()
    return PendingLogs(tuple(LogEntry("INFO", "test", f"{MARK} {number}", now) for number in range(count)))


async def test_a_damaged_page_is_503_everywhere_and_not_ready(tmp_path):
    folder = tmp_path / "data"
    async with stream_backend(folder) as backend:
        token = await backend.sign_in()
        task = await backend.add_task(token)
        last = await backend.say(task, *(lines(backend, 50) for _ in range(20)))
    damage(folder / "compliance.db")
    with captured_log("INFO") as log:
        async with stream_backend(folder) as backend:
            headers = {"Authorization": f"Bearer {token}"}
            async with httpx.AsyncClient(base_url=backend.url, timeout=60, headers=headers, trust_env=False) as client:
                assert (await client.get("/readyz")).status_code == 200
                answer = await client.get(f"/api/v1/monitor/tasks/{task}/logs")
                assert (answer.status_code, answer.json()["code"]) == (503, "database_damaged")
                assert answer.headers["retry-after"]
                ready = await client.get("/readyz")
                assert (ready.status_code, ready.json()["checks"]["database"]) == (503, "damaged")
                assert (await client.get("/livez")).status_code == 200
                assert (await client.get("/api/v1/tasks")).status_code == 200
            address = f"ws://127.0.0.1:{backend.port}/api/v1/monitor/ws?token={token}"
            async with connect(address, proxy=None) as link:
                read_frame(await link.recv())
                await link.send(orjson.dumps({"type": "subscribe_task", "task_id": task}).decode())
                refused = read_frame(await link.recv())
                assert (refused["success"], refused["error"]["code"]) == (False, "database_damaged")
            async with open_stream(backend, task, token, last_id=f"0:{last - 1}") as reader:
                assert (reader.status, orjson.loads(await reader.body())["code"]) == (503, "database_damaged")
    said = log.getvalue()
    assert said.count("database_damaged") == 1
    assert f"{folder}/compliance.db" in said
    assert "Traceback" not in said
    found = check_database(make_settings(folder))
    assert found.state is CheckStatus.FAILED
    assert "is damaged" in found.found
