"""Who can write to Redis, and has no key: it makes no page show what never was."""

from datetime import UTC, datetime

import orjson
import pytest
from websockets.asyncio.client import connect

from app.events.bus.base import TaskHint
from app.events.bus.codec import encode
from app.events.event import Event
from app.events.types import TaskCompleted
from tests.support.cluster import running_deployment, wait_until
from tests.support.frames import read_frame, subscribe

pytestmark = pytest.mark.system

CLEAN = {**TaskCompleted.example, "verdict": {"result": "clean", "reasons": []}}
METRICS_TOKEN = "m7Jc0Yw4s9mB2vT6xQ1eR8uN3aL5dF0g"
INVENTED = "01a22b1e-e43e-7705-83b1-70078b8fe412"


def forged_end(task_id: str, user_id: str, seq: int) -> bytes:
    """What a process of ours would say of a scan that has ended, without its proof."""
    body = TaskCompleted.model_validate(CLEAN).encoded
    event = Event(task_id, seq, 1, "task_completed", body, datetime.now(UTC))
    return encode(TaskHint(task_id, user_id, seq, "completed", (event,)), sender="stranger")


async def test_a_forged_end_of_a_cancelled_and_of_an_invented_scan_reaches_no_page(tmp_path, postgres):
    with running_deployment(tmp_path, postgres, metrics_token=METRICS_TOKEN) as deployment:
        server, url = deployment.serve()
        admin = deployment.person(url)
        task = admin.create("a.example")
        cancelled = admin.client.post(f"/api/v1/tasks/{task}/cancel").json()
        async with connect(f"{url.replace('http', 'ws')}/api/v1/monitor/ws?token={admin.token}", proxy=None) as link:
            subscriber = await subscribe(link, task)
            channel = f"compliance:hints:{cancelled['user_id']}"
            with deployment.redis.client() as redis:
                for task_id, seq in ((task, subscriber.last + 1), (INVENTED, 1)):
                    forged = forged_end(task_id, cancelled["user_id"], seq)
                    for message in (forged, bytes(32) + forged):
                        assert redis.publish(channel, message) == 1
            counted = 'event_bus_refused_total{what="signature"} 4.0'
            bearer = {"Authorization": f"Bearer {METRICS_TOKEN}"}
            wait_until(lambda: counted in admin.client.get("/metrics", headers=bearer).text, server)
            assert admin.client.delete(f"/api/v1/tasks/{task}").status_code == 204
            seen = []
            while not seen or seen[-1]["type"] != "task_deleted":
                seen.append(read_frame(await link.recv()))
        assert "task_completed" not in {frame["type"] for frame in seen}
        assert INVENTED not in orjson.dumps(seen).decode()
        assert cancelled["status"] == "cancelled"
