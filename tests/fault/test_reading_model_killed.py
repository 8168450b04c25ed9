"""SIGKILL to a scan amid its questions to a language model: nothing is asked twice, and the budget holds."""

import os
import signal
from collections import Counter

from tests.integration.whole_scans.test_reading_model import WORLD, report_of
from tests.support.model_server import UNCLEAR, answering, hanging, model_server
from tests.support.realtime import until
from tests.support.scan_backend import scan_backend
from tests.support.small_world import small_world

BUDGET = 4
ANSWERED = 1  # before the model hangs
AT_ONCE = 2


async def test_a_killed_scan_asks_nothing_twice_and_keeps_its_budget(tmp_path):
    answer = answering(UNCLEAR)

    async def behave(question):
        return await (answer(question) if question.number <= ANSWERED else hanging(question))

    async with model_server(behave) as model, small_world(WORLD) as world:
        world.delay_s = 0.005
        settings = {**world.settings, **model.settings, "reading_model_budget": BUDGET}
        async with scan_backend(tmp_path, **settings) as backend:
            task_id = await backend.create(cloaking=False)
            # Until then one may be counted that has not come: no more than these are asked at once.
            await until(lambda: len(model.questions) == ANSWERED + AT_ONCE, timeout_s=100)
            os.kill(backend.scan_pid(task_id), signal.SIGKILL)
            model.behave = answer
            row = await backend.finished(task_id, within_s=180)
            assert (row.status, row.attempt) == ("completed", 2)
            found = (await report_of(backend, tmp_path, task_id))["reading_model"]
    assert max(Counter(model.excerpts).values()) == 1
    assert found["requests"] == len(model.questions) == BUDGET
    assert found["void"] == {"interrupted": AT_ONCE}
    assert found["answered"] == BUDGET - AT_ONCE
    assert found["left_out"]["budget"] >= 1
