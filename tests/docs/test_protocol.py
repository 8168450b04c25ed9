"""docs/protocol.md against the models: every message with exactly its fields, every example valid."""

import re
from collections.abc import Iterator
from typing import Any, get_args

import orjson
import pytest
from pydantic import BaseModel

from app.core.config import PREFIX, Settings
from app.events.types import EVENT_BODIES, NOTICE_TYPES
from app.websocket.messages.commands import COMMANDS, SubscribeItem, parse
from app.websocket.messages.frames import CONTROL_FRAMES
from tests.docs.markdown import blocks, codes, read, rows, section
from tests.support.frames import read_frame

TEXT = read("docs/protocol.md")
COMMON = {"type", "timestamp"}
FRAMES = {model.model_fields["type"].default: model for model in CONTROL_FRAMES}
EVENTS = {body.type: body for body in EVENT_BODIES}
PARTS = {"Commands of a client": COMMANDS, "Frames of the server": FRAMES, "Events of a task": EVENTS}
MESSAGES = [(part, name) for part, models in PARTS.items() for name in models]


def about(part: str, name: str) -> str:
    return section(section(TEXT, part), f"`{name}`")


def fields_of(model: type[BaseModel]) -> set[str]:
    """Names as the document writes them: `?` behind one that may be left out."""
    return {
        name + ("?" if not info.is_required() and (info.default is None or model in COMMANDS.values()) else "")
        for name, info in model.model_fields.items()
        if name not in COMMON
    }


def inner_models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for info in annotation.model_fields.values():
            yield from inner_models(info.annotation)
    for argument in get_args(annotation):
        yield from inner_models(argument)


@pytest.mark.parametrize(("part", "name"), MESSAGES)
def test_every_message_is_described_with_exactly_its_fields(part, name):
    said = [code for cells in rows(about(part, name)) for code in codes(cells[0])]
    assert set(said) == fields_of(PARTS[part][name])
    assert len(said) == len(set(said))


@pytest.mark.parametrize(("part", "name"), MESSAGES)
def test_every_inner_field_is_named_beside_its_message(part, name):
    text = about(part, name)
    inner = [found for info in PARTS[part][name].model_fields.values() for found in inner_models(info.annotation)]
    if name == "subscribe_tasks":
        inner.append(SubscribeItem)
    for field in {field for model in inner for field in model.model_fields}:
        assert re.search(rf"\b{field}\b", text), field


@pytest.mark.parametrize(("part", "name"), MESSAGES)
def test_every_message_has_an_example_that_is_valid(part, name):
    examples = [block for block in blocks(about(part, name)) if block.language == "json"]
    assert examples
    for example in examples:
        assert orjson.loads(example.body)["type"] == name
        if part == "Commands of a client":
            assert example.words == ("command",)
            assert parse(example.body, max_bytes=8_192, max_nesting=8).type == name
        else:
            assert example.words == ("frame",)
            read_frame(example.body)


def test_no_message_is_described_that_does_not_exist():
    for part, models in PARTS.items():
        titles = re.findall(r"^### `(\w+)`$", section(TEXT, part), re.MULTILINE)
        assert sorted(titles) == sorted(models)


def test_the_types_of_notices_are_listed():
    said = section(TEXT, "Follow a task").partition("### The rule")[0]
    assert set(codes(said)) & set(EVENTS) == NOTICE_TYPES


def test_every_limit_is_the_default_of_its_setting():
    for _, default, setting in rows(section(TEXT, "Limits")):
        field = Settings.model_fields[setting.strip("`").removeprefix(PREFIX).lower()]
        assert default.split()[0] == f"{field.default:g}" or int(default.split()[0]) == field.default, setting


def test_the_limits_of_the_welcome_are_the_defaults():
    example = next(block for block in blocks(about("Frames of the server", "connection_established")))
    welcome, defaults = orjson.loads(example.body), Settings.model_fields
    assert welcome["heartbeat"] == {
        "interval_s": defaults["ws_ping_after_s"].default,
        "timeout_s": defaults["ws_idle_timeout_s"].default,
    }
    for name, value in welcome["limits"].items():
        candidates = (f"ws_{name}", name, name.replace("replay_", "replay_max_"))
        assert value == next(defaults[field].default for field in candidates if field in defaults), name


def test_the_rule_in_python_is_the_rule():
    """The code block of the rule, run against a log with a filter, a duplicate, a notice and a hole."""
    block = next(block for block in blocks(section(TEXT, "The rule")) if block.language == "python")
    names: dict[str, Any] = {}
    exec(block.body, names)
    take, state = names["take"], {"last": None}
    verdicts = [
        take(state, frame)
        for frame in (
            {"type": "task_snapshot", "seq": 5},
            {"type": "task_stage", "seq": 6, "prev_seq": 5},
            {"type": "task_stage", "seq": 6, "prev_seq": 5},
            {"type": "task_warning", "seq": 7},
            {"type": "task_logs", "seq": 9, "prev_seq": 6},
            {"type": "task_logs", "seq": 12, "prev_seq": 11},
            {"type": "task_snapshot", "seq": 2},
        )
    ]
    assert verdicts == ["replace", "apply", "ignore", "ignore", "apply", "resume", "replace"]
    assert state == {"last": 2}
