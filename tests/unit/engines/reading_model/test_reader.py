"""Each question once, within budget and time, and no more of them when nothing comes back."""

import asyncio
from dataclasses import replace

import orjson
import pytest

from app.domain.reading import LeftOut, Void
from app.engines.model import ReadingModelConfig
from app.engines.reading_model.client import ModelFailure
from app.engines.reading_model.excerpt import choose_excerpt
from app.engines.reading_model.reader import MAX_FAILURES, MAX_PAUSE_S, TRIES, PageReader
from app.scanstore.sqlite import SqliteScanStore

ANSWER = {
    "verdict": "clean",
    "class": "none",
    "stance": "reports",
    "quotes": ["正文一二三"],
    "confidence": 0.9,
    "injection_seen": False,
}
GOOD = orjson.dumps(ANSWER).decode()


def excerpt(number=1):
    return choose_excerpt(host="a.test", title="", meta=(), text=f"正文一二三 {number}", links=(), places=())


class Model:
    """Answers in turn; the last one again and again."""

    def __init__(self, *answers):
        self.answers, self.bodies = list(answers) or [GOOD], []
        self.running = self.most = 0

    async def complete(self, body):
        self.bodies.append(body)
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(0)
        self.running -= 1
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(found, Exception):
            raise found
        return found


@pytest.fixture
def reading(tmp_path):
    store = SqliteScanStore(tmp_path / "scan.db")
    slept = []

    async def sleep(seconds):
        slept.append(seconds)

    def make(model, *, left_s=lambda: 600.0, picture_of=None, **config):
        chosen = ReadingModelConfig("http://127.0.0.1/v1", "m", **config)
        made = PageReader(config=chosen, client=model, store=store, left_s=left_s, picture_of=picture_of, sleep=sleep)
        made.slept = slept
        return made

    yield make
    store.close()


def failed(reason=Void.SERVER_ERROR, **more):
    return ModelFailure(reason, **more)


def outcome(reader):
    reader.conclude()
    summary = reader.summary()
    return summary.requests, summary.answered, summary.void, summary.left_out


async def test_the_same_question_is_asked_once_at_a_time_and_ever(reading):
    model = Model()
    reader = reading(model)
    first, second = await asyncio.gather(reader.ask(excerpt()), reader.ask(excerpt()))
    assert first == second == await reader.ask(excerpt())
    assert len(model.bodies) == 1
    assert await reading(model).ask(excerpt()) == first  # the next attempt
    assert len(model.bodies) == 1


async def test_a_void_answer_is_not_asked_for_again(reading):
    model = Model("no JSON")
    for reader in (reading(model), reading(model)):
        assert await reader.ask(excerpt()) is None
    assert outcome(reader) == (1, 0, {Void.MALFORMED: 1}, {})


async def test_what_may_pass_is_tried_again_after_the_time_that_the_server_names(reading):
    model = Model(failed(Void.RATE_LIMITED, may_pass=True, retry_after_s=3), GOOD)
    reader = reading(model)
    assert await reader.ask(excerpt()) is not None
    assert reader.slept == [3]
    assert outcome(reader) == (2, 1, {}, {})


async def test_the_last_try_is_the_last(reading):
    reader = reading(Model(failed(may_pass=True)))
    assert await reader.ask(excerpt()) is None
    assert outcome(reader) == (TRIES, 0, {Void.SERVER_ERROR: 1}, {})


async def test_a_server_that_wants_too_long_a_pause_is_not_waited_for(reading):
    reader = reading(Model(failed(Void.RATE_LIMITED, may_pass=True, retry_after_s=MAX_PAUSE_S + 1)))
    assert await reader.ask(excerpt()) is None
    assert (reader.slept, outcome(reader)) == ([], (1, 0, {Void.RATE_LIMITED: 1}, {}))


async def test_the_budget_counts_requests_and_what_it_leaves_out_is_said(reading):
    reader = reading(Model(failed(may_pass=True), GOOD), budget=3)
    found = [await reader.ask(excerpt(number)) for number in range(4)]
    assert [one is not None for one in found] == [True, True, False, False]
    assert outcome(reader) == (3, 2, {}, {LeftOut.BUDGET: 2})
    later = reading(Model(), budget=3)
    assert await later.ask(excerpt(5)) is None
    assert outcome(later)[0] == 3


async def test_a_share_of_the_budget_is_kept_for_others(reading):
    reader = reading(Model(), budget=4)
    for number in range(3):
        await reader.ask(excerpt(number), share=0.5)
    assert outcome(reader) == (2, 2, {}, {LeftOut.BUDGET: 1})
    assert await reader.ask(excerpt(2)) is not None  # a page with a signal, which was left out before
    assert outcome(reader) == (3, 3, {}, {})


async def test_no_page_is_asked_about_when_the_time_is_over(reading):
    reader = reading(Model(), left_s=lambda: 0.0)
    assert await reader.ask(excerpt()) is None
    assert outcome(reader) == (0, 0, {}, {LeftOut.TIME: 1})


async def test_an_endpoint_that_is_away_is_left_alone_after_a_few_failures(reading):
    reader = reading(Model(failed(Void.TIMEOUT)))
    for number in range(MAX_FAILURES + 3):
        await reader.ask(excerpt(number))
    assert outcome(reader) == (MAX_FAILURES, 0, {Void.TIMEOUT: MAX_FAILURES}, {LeftOut.SILENT: 3})


async def test_answers_that_are_void_are_no_outage(reading):
    reader = reading(Model("no JSON"))
    for number in range(MAX_FAILURES + 3):
        await reader.ask(excerpt(number))
    assert outcome(reader) == (MAX_FAILURES + 3, 0, {Void.MALFORMED: MAX_FAILURES + 3}, {})


async def test_only_so_many_are_asked_at_once(reading):
    model = Model()
    reader = reading(model, concurrency=3)
    await asyncio.gather(*(reader.ask(excerpt(number)) for number in range(12)))
    assert model.most == 3


async def test_each_question_has_a_marker_of_its_own(reading):
    model = Model()
    reader = reading(model)
    for number in range(3):
        await reader.ask(excerpt(number))
    assert len({body["messages"][1]["content"].partition("\n")[0] for body in model.bodies}) == 3


@pytest.mark.parametrize(
    ("reads_pictures", "sha256", "made", "shown"),
    [
        (True, "a" * 64, "/9j/4AA=", True),
        (True, "a" * 64, None, False),  # it was not kept
        (True, "", "/9j/4AA=", False),  # there is none
        (False, "a" * 64, "/9j/4AA=", False),  # the model reads none
    ],
)
async def test_a_model_that_reads_pictures_is_shown_the_screenshot(reading, reads_pictures, sha256, made, shown):
    async def picture_of(_):
        return made

    model = Model()
    reader = reading(model, picture_of=picture_of, reads_pictures=reads_pictures)
    assert await reader.ask(replace(excerpt(), picture=sha256)) is not None
    assert isinstance(model.bodies[0]["messages"][1]["content"], list) is shown


async def test_another_picture_is_another_question_for_a_model_that_reads_pictures_alone(reading):
    async def picture_of(_):
        return "/9j/4AA="

    for reads_pictures, asked in ((False, 1), (True, 2)):
        model = Model()
        reader = reading(model, picture_of=picture_of, reads_pictures=reads_pictures)
        for sha256 in ("a" * 64, "b" * 64):
            assert await reader.ask(replace(excerpt(), picture=sha256)) is not None
        assert len(model.bodies) == asked
