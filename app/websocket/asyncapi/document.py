"""The wire contract as an AsyncAPI 3.0 document, generated from the models that the server speaks with. No I/O.

It describes the application as AsyncAPI does: `receive` is what the server takes, `send` what it says. Payload schemas
stay within JSON Schema draft 7, which is AsyncAPI's default dialect.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from app.domain.close_codes import CloseCode
from app.events.types import EVENT_BODIES, NOTICE_TYPES
from app.websocket.asyncapi.examples import (
    TASK,
    example_of_command,
    example_of_control,
    example_of_event,
)
from app.websocket.asyncapi.field_meanings import meaning_of
from app.websocket.messages.codes import ErrorCode, SnapshotReason
from app.websocket.messages.commands import COMMANDS
from app.websocket.messages.event_frames import event_frame_models
from app.websocket.messages.frames import CONTROL_FRAMES, PROTOCOL_VERSION, Frame, MadeUpDeletion

Json = dict[str, Any]

ASYNCAPI: Final = "3.0.0"
SCHEMAS: Final = "#/components/schemas/"
COMMAND: Final = "command."  # before the names of commands: `ping` and `pong` go both ways
GONE: Final = "task_deleted.gone"  # `task_deleted` of a task whose row is gone
SOCKET, STREAM = "monitor", "task_events"
ADDRESS: Final = "/api/v1/monitor/ws"
STREAM_ADDRESS: Final = "/api/v1/monitor/tasks/{task_id}/events"
DESCRIPTION: Final = (
    "Committed events reach each subscribed client once and in order, across any number of connection "
    "losses. Each task has a log of events numbered by `seq`; a client remembers the last one it "
    "received and resumes from it. Ignore unknown types and fields. docs/protocol.md explains the "
    "rule, docs/errors.md the codes."
)


def build_document(version: str) -> Json:
    """Return the complete document; `version` is that of the program."""
    events = [body.type for body in EVENT_BODIES]
    return {
        "asyncapi": ASYNCAPI,
        "info": {
            "title": "Domain Compliance Scanner: real-time monitoring",
            "version": version,
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0"},
            "x-protocol": PROTOCOL_VERSION,
        },
        "defaultContentType": "application/json",
        "servers": _servers(),
        "channels": {SOCKET: _socket(events), STREAM: _stream(events)},
        "operations": {**_commands(), **_pushes(events)},
        "components": {
            "messages": _messages(events),
            "schemas": payload_schemas()[1],
            "securitySchemes": _security_schemes(),
        },
        "x-close-codes": [
            {"code": int(code), "name": code.name.lower(), "meaning": code.meaning, "do": code.action}
            for code in CloseCode
        ],
        "x-error-codes": [{"code": code.value, "meaning": code.meaning} for code in ErrorCode],
        "x-snapshot-reasons": [{"reason": code.value, "meaning": code.meaning} for code in SnapshotReason],
    }


@cache
def payload_schemas() -> tuple[Mapping[str, str], Json]:
    """(the schema of each message by the message's key, all schemas by their names)."""
    frames: dict[str, type[BaseModel]] = {**_control_models(), **event_frame_models(), GONE: MadeUpDeletion}
    names, schemas = _schemas(frames, suffix="")
    command_names, command_schemas = _schemas({COMMAND + name: model for name, model in COMMANDS.items()}, "Command")
    return {**names, **command_names}, {**schemas, **command_schemas}


def _schemas(models: Mapping[str, type[BaseModel]], suffix: str) -> tuple[dict[str, str], Json]:
    refs, definitions = models_json_schema(
        [(model, "validation") for model in models.values()], ref_template=SCHEMAS + "{model}" + suffix
    )
    own = {name + suffix: schema for name, schema in definitions["$defs"].items()}
    schemas = {name: _in_draft_7(_with_meanings(name, schema)) for name, schema in own.items()}
    names = {key: refs[model, "validation"]["$ref"].removeprefix(SCHEMAS) for key, model in models.items()}
    for key, name in names.items():
        kind = key.removeprefix(COMMAND).partition(".")[0]
        properties = schemas[name].setdefault("properties", {})
        tag = {"const": kind, "description": meaning_of(name, "type")}
        schemas[name]["properties"] = {"type": tag, **{k: v for k, v in properties.items() if k != "type"}}
        schemas[name]["required"] = sorted({*schemas[name].get("required", ()), "type"})
    return names, schemas


def _with_meanings(model: str, schema: Json) -> Json:
    """Return the schema with a description of each field; one that it has already stays."""
    if "properties" not in schema:
        return schema
    fields = {
        name: field if "description" in field else {**field, "description": meaning_of(model, name)}
        for name, field in schema["properties"].items()
    }
    return {**schema, "properties": fields}


def _in_draft_7(node: Any) -> Any:
    """Return the schema with every reference that has words beside it wrapped: draft 7 would ignore them."""
    if isinstance(node, list):
        return [_in_draft_7(item) for item in node]
    if not isinstance(node, dict):
        return node
    inner = {key: _in_draft_7(value) for key, value in node.items()}
    if isinstance(inner.get("$ref"), str) and len(inner) > 1:
        return {"allOf": [{"$ref": inner.pop("$ref")}], **inner}
    return inner


def _control_models() -> dict[str, type[Frame]]:
    return {model.model_fields["type"].default: model for model in CONTROL_FRAMES}


def _messages(events: Iterable[str]) -> Json:
    examples = {
        **{COMMAND + name: example_of_command(name) for name in COMMANDS},
        **{name: example_of_control(name) for name in _control_models()},
        **{name: example_of_event(name) for name in events},
    }
    deleted = examples["task_deleted"]
    examples[GONE] = {key: deleted[key] for key in ("type", "task_id", "by", "timestamp")}
    names, _ = payload_schemas()
    summaries = {
        **{COMMAND + name: command.summary for name, command in COMMANDS.items()},
        **{name: model.summary for name, model in _control_models().items()},
        **{body.type: body.summary for body in EVENT_BODIES},
        GONE: MadeUpDeletion.summary,
    }
    return {
        key: {
            "name": key.removeprefix(COMMAND).partition(".")[0],
            "title": key.removeprefix(COMMAND),
            "summary": summaries[key],
            "contentType": "application/json",
            "payload": {"$ref": SCHEMAS + names[key]},
            "examples": [{"name": "example", "payload": example}],
        }
        for key, example in examples.items()
    }


def _socket(events: Iterable[str]) -> Json:
    keys = [COMMAND + name for name in COMMANDS] + [*_control_models(), *events, GONE]
    query = {
        "type": "object",
        "properties": {
            "token": {"type": "string", "description": "The access token."},
            "ticket": {"type": "string", "description": "Instead of a token: a one-time ticket of `POST ws/ticket`."},
        },
    }
    return {
        "address": ADDRESS,
        "title": "The WebSocket",
        "description": "Text frames, one JSON object each. All events of tasks that the user may see.",
        "servers": [{"$ref": "#/servers/socket"}],
        "messages": _refs("#/components/messages/", keys),
        "bindings": {"ws": {"method": "GET", "query": query, "bindingVersion": "0.1.0"}},
    }


def _stream(events: Iterable[str]) -> Json:
    return {
        "address": STREAM_ADDRESS,
        "title": "The same events without a socket",
        "description": (
            "Server-sent events of one task: `id` is `epoch:seq`, `event` is `type`, `data` is "
            "the payload without `prev_seq`. `Last-Event-ID` is the position to resume from; "
            "without it the stream starts with a snapshot."
        ),
        "servers": [{"$ref": "#/servers/http"}],
        "parameters": {"task_id": {"description": "Task id.", "examples": [TASK]}},
        "messages": _refs("#/components/messages/", ["task_snapshot", *events, GONE, "reconnect_advice"]),
    }


def _commands() -> Json:
    """Return one operation for each command, with its reply."""
    operations: Json = {}
    for name, command in COMMANDS.items():
        operations[f"take_{name}"] = {
            "action": "receive",
            "channel": {"$ref": f"#/channels/{SOCKET}"},
            "summary": command.summary,
            "messages": [_message_ref(SOCKET, COMMAND + name)],
        }
        if command.reply is not None:
            answers = [_message_ref(SOCKET, command.reply), _message_ref(SOCKET, "error")]
            operations[f"take_{name}"]["reply"] = {"channel": {"$ref": f"#/channels/{SOCKET}"}, "messages": answers}
    return operations


def _pushes(events: list[str]) -> Json:
    """Return the operations of frames that the server sends without a command."""
    followed = ["task_snapshot", *events, GONE, "logs_dropped"]
    notices = [name for name in events if name in NOTICE_TYPES]
    connection = ["connection_established", "ping", "token_expiring", "reconnect_advice", "error"]
    return {
        "follow": _push(SOCKET, "Every event of a subscribed task, with `prev_seq`.", followed),
        "notify": _push(SOCKET, "Notices to the owner of a task without a subscription, without `prev_seq`.", notices),
        "notify_user": _push(
            SOCKET,
            "Notifications of the user, after `subscribe`, with `prev_seq`; and the state of all of them.",
            ["notification", "notification_state", "topic_result"],
        ),
        "broadcast": _push(SOCKET, "Announcements of administrators.", ["admin_broadcast"]),
        "keep_connection": _push(SOCKET, "Frames about the connection itself.", connection),
        "stream": {
            **_push(STREAM, "A snapshot, then every event.", ["task_snapshot", *events, GONE, "reconnect_advice"]),
            "bindings": {"http": {"method": "GET", "query": _stream_query(), "bindingVersion": "0.3.0"}},
        },
    }


def _push(channel: str, summary: str, names: Iterable[str]) -> Json:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": summary,
        "messages": [_message_ref(channel, name) for name in names],
    }


