"""A frame of a client becomes a typed command or one precise error."""

from contextlib import suppress

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.websocket.messages.codes import ErrorCode
from app.websocket.messages.commands import (
    BadFrame,
    Command,
    GetStatus,
    Ping,
    Resume,
    SubscribeTask,
    SubscribeTasks,
    UnsubscribeTask,
    parse,
)


def read(value, **limits):
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return parse(text, **{"max_bytes": 8_192, "max_nesting": 8, **limits})


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        ({"type": "ping"}, Ping),
        ({"type": "subscribe_task", "task_id": "t"}, SubscribeTask),
        ({"type": "unsubscribe_task", "task_id": "t"}, UnsubscribeTask),
        ({"type": "subscribe_tasks", "items": [{"task_id": "t"}]}, SubscribeTasks),
        ({"type": "resume", "task_id": "t", "last_seq": 3, "id": "r1"}, Resume),
        ({"type": "get_status", "unknown": 1}, GetStatus),
    ],
)
def test_every_command_is_understood(frame, kind):
    assert isinstance(read(frame), kind)


def test_the_defaults_are_those_of_the_protocol():
    command = read({"type": "subscribe_task", "task_id": "t"})
    assert (command.last_seq, command.log_tail, command.topics) == (None, 200, {"progress", "logs"})
    assert read({"type": "subscribe_tasks", "items": [1]}).log_tail == 0


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", ErrorCode.BAD_JSON),
        ("", ErrorCode.BAD_JSON),
        ("NaN", ErrorCode.BAD_JSON),
        ("[" * 9 + "]" * 9, ErrorCode.BAD_JSON),
        ("[]", ErrorCode.BAD_TYPE),
        ("null", ErrorCode.BAD_TYPE),
        ({"type": 7}, ErrorCode.BAD_TYPE),
        ({}, ErrorCode.MISSING_FIELD),
        ({"type": "launch"}, ErrorCode.UNKNOWN_TYPE),
        ({"type": "subscribe_task"}, ErrorCode.MISSING_FIELD),
        ({"type": "resume", "task_id": "t"}, ErrorCode.MISSING_FIELD),
        ({"type": "subscribe_task", "task_id": 7}, ErrorCode.INVALID_FIELD),
        ({"type": "subscribe_task", "task_id": ""}, ErrorCode.INVALID_FIELD),
        ({"type": "subscribe_task", "task_id": "t", "last_seq": -1}, ErrorCode.INVALID_FIELD),
        ({"type": "subscribe_task", "task_id": "t", "last_seq": "5"}, ErrorCode.INVALID_FIELD),
        ({"type": "subscribe_task", "task_id": "t", "last_seq": True}, ErrorCode.INVALID_FIELD),
        ({"type": "subscribe_task", "task_id": "t", "log_tail": 1_001}, ErrorCode.INVALID_FIELD),
        ({"type": "subscribe_task", "task_id": "t", "topics": ["weather"]}, ErrorCode.INVALID_FIELD),
        ({"type": "subscribe_tasks", "items": []}, ErrorCode.INVALID_FIELD),
        ({"type": "subscribe_tasks", "items": [{}] * 101}, ErrorCode.INVALID_FIELD),
        ({"type": "ping", "id": "x" * 65}, ErrorCode.INVALID_FIELD),
        ({"type": "ping", "id": 5}, ErrorCode.INVALID_FIELD),
        ('{"type":"ping","client_time":"' + "x" * 9_000 + '"}', ErrorCode.TOO_LARGE),
    ],
)
def test_what_is_not_understood_gets_its_code(frame, code):
    with pytest.raises(BadFrame) as caught:
        read(frame)
    assert caught.value.code == code


def test_the_error_carries_the_id_of_the_frame_when_it_has_a_good_one():
    with pytest.raises(BadFrame) as caught:
        read({"type": "resume", "id": "r7"})
    assert caught.value.command_id == "r7"


def test_brackets_inside_strings_are_no_nesting():
    assert isinstance(read({"type": "ping", "client_time": '[[[[[[[[[[\\"[['}), Ping)


@given(
    st.text(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["type", "task_id", "id", "last_seq"]), inner, max_size=4)
        ),
    )
)
def test_nothing_but_a_command_or_bad_frame_comes_out(value):
    with suppress(BadFrame):
        assert isinstance(read(value), Command)
