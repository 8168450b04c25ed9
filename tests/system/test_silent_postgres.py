"""PostgreSQL takes connections and says nothing, as behind a firewall that drops what it should pass."""

import asyncio

import pytest
from pydantic import SecretStr

from tests.support.live import go_live
from tests.support.network_link import open_link
from tests.support.realtime import until

pytestmark = pytest.mark.system
PATIENCE_S = 120.0
PATHS = ("/auth/me", "/tasks", "/overview", "/admin/users")
SECRET = SecretStr("0123456789abcdef0123456789abcdef")


@pytest.fixture
async def link(postgres, postgres_database):
    async with open_link(postgres.port) as link:
        yield link


async def test_it_is_said_to_be_away_and_what_runs_in_the_background_goes_on_after(
    tmp_path, link, postgres, postgres_database
):
    url = postgres_database.replace(f":{postgres.port}/", f":{link.port}/")
    distributed = {
        "database_url": url,
        "redis_url": SecretStr("redis://127.0.0.1:1/0"),
        "secret_key": SECRET,
        "database_busy_timeout_s": 5.0,  # after which it is said to be away
    }
    async with go_live(tmp_path / "data", **distributed) as live:
        live.http.timeout = PATIENCE_S
        token = (await live.sign_in())["access_token"]
        broadcasts = live.services.manager.broadcasts
        link.cut()
        link.reset()  # so that the next connections are those that nobody answers
        answers = await asyncio.gather(*(live.ask("GET", path, token) for path in PATHS))
        assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(503, "database_unavailable")}
        await asyncio.wait_for(broadcasts._look(), PATIENCE_S)  # says so in the log, and ends
        link.restore()
        await until(lambda: live.services.manager.sweep_lag_s < 2, PATIENCE_S)
        async with asyncio.timeout(PATIENCE_S):  # all that waited connects at once, also what nobody waits for any more
            while (await live.ask("GET", "/auth/me", token)).status_code != 200:  # noqa: ASYNC110 - REST tells
                await asyncio.sleep(0.1)
        names = {task.get_name() for task in asyncio.all_tasks()}
        assert names >= {
            "broadcasts",
            "sweep",
            "revocation",
            "peer-servers",
            "heartbeat",
            "configuration",
            "audit-trail",
        }
        (failures,) = live.services.metrics.background_failures.collect()
        assert failures.samples == []