def _stream_query() -> Json:
    return {
        "type": "object",
        "properties": {
            "last_event_id": {
                "type": "string",
                "description": "As the header `Last-Event-ID`: `epoch:seq`, or `seq` alone.",
            },
            "token": {"type": "string", "description": "For clients that cannot send an `Authorization` header."},
            "ticket": {"type": "string", "description": "Instead of a token: a one-time ticket of `POST ws/ticket`."},
        },
    }


def _servers() -> Json:
    host = {
        "host": "{host}",
        "variables": {"host": {"default": "127.0.0.1:8000", "description": "Host of the server."}},
    }
    schemes = "#/components/securitySchemes/"
    token, ticket, bearer = ({"$ref": schemes + name} for name in ("token", "ticket", "bearer"))
    return {
        "socket": {**host, "protocol": "ws", "description": "`wss` behind TLS.", "security": [token, ticket]},
        "http": {**host, "protocol": "http", "description": "`https` behind TLS.", "security": [bearer, token, ticket]},
    }


def _security_schemes() -> Json:
    return {
        "token": {"type": "httpApiKey", "in": "query", "name": "token", "description": "An access token."},
        "ticket": {"type": "httpApiKey", "in": "query", "name": "ticket", "description": "A one-time ticket."},
        "bearer": {"type": "http", "scheme": "bearer", "description": "An access token, as in REST."},
    }


def _refs(place: str, keys: Iterable[str]) -> Json:
    return {key: {"$ref": place + key} for key in keys}


def _message_ref(channel: str, key: str) -> Json:
    return {"$ref": f"#/channels/{channel}/messages/{key}"}
