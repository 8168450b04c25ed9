"""When a question is asked, and how often it may be."""

import asyncio

import pytest

from app.configuration.reading_model_probe import BURST, ReadingModelProbe
from app.core.config import Settings
from app.core.errors import Conflict, LimitReached
from app.core.live_settings import LiveSettings
from app.core.principal import Principal
from app.domain.reading import Void
from tests.support.backend import HandClock

ADMIN = Principal("1", "admin", "admin", address="192.0.2.7")
MODEL = {"reading_model_url": "http://127.0.0.1:1/v1", "reading_model_name": "m"}


class RecordedAudit:
    def __init__(self):
        self.rows = []

    def record(self, action, outcome="ok", **more):
        self.rows.append((action, outcome, more["detail"]))


def probe_of(ask, **stored):
    live = LiveSettings(Settings())
    live.apply(1, stored)
    return ReadingModelProbe(settings=live, ask=ask, clock=HandClock(), audit=RecordedAudit())


def answering(clock_of, seconds, failure):
    async def ask(_settings):
        clock_of().seconds += seconds
        return failure

    return ask


@pytest.mark.parametrize(("failure", "outcome"), [(None, "ok"), (Void.TIMEOUT, "failed")])
async def test_the_time_and_the_outcome_are_told_and_written(failure, outcome):
    probe = probe_of(answering(lambda: probe.clock, 0.25, failure), **MODEL)
    result = await probe.test(ADMIN)
    assert (result.model, result.latency_ms, result.failure) == ("m", 250, failure)
    assert probe.audit.rows == [("reading_model.test", outcome, {"failure": failure})]


async def test_without_a_model_nothing_is_asked():
    async def never(_settings):
        raise AssertionError

    with pytest.raises(Conflict) as caught:
        await probe_of(never).test(ADMIN)
    assert caught.value.code == "reading_model_missing"


async def test_questions_are_limited_in_rate():
    async def ask(_settings):
        return None

    probe = probe_of(ask, **MODEL)
    for _ in range(BURST):
        await probe.test(ADMIN)
    with pytest.raises(LimitReached) as caught:
        await probe.test(ADMIN)
    assert caught.value.retry_after_s == pytest.approx(10)
    probe.clock.seconds += 10
    assert (await probe.test(ADMIN)).failure is None


async def test_one_question_is_under_way_at_a_time():
    begun, go = asyncio.Event(), asyncio.Event()

    async def ask(_settings):
        begun.set()
        await go.wait()

    probe = probe_of(ask, **MODEL)
    first = asyncio.create_task(probe.test(ADMIN))
    await begun.wait()
    with pytest.raises(LimitReached):
        await probe.test(ADMIN)
    go.set()
    assert (await first).failure is None
