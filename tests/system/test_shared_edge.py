"""Two servers with one database: what a user may do at one is what they may do at the other, with Redis and without."""

import asyncio
import contextlib
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.support.cluster import PATIENCE_S, running_deployment, wait_until
from tests.support.frames import read_frame

pytestmark = pytest.mark.system

OWN_PASSWORD = "staple staple staple"
NEW_PASSWORD = "something else entirely"
RECHECK_S = 16.0  # of everybody's rights
# What a hint brings comes before the servers look by themselves: at rights, broadcasts (each 5 s) and sockets (each 4).
# Who does the next thing as soon as one has come does it just after a look, with most of the time to the next one left.
RIGHTS_S, BROADCAST_S, SOCKET_S = 6.0, 4.0, 3.5
WITHOUT_HINTS_S = 60.0
WITH, WITHOUT = "with", "without"  # Redis
MOST_SOCKETS, MOST_FROM_HERE = 4, 12
TASK = {"target_domain": "example.com", "config": {"screenshots": False}}


@pytest.fixture(scope="module")
def deployment(tmp_path_factory, postgres):
    limits = {
        "login_burst_per_address": 1_000,
        "login_delay_s": 10,
        "access_recheck_s": RECHECK_S,
        "ws_max_connections_per_user": MOST_SOCKETS,
        "sse_max_streams_per_user": 1,
        "ws_max_connections_per_address": MOST_FROM_HERE,
    }
    with running_deployment(tmp_path_factory.mktemp("edge"), postgres, **limits) as deployment:
        yield deployment
        assert "Traceback" not in "".join(process.said() for process in deployment.processes)


@pytest.fixture(scope="module")
def servers(deployment):
    """The addresses of two servers."""
    return [deployment.serve()[1] for _ in range(2)]


@pytest.fixture(scope="module")
def admin(deployment, servers):
    return deployment.person(servers[0])


@pytest.fixture(params=[WITH, WITHOUT])
def redis(request, deployment, servers):
    """Whether there are hints."""
    if request.param == WITH:
        for url in servers:  # it may have been away for the test before
            wait_until(lambda url=url: httpx.get(f"{url}/readyz", timeout=60).json()["checks"]["bus"] == "ok")
        yield WITH
        return
    deployment.redis.stop()
    yield WITHOUT
    deployment.redis.start()


def limit(redis, hinted_s):
    """How long news may take."""
    return asyncio.timeout(hinted_s if redis == WITH else WITHOUT_HINTS_S)


