"""The loops that repair everything else outlive whatever happens in one of their rounds."""

import asyncio

import pytest
from structlog.testing import capture_logs

from tests.support.realtime import Stack, until


@pytest.fixture
async def stack(tmp_path):
    stack = Stack(tmp_path, sweep_interval_s=0.01, access_recheck_s=0.01, ws_check_interval_s=0.01)
    yield stack
    await stack.manager.stop()
    await stack.db.close()


def fail_first(work, error):
    """`work`, but the first call fails; and how often it was called."""
    calls = []

    def call(*arguments, **options):
        calls.append(arguments)
        if len(calls) == 1:
            raise error
        return work(*arguments, **options)

    return call, calls


@pytest.mark.parametrize("part", ["sweep", "revocation", "streams", "dispatcher"])
async def test_a_round_that_fails_is_logged_and_the_next_one_comes(stack, monkeypatch, part):
    manager = stack.manager
    owner, name = {
        "sweep": (manager.sweep, "run_once"),
        "revocation": (manager.revocation, "_check"),
        "streams": (manager.streams, "begin_sweep"),
        "dispatcher": (manager.dispatcher, "end_sweep"),
    }[part]
    call, calls = fail_first(getattr(owner, name), RuntimeError("unheard of"))
    monkeypatch.setattr(owner, name, call)
    with capture_logs() as logs:
        await manager.start()
        await until(lambda: len(calls) > 2)
    assert any(entry["event"].endswith("_failed") and entry["log_level"] == "error" for entry in logs)


async def test_a_check_that_fails_costs_no_other_connection_its_check(desk, monkeypatch):
    user = desk.stack.add_user("a")
    one, two = await desk.connect(user), await desk.connect(user)
    heartbeat = desk.manager.heartbeat
    call, calls = fail_first(heartbeat.check, RuntimeError("unheard of"))
    monkeypatch.setattr(heartbeat, "check", call)
    monkeypatch.setattr(desk.stack.clock, "sleep", lambda _: asyncio.sleep(0.001), raising=False)
    running = asyncio.create_task(heartbeat.run())
    await until(lambda: len(calls) > 3)
    running.cancel()
    await asyncio.wait([running])
    assert {arguments[0] for arguments in calls[1:]} == {one.connection, two.connection}


async def test_a_loop_that_fails_as_a_whole_is_started_again_and_counted(stack, monkeypatch):
    """As that of the broadcasts did when PostgreSQL took connections and did not answer: then nobody heard any more."""
    call, calls = fail_first(stack.manager.broadcasts._look, RuntimeError("unheard of"))
    monkeypatch.setattr(stack.manager.broadcasts, "_look", call)
    await stack.manager.start()
    await until(lambda: len(calls) > 1)
    counted = stack.metrics.registry.get_sample_value("background_task_failures_total", {"task": "broadcasts"})
    assert counted == 1
