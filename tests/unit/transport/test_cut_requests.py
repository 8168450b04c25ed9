"""Which cancellations of a request are nobody's business."""

import asyncio
from types import SimpleNamespace

import pytest

from app.transport.cut_requests import answer_unless_cut


async def wait_for_ever(_scope, _receive, _send):
    await asyncio.Event().wait()


@pytest.mark.parametrize("is_cut", [True, False])
async def test_a_cancellation_is_an_error_only_where_somebody_waits_for_the_answer(is_cut):
    cycle = SimpleNamespace(disconnected=False)
    running = asyncio.create_task(answer_unless_cut(wait_for_ever, cycle, {}, None, None))
    await asyncio.wait({running}, timeout=0)
    cycle.disconnected = is_cut
    running.cancel()
    await asyncio.wait({running})
    assert running.cancelled() is not is_cut


async def test_an_answer_is_as_ever():
    async def app(scope, _receive, _send):
        return scope["value"]

    assert await answer_unless_cut(app, SimpleNamespace(disconnected=True), {"value": 1}, None, None) == 1
