"""The exported contracts are valid, and are what is spoken."""

import json

import pytest
from jsonschema import Draft202012Validator, ValidationError

from app.cli import main
from app.cli.export_schema import client_schema, server_schema
from app.events.types import EVENT_BODIES
from app.websocket.messages.commands import COMMANDS
from app.websocket.messages.frames import CONTROL_FRAMES
from tests.support.said import said

NOW = "2026-01-02T03:04:05.000Z"
COMMON = {"task_id": "t", "seq": 3, "prev_seq": 2, "attempt": 1, "timestamp": NOW}


@pytest.mark.parametrize("make", [server_schema, client_schema])
def test_it_is_valid_json_schema(make):
    Draft202012Validator.check_schema(make())


def test_every_frame_and_every_command_is_in_it():
    def types(schema):
        names = [branch["$ref"].rsplit("/", 1)[1] for branch in schema["oneOf"]]
        return {schema["$defs"][name]["properties"]["type"]["const"] for name in names}

    control = {model.model_fields["type"].default for model in CONTROL_FRAMES}
    assert types(server_schema()) == control | {body.type for body in EVENT_BODIES}
    assert types(client_schema()) == set(COMMANDS)


@pytest.mark.parametrize(
    "frame",
    [
        {**COMMON, "type": "task_warning", "code": "partial", "message": "m"},
        {"type": "pong", "ping_count": 1, "server_time": NOW, "timestamp": NOW},
        {"type": "task_deleted", "task_id": "t", "by": "x", "timestamp": NOW},
        {**COMMON, "type": "task_deleted", "by": "x"},
        {
            "type": "subscription_result",
            "task_id": "t",
            "action": "subscribe",
            "success": True,
            "epoch": "0",
            "timestamp": NOW,
        },
    ],
)
def test_frames_fit_it(frame):
    Draft202012Validator(server_schema()).validate(frame)


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "pong", "ping_count": -1, "server_time": NOW, "timestamp": NOW},
        {"ping_count": 1, "server_time": NOW, "timestamp": NOW},
        {**COMMON, "type": "task_unheard_of"},
        {**COMMON, "type": "task_warning", "code": "partial", "message": "m", "more": 1},
    ],
)
def test_what_is_never_sent_does_not(frame):
    with pytest.raises(ValidationError):
        Draft202012Validator(server_schema()).validate(frame)


@pytest.mark.parametrize(
    "command",
    [
        {"type": "ping"},
        {"type": "subscribe_task", "task_id": "t", "last_seq": 4, "topics": ["logs"], "id": "c1", "unknown": 1},
        {"type": "subscribe_tasks", "items": [{"task_id": "t"}]},
        {"type": "resume", "task_id": "t", "last_seq": 0},
        {"type": "get_status"},
    ],
)
def test_commands_fit_it(command):
    Draft202012Validator(client_schema()).validate(command)


@pytest.mark.parametrize(
    "command", [{"type": "resume", "task_id": "t"}, {"type": "subscribe_task", "task_id": "t", "topics": ["all"]}, {}]
)
def test_bad_commands_do_not(command):
    with pytest.raises(ValidationError):
        Draft202012Validator(client_schema()).validate(command)


def test_it_is_printed_as_one_object(capsys):
    assert main(["export-schema"]) == 0
    documents = json.loads(capsys.readouterr().out)
    assert set(documents) == {"openapi", "asyncapi", "websocket-server", "websocket-client"}
    assert documents["openapi"]["openapi"].startswith("3.1")
    assert "/api/v1/tasks" in documents["openapi"]["paths"]


def test_or_written_into_a_folder(tmp_path):
    assert main(["export-schema", "--output", str(tmp_path / "new" / "schema")]) == 0
    files = sorted(path.name for path in (tmp_path / "new" / "schema").iterdir())
    assert files == ["asyncapi.json", "openapi.json", "websocket-client.json", "websocket-server.json"]
    schema = json.loads((tmp_path / "new" / "schema" / "websocket-server.json").read_text())
    assert schema == json.loads(json.dumps(server_schema()))


def test_a_folder_that_cannot_be_is_said(tmp_path, capsys):
    (tmp_path / "file").write_text("x")
    folder = tmp_path / "file" / "schema"
    assert main(["--lang", "en", "export-schema", "--output", str(folder)]) == 2
    assert said("error.not_written", path=folder, reason=said("system.no_folder")) in capsys.readouterr().err
