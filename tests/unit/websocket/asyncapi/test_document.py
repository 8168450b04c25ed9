"""The contract as a file: complete, consistent, and what is spoken."""

import re
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from fastjsonschema import JsonSchemaException
from jsonschema import Draft7Validator

from app.domain.close_codes import CloseCode
from app.events.types import EVENT_BODIES, NOTICE_TYPES
from app.websocket.asyncapi.document import COMMAND, GONE, payload_schemas
from app.websocket.messages.codes import ErrorCode, SnapshotReason
from app.websocket.messages.commands import COMMANDS, parse
from app.websocket.messages.frames import CONTROL_FRAMES
from tests.support.frames import check_command, checker, contract, read_frame

MESSAGES = contract()["components"]["messages"]
# Everything that JSON Schema has and draft 7 has not.
NEWER = {
    "$defs",
    "prefixItems",
    "unevaluatedProperties",
    "unevaluatedItems",
    "dependentRequired",
    "dependentSchemas",
    "minContains",
    "maxContains",
    "$dynamicRef",
    "$anchor",
}


def walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from walk(item)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item)


def resolve(reference: str) -> Any:
    found = contract()
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def keys_of(operation: dict[str, Any]) -> set[str]:
    """Of all messages that an operation and its reply have."""
    messages = [*operation["messages"], *operation.get("reply", {}).get("messages", [])]
    return {message["$ref"].rpartition("/")[2] for message in messages}


def test_every_reference_leads_somewhere():
    references = [node["$ref"] for node in walk(contract()) if "$ref" in node]
    assert len(references) > 100
    for reference in references:
        resolve(reference)


def test_every_frame_and_every_command_is_a_message():
    frames = {model.model_fields["type"].default for model in CONTROL_FRAMES} | {body.type for body in EVENT_BODIES}
    assert set(MESSAGES) == frames | {GONE} | {COMMAND + name for name in COMMANDS}
    assert all(message["summary"] for message in MESSAGES.values())


def test_every_message_is_in_an_operation_of_a_channel_that_has_it():
    used = set()
    for operation in contract()["operations"].values():
        channel = resolve(operation["channel"]["$ref"])
        assert keys_of(operation) <= set(channel["messages"])
        used |= keys_of(operation)
    assert used == set(MESSAGES)


def test_every_command_has_its_answer():
    operations = contract()["operations"]
    for name, command in COMMANDS.items():
        answers = keys_of(operations[f"take_{name}"]) - {COMMAND + name}
        assert answers == ({command.reply, "error"} if name != "pong" else set())


def test_the_types_of_notices_are_those_that_are_sent():
    assert keys_of(contract()["operations"]["notify"]) == NOTICE_TYPES


@pytest.mark.parametrize("key", sorted(MESSAGES))
def test_every_example_is_valid_and_is_really_understood(key):
    for example in MESSAGES[key]["examples"]:
        checker(key)(example["payload"])
        if key.startswith(COMMAND):
            text = orjson.dumps(example["payload"]).decode()
            assert COMMAND + parse(text, max_bytes=8_192, max_nesting=8).type == key
        else:
            assert read_frame(orjson.dumps(example["payload"]))["type"] == MESSAGES[key]["name"]


def test_every_code_has_a_meaning():
    document = contract()
    assert all(code.meaning for codes in (CloseCode, ErrorCode, SnapshotReason) for code in codes)
    assert [code["code"] for code in document["x-close-codes"]] == [int(code) for code in CloseCode]
    assert [code["code"] for code in document["x-error-codes"]] == [code.value for code in ErrorCode]
    assert [code["reason"] for code in document["x-snapshot-reasons"]] == [code.value for code in SnapshotReason]


def test_close_codes_from_4500_on_say_stop_and_those_below_do_not():
    for code in contract()["x-close-codes"]:
        if code["code"] >= 4_000:
            assert (code["do"] == "stop") == (code["code"] >= 4_500)


def test_the_schemas_stay_within_draft_7():
    for schema in contract()["components"]["schemas"].values():
        Draft7Validator.check_schema(schema)
        assert not [node for node in walk(schema) if NEWER & set(node)]
        # Beside a `$ref` draft 7 ignores everything.
        assert not [node for node in walk(schema) if "$ref" in node and len(node) > 1]


def test_schemas_and_messages_have_names_that_tools_take():
    for key in (*MESSAGES, *contract()["components"]["schemas"]):
        assert re.fullmatch(r"[A-Za-z0-9_\-.]+", key)


def test_building_it_twice_gives_the_same_and_changes_nothing():
    names, schemas = payload_schemas()
    assert payload_schemas() == (names, schemas)


EVENT = {"task_id": "t", "seq": 3, "prev_seq": 2, "attempt": 1, "timestamp": "2026-01-02T03:04:05.000Z"}


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "pong", "ping_count": -1, "server_time": EVENT["timestamp"], "timestamp": EVENT["timestamp"]},
        {**EVENT, "type": "task_warning", "code": "partial", "message": "m", "more": 1},
        {**EVENT, "type": "task_warning", "code": "unheard_of", "message": "m"},
        {**EVENT, "type": "task_warning", "code": "partial"},
        {**EVENT, "type": "task_warning", "code": "partial", "message": "m", "timestamp": "yesterday"},
        {**EVENT, "type": "task_warning", "code": "partial", "message": "m", "seq": 0},
        {"type": "task_deleted", "task_id": "t", "by": "x", "timestamp": EVENT["timestamp"], "attempt": 1},
    ],
)
def test_what_is_never_sent_does_not_fit(frame):
    with pytest.raises(JsonSchemaException):
        read_frame(orjson.dumps(frame))


def test_an_unknown_type_is_no_frame():
    with pytest.raises(KeyError):
        read_frame(orjson.dumps({**EVENT, "type": "task_unheard_of"}))


@pytest.mark.parametrize(
    "command",
    [
        {"type": "resume", "task_id": "t"},
        {"type": "subscribe_task", "task_id": "t", "topics": ["all"]},
        {"type": "subscribe_tasks", "items": []},
    ],
)
def test_bad_commands_do_not_fit(command):
    with pytest.raises(JsonSchemaException):
        check_command(command)


def test_a_command_may_hold_more_than_is_known():
    check_command({"type": "resume", "task_id": "t", "last_seq": 3, "colour": "red"})
