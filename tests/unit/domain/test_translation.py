"""What is stored in one language is read in the other."""

import ast
import copy
import pickle
from pathlib import Path

import pytest

from app.domain.messages import Language, MessageCatalog
from app.domain.stages import StageKey
from app.domain.translation import origin, said, translate, translate_event, translate_violation
from app.events.types import EVENT_BODIES

APP = Path(__file__).parents[3] / "app"
ZH, EN = MessageCatalog("zh-CN"), MessageCatalog("en")


def test_a_sentence_stands_beside_what_it_was_made_of():
    assert said(EN("queued", position=3)) == {
        "message": MessageCatalog("en")("queued", position=3),
        "text_key": "queued",
        "params": {"position": 3},
        "lang": "en",
    }
    assert type(said(EN("queued", position=3))["message"]) is str


def test_a_sentence_that_was_made_of_nothing_stands_alone():
    assert said("hello") == {"message": "hello"}
    assert origin("hello") == {}
    assert translate({"message": "hello"}, Language.EN) == {"message": "hello"}


def test_a_text_within_a_text_is_made_anew_too():
    line = ZH("not_seen", host="a.test", count=3, reason=ZH("reason.robots"))
    assert translate(said(line), Language.EN)["message"] == EN(
        "not_seen", host="a.test", count=3, reason=EN("reason.robots")
    )


def test_lists_are_joined_as_the_readers_language_does():
    line = ZH("task_cut", reasons=ZH.join_clauses([ZH("reason.depth"), ZH("reason.robots")]))
    joined = f"{EN('reason.depth')}; {EN('reason.robots')}"
    assert translate(said(line), Language.EN)["message"] == EN("task_cut", reasons=joined)


@pytest.mark.parametrize(
    ("key", "params"),
    [
        ("a_key_of_a_newer_version", {}),
        ("queued", {}),
        ("long_running", {"hours": "many"}),
        ("not_seen", {"host": "a", "count": 1, "reason": {"text_key": "a_newer_reason", "params": {}}}),
    ],
)
def test_what_this_version_cannot_say_stays_as_it_was_written(key, params):
    fields = {"message": "as written", "text_key": key, "params": params}
    assert translate(fields, Language.EN) == fields


def test_what_a_page_puts_into_a_parameter_is_no_template():
    hostile = "{position} {0} {text_key.__class__} %s"
    line = ZH("unreadable", url=hostile, reason=ZH("unreadable_cpu"))
    assert hostile in translate(said(line), Language.EN)["message"]


@pytest.mark.parametrize("kind", ["task_progress", "task_stage"])
def test_the_name_of_a_stage_is_translated_by_its_key(kind):
    body = {"stage_key": StageKey.PAGE_CRAWL.value, "stage": "页面爬取", "lang": "zh-CN"}
    assert translate_event(kind, body, Language.EN) == {**body, "stage": "Page crawl", "lang": "en"}


def test_every_line_of_a_group_is_translated_and_the_reason_of_a_failure():
    lines = [{"log_seq": 1, **said(ZH("log_full"))}, {"log_seq": 2, "message": "as it is"}]
    told = translate_event("task_logs", {"logs": lines}, Language.EN)
    assert [line["message"] for line in told["logs"]] == [EN("log_full"), "as it is"]
    error = {"code": "internal", **said(ZH("scan_failed"))}
    told = translate_event("task_completed", {**said(ZH("task_failed")), "error": error}, Language.EN)
    assert (told["message"], told["error"]["message"]) == (EN("task_failed"), EN("scan_failed"))


def test_the_sentence_of_a_violation_stands_in_its_object():
    found = {"domain": "a.test", "violation_type": "赌博", "description": "旧"}
    fields = {"violation": found, "violation_key": "gambling", "text_key": "queued", "params": {"position": 1}}
    told = translate_violation(fields, Language.EN)
    assert told["violation"] == {
        "domain": "a.test",
        "violation_type": "Gambling",
        "description": EN("queued", position=1),
    }
    assert set(told) == set(fields)


def test_whoever_says_something_to_people_says_what_it_was_made_of():
    """A message given by name would be a sentence without its key."""
    telling = {body.__name__ for body in EVENT_BODIES if "text_key" in body.model_fields} - {"ViolationDetected"}
    telling |= {"ErrorInfo"}
    loose = [
        f"{path.relative_to(APP)}:{call.lineno}"
        for path in sorted(APP.rglob("*.py"))
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in telling
        if any(argument.arg == "message" for argument in call.keywords)
    ]
    assert len(telling) == 7
    # The original design lets its callers bring sentences of their own.
    assert [place for place in loose if not place.startswith("websocket/handlers.py")] == []


def test_a_text_can_be_copied_and_sent():
    text = ZH("not_seen", host="a.test", count=3, reason=ZH("reason.robots"))
    for other in (copy.deepcopy(text), pickle.loads(pickle.dumps(text))):
        assert (other, other.key, other.params, other.language) == (text, text.key, text.params, text.language)
