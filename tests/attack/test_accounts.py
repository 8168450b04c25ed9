"""Who is not signed in: their guesses keep nobody out, their refusals fill no table, and no numbers are theirs."""

import asyncio
import sqlite3
from contextlib import closing

import httpx

from tests.support.backend import ADMIN_PASSWORD
from tests.support.service import Service, nginx_before

HOME = "192.0.2.10"
GUESSERS = 120  # at once: more than may wait
REFUSALS = 1_000


async def sign_in(client: httpx.AsyncClient, password: str, *, username: str = "admin", address: str) -> int:
    body = {"username": username, "password": password}
    answer = await client.post("/api/v1/auth/login", json=body, headers={"X-Forwarded-For": address})
    return answer.status_code


def far(client_of: Service) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=GUESSERS + 10)
    url = f"http://127.0.0.1:{client_of.port}"
    return httpx.AsyncClient(base_url=url, timeout=60, limits=limits, trust_env=False)


async def test_guesses_from_many_networks_keep_nobody_from_where_they_have_been(run_service):
    with run_service(trusted_proxies="127.0.0.0/8") as service:
        async with far(service) as client:
            assert await sign_in(client, ADMIN_PASSWORD, address=HOME) == 200
            full, over = asyncio.Event(), asyncio.Event()
            refused: list[int] = []

            async def guess(number: int) -> None:
                while not over.is_set():
                    address = f"2001:db8:{number:x}:{len(refused):x}::1"
                    refused.append(await sign_in(client, "wrong", username=f"user{number}", address=address))
                    if refused.count(429) >= GUESSERS:
                        full.set()

            async with asyncio.TaskGroup() as group:
                for number in range(GUESSERS):
                    group.create_task(guess(number))
                await full.wait()  # the strangers' queue
                statuses = [await sign_in(client, ADMIN_PASSWORD, address=HOME) for _ in range(5)]
                over.set()
            assert statuses == [200] * 5
            assert set(refused) == {401, 429}


def test_a_crowd_of_tasks_of_one_user_keeps_nobody_else_waiting(run_service):
    with run_service(max_concurrent_scans=1, resolvers="127.0.0.1:9", ct_urls="") as service:
        hog, other = service.add_user("hog"), service.add_user("mei")
        body = {"target_domain": "a.example", "config": {"use_passive_sources": False, "screenshots": False}}
        for _ in range(60):
            assert service.http.post("/api/v1/tasks", json=body, headers=hog).status_code == 201
        task = service.http.post("/api/v1/tasks", json=body, headers=other).json()
        assert task["queue_position"] <= 2  # the one that waits longest of the same round may be before it
        last = service.http.get("/api/v1/tasks?status=pending&page_size=1", headers=hog).json()["items"][0]
        assert last["queue_position"] > 50


def test_the_numbers_are_nobodys_also_behind_a_proxy_on_the_same_machine(service, tmp_path):
    assert service.http.get("/metrics").status_code == 401
    assert service.http.get("/metrics", headers=service.sign_in()).status_code == 200
    with nginx_before(tmp_path / "nginx", service.port, upgrade="", connection="") as port:
        assert httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=60, trust_env=False).status_code == 401


def test_refusals_without_number_are_a_handful_of_rows_and_lines(run_service):
    with run_service() as service:
        for _ in range(REFUSALS):
            answer = service.http.post("/api/v1/auth/refresh", json={"refresh_token": "x"})
            assert answer.status_code in {401, 429}
        for _ in range(REFUSALS // 10):
            request = (
                b"GET /api/v1/monitor/ws HTTP/1.1\r\nHost: here\r\nOrigin: https://elsewhere.example\r\n"
                b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
            )
            assert service.say(request).startswith(b"HTTP/1.1 403 ")
        log_bytes = service.log_bytes()
    with closing(sqlite3.connect(service.data_dir / "compliance.db")) as database:
        rows = database.execute("SELECT action, detail FROM audit_log WHERE outcome = 'denied'").fetchall()
    assert 4 <= len(rows) <= 12, rows  # a first and a number for each minute that it took
    assert log_bytes < 20_000


async def test_a_program_on_the_machine_of_the_proxy_cannot_name_a_new_client_for_each_guess(run_service):
    """It has the proxy's address, which is trusted; it has not its key."""
    key = "k7Jc0Yw4s9mB2vT6xQ1eR8uN3aL5dF0g"
    limits = {"login_burst_per_address": 3, "logins_per_minute_per_address": 0.1}  # a slow machine guesses slowly
    settings = {"trusted_proxies": "127.0.0.0/8", "proxy_key": key, **limits}
    with run_service(**settings) as service:
        async with far(service) as client:
            names = [f"198.51.100.{number}" for number in range(8)]
            guesses = [
                await sign_in(client, "wrong", username=f"user{number}", address=name)
                for number, name in enumerate(names)
            ]
            assert guesses[3:] == [429] * 5
            client.headers["X-Compliance-Proxy-Key"] = key  # the proxy: its clients have limits of their own
            assert await sign_in(client, ADMIN_PASSWORD, address=HOME) == 200