def add_user(admin, username="mei") -> str:
    body = {"username": username, "email": f"{username}@example.com", "password": OWN_PASSWORD}
    answer = admin.client.post("/api/v1/admin/users", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def watch(stack: AsyncExitStack, url: str, credential: str):
    """A welcomed socket."""
    address = f"{url.replace('http', 'ws')}/api/v1/monitor/ws?{credential}"
    socket = await stack.enter_async_context(connect(address, proxy=None, ping_interval=None))
    assert read_frame(await socket.recv())["type"] == "connection_established"
    return socket


async def closing(socket) -> tuple[int, str]:
    """Read until the close: its code and reason."""
    while True:
        try:
            await socket.recv()
        except ConnectionClosed as closed:
            return closed.rcvd.code, closed.rcvd.reason


def log_out(person, admin, user_id):
    return person.client.post("/api/v1/auth/logout")


def change_password(person, admin, user_id):
    body = {"current_password": OWN_PASSWORD, "new_password": NEW_PASSWORD}
    return person.client.post("/api/v1/auth/password", json=body)


def disable(person, admin, user_id):
    return admin.client.patch(f"/api/v1/admin/users/{user_id}", json={"is_active": False})


def change_role(person, admin, user_id):
    return admin.client.patch(f"/api/v1/admin/users/{user_id}", json={"role": "admin"})


ENDS = {
    log_out: (4500, "logged_out"),
    change_password: (4500, "logged_out"),
    disable: (4501, "user_disabled"),
    change_role: (4500, "role_changed"),
}


@pytest.mark.parametrize("act", ENDS)
async def test_what_ends_a_users_rights_closes_their_sockets_at_both_servers(deployment, servers, admin, redis, act):
    """And none of the administrator's."""
    username = f"{act.__name__}-{redis}"
    user_id = await asyncio.to_thread(add_user, admin, username)
    person = await asyncio.to_thread(deployment.person, servers[0], username, OWN_PASSWORD)
    async with AsyncExitStack() as stack:
        own = [await watch(stack, url, f"token={person.token}") for url in servers]
        foreign = [await watch(stack, url, f"token={admin.token}") for url in servers]
        answer = await asyncio.to_thread(act, person, admin, user_id)
        assert answer.is_success, answer.text
        async with limit(redis, RIGHTS_S):
            assert [await closing(socket) for socket in own] == [ENDS[act]] * 2
        for socket in foreign:
            await socket.send('{"type": "ping"}')
            assert read_frame(await socket.recv())["type"] == "pong"


async def next_message(socket) -> str:
    """What the next broadcast says."""
    while True:
        frame = read_frame(await socket.recv())
        if frame["type"] == "admin_broadcast":
            return frame["message"]


async def test_a_broadcast_reaches_both_servers_and_who_comes_later(servers, admin, redis):
    async with AsyncExitStack() as stack:
        here = [await watch(stack, url, f"token={admin.token}") for url in servers]
        for body in ({"message": f"kept {redis}", "expires_in_s": 600}, {"message": f"news {redis}"}):
            answer = await asyncio.to_thread(admin.client.post, "/api/v1/monitor/ws/broadcast", json=body)
            assert (answer.status_code, answer.json()["delivered"]) == (200, 1)
            async with limit(redis, BROADCAST_S):
                heard = [await next_message(socket) for socket in here]
            while heard[0] != body["message"]:  # kept by another run of this test
                heard = [await next_message(socket) for socket in here]
            assert heard == [body["message"]] * 2
        late = [await watch(stack, url, f"token={admin.token}") for url in servers]
        for socket in late:
            await socket.send('{"type": "ping"}')
            frames = []
            while not frames or frames[-1]["type"] != "pong":
                frames.append(read_frame(await socket.recv()))
            said = [frame["message"] for frame in frames if frame["type"] == "admin_broadcast"]
            assert said[-1] == f"kept {redis}"
            assert not [message for message in said if message.startswith("news")]


async def test_of_too_many_sockets_the_oldest_gives_way_wherever_it_is(deployment, servers, admin, redis):
    username = f"many-{redis}"
    await asyncio.to_thread(add_user, admin, username)
    person = await asyncio.to_thread(deployment.person, servers[0], username, OWN_PASSWORD)
    async with AsyncExitStack() as stack:
        own = []
        for number in range(MOST_SOCKETS):
            own.append(await watch(stack, servers[number % 2], f"token={person.token}"))
            await asyncio.sleep(0.5)  # by the database's clock the first is the oldest
        while len(own) > 1:
            await watch(stack, servers[1], f"token={person.token}")
            async with limit(redis, SOCKET_S):
                assert await closing(own.pop(0)) == (4503, "connection_limit")
            for socket in own:
                await socket.send('{"type": "ping"}')
                assert (await socket.recv()) is not None


async def knock(url: str, token: str) -> int | None:
    """The status with which a socket is refused; None: it was let in, and is closed."""
    try:
        async with AsyncExitStack() as stack:
            await watch(stack, url, f"token={token}")
    except InvalidStatus as refused:
        return refused.response.status_code
    return None


async def test_sockets_of_an_address_are_counted_over_both_servers(deployment, servers, admin, redis):
    names = [f"crowd-{redis}-{number}" for number in range(MOST_FROM_HERE // MOST_SOCKETS + 1)]
    for name in names:
        await asyncio.to_thread(add_user, admin, name)
    *inside, outside = [
        (await asyncio.to_thread(deployment.person, servers[0], name, OWN_PASSWORD)).token for name in names
    ]
    async with AsyncExitStack() as stack, asyncio.timeout(PATIENCE_S):
        for number in range(MOST_FROM_HERE):
            while True:
                with contextlib.suppress(InvalidStatus):  # one of the test before is not forgotten yet
                    await watch(stack, servers[number % 2], f"token={inside[number // MOST_SOCKETS]}")
                    break
                await asyncio.sleep(0.2)
        for url in servers:
            while (status := await knock(url, outside)) is None:  # noqa: ASYNC110 - it is not counted there at once
                await asyncio.sleep(0.2)
            assert status == 429


async def try_stream(http, url) -> httpx.Response:
    """The answer; of a stream without its events."""
    async with http.stream("GET", url) as stream:
        if stream.status_code != 200:
            await stream.aread()
        return stream


@contextlib.asynccontextmanager
async def opened(http, url):
    """An event stream, as soon as the one before it is forgotten."""
    while True:
        async with http.stream("GET", url) as stream:
            if stream.status_code == 200:
                yield
                return
        await asyncio.sleep(0.1)


async def test_streams_of_a_user_are_counted_over_both_servers(servers, admin, redis):
    task = (await asyncio.to_thread(admin.client.post, "/api/v1/tasks", json=TASK)).json()["id"]
    headers = {"Authorization": f"Bearer {admin.token}"}
    path = f"/api/v1/monitor/tasks/{task}/events"
    async with httpx.AsyncClient(headers=headers, timeout=60) as http:
        # No hint is needed: they are counted where they are asked for.
        async with asyncio.timeout(WITHOUT_HINTS_S), opened(http, servers[0] + path):
            while (answer := await try_stream(http, servers[1] + path)).status_code == 200:  # noqa: ASYNC110 - of others
                await asyncio.sleep(0.1)
            assert (answer.status_code, answer.json()["code"]) == (429, "stream_limit")
        async with asyncio.timeout(WITHOUT_HINTS_S), opened(http, servers[1] + path):
            pass


async def test_numbers_name_the_other_server_and_say_when_it_is_not_heard(deployment, servers, admin, redis):
    def other():
        (found,) = admin.client.get("/api/v1/monitor/ws/stats").json()["other_servers"]
        return found

    async with AsyncExitStack() as stack:
        await watch(stack, servers[1], f"token={admin.token}")
        await asyncio.to_thread(wait_until, lambda: (other()["is_heard"], other()["connections"]) == (True, 1))
        process = deployment.processes[1].process
        process.send_signal(signal.SIGSTOP)
        try:
            await asyncio.to_thread(wait_until, lambda: not other()["is_heard"])
            assert (other()["connections"], other()["silent_s"] >= 12) == (1, True)
        finally:
            process.send_signal(signal.SIGCONT)
        await asyncio.to_thread(wait_until, lambda: other()["is_heard"])


@pytest.mark.usefixtures("redis")
async def test_a_ticket_of_one_server_opens_one_socket_at_the_other(servers, admin):
    ticket = admin.client.post("/api/v1/monitor/ws/ticket").json()["ticket"]
    async with AsyncExitStack() as stack:
        await watch(stack, servers[1], f"ticket={ticket}")
        address = f"{servers[0].replace('http', 'ws')}/api/v1/monitor/ws?ticket={ticket}"
        async with connect(address, proxy=None) as again:
            assert read_frame(await again.recv())["code"] == "invalid_token"


def test_guesses_at_both_servers_are_counted_together(deployment, servers, admin, redis):
    """With Redis and without: the fixture takes it away."""
    username = f"guessed-{redis}"
    add_user(admin, username)

    def sign_in(url: str, password: str) -> int:
        body = {"username": username, "password": password}
        return httpx.post(f"{url}/api/v1/auth/login", json=body, timeout=60).status_code

    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(sign_in, servers * 6, ["wrong"] * 12))
    assert sorted(statuses) == [401] * 5 + [429] * 7
    wait_until(lambda: sign_in(servers[1], OWN_PASSWORD) == 200)
    assert [sign_in(url, "wrong") for url in servers] == [401] * 2


def test_a_request_that_is_sent_to_both_servers_at_once_is_carried_out_once(servers, admin, redis):
    headers = {"Authorization": f"Bearer {admin.token}", "Idempotency-Key": f"the-same-{redis}-redis"}
    before = admin.client.get("/api/v1/tasks").json()["total"]

    def create(url: str) -> httpx.Response:
        return httpx.post(f"{url}/api/v1/tasks", json=TASK, headers=headers, timeout=60)

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(create, servers * 4))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    other = httpx.post(
        f"{servers[1]}/api/v1/tasks", timeout=60, json={"target_domain": "other.example"}, headers=headers
    )
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert admin.client.get("/api/v1/tasks").json()["total"] == before + 1
