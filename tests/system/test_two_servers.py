"""Two servers behind nginx as `deploy/` has it: one is killed, its clients come to the other and miss nothing."""

import asyncio
import re

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.docs.markdown import blocks, read
from tests.support.cluster import PASSWORD, running_deployment
from tests.support.frames import read_until, subscribe
from tests.system.test_nginx import Front

pytestmark = pytest.mark.system

CLIENTS = 8  # of one user, who may have ten
ROUNDS = 5


@pytest.fixture
def deployment(tmp_path, postgres):
    with running_deployment(tmp_path, postgres, trusted_proxies="127.0.0.1") as deployment:
        yield deployment


def front_of(folder, first: str, second: str) -> Front:
    """nginx before both, its second server written as the page about installing writes it."""
    ports = [int(url.rpartition(":")[2]) for url in (first, second)]
    front = Front(folder, ports[0])
    (found,) = re.findall(
        r"sed -i 's/(.+)/&\\n(.+)/'", "".join(block.body for block in blocks(read("docs/install.md")))
    )
    here, behind = (text.replace("8000", str(ports[0])).replace("8001", str(ports[1])) for text in found)
    upstream = folder / "conf.d" / "compliance-upstream.conf"
    text = upstream.read_text("utf-8")
    assert here in text
    upstream.write_text(text.replace(here, f"{here}\n{behind}"), "utf-8")
    return front


class Client:
    """Follows a task through nginx, and comes back with its position when it is cut."""

    def __init__(self, front: Front, token: str, task: str) -> None:
        self.url = f"wss://127.0.0.1:{front.port}/api/v1/monitor/ws?token={token}"
        self.front, self.task = front, task
        self.events: dict[int, object] = {}
        self.begun: int | None = None  # where its first snapshot stood
        self.last: int | None = None
        self.cuts = 0

    async def open(self) -> None:
        self.link = await connect(self.url, ssl=self.front.trust, proxy=None)
        self.subscriber = await subscribe(self.link, self.task, self.last)
        if self.begun is None:
            self.begun = self.subscriber.last

    async def reach(self, seq: int) -> None:
        while True:
            try:
                await read_until(self.link, self.subscriber, self.task, seq)
            except ConnectionClosed:
                self.cuts += 1
                self._keep()
                await self.open()
            else:
                return self._keep()

    def _keep(self) -> None:
        assert self.subscriber.gaps == self.subscriber.duplicates == 0
        self.events |= self.subscriber.events
        self.last = self.subscriber.last


async def change(http: httpx.AsyncClient, task: str) -> int:
    """Cancels and retries a task that waits; the number of its newest event."""
    for _ in range(ROUNDS):
        for action in ("cancel", "retry"):
            answer = await http.post(f"/api/v1/tasks/{task}/{action}")
            assert answer.is_success, answer.text
    return int((await http.get(f"/api/v1/tasks/{task}")).json()["last_seq"])


async def test_clients_of_a_server_that_is_killed_come_to_the_other_and_miss_nothing(deployment, tmp_path):
    (killed, first), (_, second) = deployment.serve(), deployment.serve()
    front = front_of(tmp_path / "nginx", first, second)
    with front.running():
        await front.answers()
        url = f"https://127.0.0.1:{front.port}"
        async with httpx.AsyncClient(base_url=url, verify=front.trust, timeout=90, trust_env=False) as http:
            signed_in = await http.post("/api/v1/auth/login", json={"username": "admin", "password": PASSWORD})
            token = signed_in.json()["access_token"]
            http.headers["Authorization"] = f"Bearer {token}"
            task = (await http.post("/api/v1/tasks", json={"target_domain": "x.example"})).json()["id"]
            clients = [Client(front, token, task) for _ in range(CLIENTS)]
            for client in clients:
                await client.open()
            async with asyncio.timeout(60):
                before = await change(http, task)
                await asyncio.gather(*(client.reach(before) for client in clients))
                await asyncio.to_thread(killed.kill)
                last = await change(http, task)
                await asyncio.gather(*(client.reach(last) for client in clients))
    assert {client.cuts for client in clients} == {0, 1}
    for client in clients:
        assert list(client.events) == list(range(client.begun + 1, last + 1))
