from collections import Counter

import pytest

from app.domain.reading import READING, Void, summary_of
from app.domain.violations import ViolationKey
from app.engines.reading_model.answer import Opinion, Stance, Verdict
from app.engines.reading_model.asked_questions import AskedQuestions
from app.scanstore.sqlite import SqliteScanStore

OPINION = Opinion(
    verdict=Verdict.VIOLATION,
    key=ViolationKey.GAMBLING,
    stance=Stance.PROMOTES,
    quotes=("首存",),
    confidence=0.9,
    injected=False,
    instruction="",
    model="m",
    prompt_version=1,
)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.system)])
def open_store(request, tmp_path):
    if request.param == "sqlite":
        return lambda: SqliteScanStore(tmp_path / "scan.db")
    return request.getfixturevalue("postgres_run").open


def questions(store):
    return AskedQuestions(store=store, budget=3, model="m", prompt_version=1)


def test_what_was_answered_is_known_to_the_next_attempt(open_store):
    store = open_store()
    first = questions(store)
    first.begin("a")
    first.answer("a", OPINION)
    first.begin("b")
    first.void("b", Void.TIMEOUT)
    store.close()
    store = open_store()
    again = questions(store)
    assert (again.is_known("a"), again.is_known("b"), again.is_known("c")) == (True, True, False)
    assert (again.opinion("a"), again.opinion("b")) == (OPINION, None)
    assert again.requests_left == 1
    store.close()


def test_a_question_under_way_is_kept_before_it_is_asked_and_void_afterwards(tmp_path):
    store = SqliteScanStore(tmp_path / "scan.db")
    questions(store).begin("a")
    store._connection().rollback()  # as after kill -9: what was not committed is gone
    again = questions(store)
    assert (again.is_known("a"), again.opinion("a")) == (True, None)
    assert again.requests_left == 2
    assert again.summary().void == {Void.INTERRUPTED: 1}
    again.conclude(Counter(), Counter())
    assert summary_of(store.checkpoint(READING)).void == {"interrupted": 1}
    store.close()


def test_the_report_gets_the_numbers(tmp_path):
    store = SqliteScanStore(tmp_path / "scan.db")
    asked = questions(store)
    asked.begin("a")
    asked.answer("a", OPINION)
    asked.conclude(Counter(budget=2), Counter(confirmed=1))
    found = summary_of(store.checkpoint(READING))
    assert (found.model, found.budget, found.requests, found.asked, found.answered) == ("m", 3, 1, 1, 1)
    assert (found.left_out, found.effects, found.is_spent) == ({"budget": 2}, {"confirmed": 1}, True)
    store.close()
