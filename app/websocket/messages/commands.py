"""What a client may say, and how a frame becomes a typed command or one precise error. No I/O."""

from typing import Annotated, Any, ClassVar, Final, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.events.log_identity import MAX_EPOCH
from app.websocket.messages.codes import ErrorCode

MAX_SEQ: Final = 2**53 - 1  # what a JavaScript client can count
Seq = Annotated[int, Field(ge=0, le=MAX_SEQ, strict=True)]
Epoch = Annotated[str, Field(min_length=1, max_length=MAX_EPOCH, strict=True)]
TaskId = Annotated[str, Field(min_length=1, max_length=64)]
Topic = Literal["progress", "logs"]
FeedTopic = Literal["notifications"]
LogTail = Annotated[int, Field(ge=0, le=1_000, strict=True)]


class Command(BaseModel):
    """Unknown fields are ignored, so that a newer client works; known ones are checked."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    type: ClassVar[str]
    summary: ClassVar[str]
    reply: ClassVar[str | None] = None  # type of the frame that answers it when it was understood
    id: Annotated[str, Field(max_length=64, strict=True)] | None = None


class Ping(Command):
    type: ClassVar[str] = "ping"
    summary: ClassVar[str] = "Request a `pong`. Any frame keeps the connection alive."
    reply: ClassVar[str | None] = "pong"
    client_time: str | int | float | None = None


class Pong(Command):
    type: ClassVar[str] = "pong"
    summary: ClassVar[str] = "Response to the server's `ping`; it is not answered."


class SubscribeTask(Command):
    type: ClassVar[str] = "subscribe_task"
    summary: ClassVar[str] = "Subscribe to a task, from `last_seq` or from a snapshot."
    reply: ClassVar[str | None] = "subscription_result"
    task_id: TaskId
    last_seq: Seq | None = None
    epoch: Epoch | None = None  # of `last_seq`; None: FIRST_EPOCH
    log_tail: LogTail = 200
    topics: frozenset[Topic] = frozenset({"progress", "logs"})


class UnsubscribeTask(Command):
    type: ClassVar[str] = "unsubscribe_task"
    summary: ClassVar[str] = "Unsubscribe from a task."
    reply: ClassVar[str | None] = "subscription_result"
    task_id: TaskId


class SubscribeItem(BaseModel):
    """One of `subscribe_tasks`. Checked one by one: a bad item fails alone."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    task_id: TaskId
    last_seq: Seq | None = None
    epoch: Epoch | None = None


class SubscribeTasks(Command):
    type: ClassVar[str] = "subscribe_tasks"
    summary: ClassVar[str] = "Subscribe to many tasks; each item has its own result."
    reply: ClassVar[str | None] = "subscription_result"
    items: Annotated[list[Any], Field(min_length=1, max_length=100)]
    log_tail: LogTail = 0
    topics: frozenset[Topic] = frozenset({"progress", "logs"})


class Resume(Command):
    type: ClassVar[str] = "resume"
    summary: ClassVar[str] = "Resume after `last_seq` on a live subscription when an event is missing."
    reply: ClassVar[str | None] = "subscription_result"
    task_id: TaskId
    last_seq: Seq
    epoch: Epoch | None = None


class Subscribe(Command):
    type: ClassVar[str] = "subscribe"
    summary: ClassVar[str] = "Subscribe to the user's notifications, from `last_seq` or from now on."
    reply: ClassVar[str | None] = "topic_result"
    topic: FeedTopic
    last_seq: Seq | None = None
    epoch: Epoch | None = None  # of `last_seq`; None: FIRST_EPOCH


class Unsubscribe(Command):
    type: ClassVar[str] = "unsubscribe"
    summary: ClassVar[str] = "Unsubscribe from the user's notifications."
    reply: ClassVar[str | None] = "topic_result"
    topic: FeedTopic


class Auth(Command):
    type: ClassVar[str] = "auth"
    summary: ClassVar[str] = "Renew the token of this connection in place."
    reply: ClassVar[str | None] = "auth_result"
    token: Annotated[str, Field(strict=True, repr=False)]


class GetStatus(Command):
    type: ClassVar[str] = "get_status"
    summary: ClassVar[str] = "Request the server's state of this connection."
    reply: ClassVar[str | None] = "status"


COMMANDS: Final[dict[str, type[Command]]] = {
    command.type: command
    for command in (
        Ping,
        Pong,
        SubscribeTask,
        UnsubscribeTask,
        SubscribeTasks,
        Resume,
        Subscribe,
        Unsubscribe,
        Auth,
        GetStatus,
    )
}


class BadFrame(Exception):
    """A frame that was not understood. It gets exactly one `error` and is a strike.

    `text` is the key of its message (`messages/wording.py`), `values` are what stands in it.
    """

    def __init__(self, code: ErrorCode, text: str, command_id: str | None = None, **values: object) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.values = values
        self.command_id = command_id  # of the frame, as far as it could be read


def parse(text: str, *, max_bytes: int, max_nesting: int) -> Command:
    """Return the command in a text frame.

    Raises:
        BadFrame: `too_large`, `bad_json` (also nested too deeply), `bad_type`, `unknown_type`, `missing_field`,
            `invalid_field`. Messages quote nothing from the frame but names of known fields.
    """
    if len(text) > max_bytes or len(text.encode()) > max_bytes:
        raise BadFrame(ErrorCode.TOO_LARGE, "too_large", limit=max_bytes)
    if _nesting(text) > max_nesting:
        raise BadFrame(ErrorCode.BAD_JSON, "too_deep", limit=max_nesting)
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise BadFrame(ErrorCode.BAD_JSON, "bad_json") from None
    if not isinstance(value, dict):
        raise BadFrame(ErrorCode.BAD_TYPE, "no_object")
    return _to_command(value)


def command_id_of(value: dict[str, Any]) -> str | None:
    """`id` of a frame when it has a good one."""
    found = value.get("id")
    return found if isinstance(found, str) and len(found) <= 64 else None  # noqa: PLR2004 - protocol.md, section 1


def _to_command(value: dict[str, Any]) -> Command:
    command_id = command_id_of(value)
    if "type" not in value:
        raise BadFrame(ErrorCode.MISSING_FIELD, "type_missing", command_id)
    name = value["type"]
    if not isinstance(name, str):
        raise BadFrame(ErrorCode.BAD_TYPE, "type_no_text", command_id)
    model = COMMANDS.get(name)
    if model is None:
        raise BadFrame(ErrorCode.UNKNOWN_TYPE, "unknown_type", command_id)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        # Only the top-level name: it is one of ours, deeper parts may be the client's.
        field = str(first["loc"][0]) if first["loc"] else "?"
        if first["type"] == "missing":
            raise BadFrame(ErrorCode.MISSING_FIELD, "field_missing", command_id, field=field) from None
        raise BadFrame(ErrorCode.INVALID_FIELD, "field_invalid", command_id, field=field) from None


def _nesting(text: str) -> int:
    """Depth of brackets outside strings. Runs before the parser, so that depth costs it nothing."""
    depth = deepest = 0
    in_string = escaped = False
    for char in text:
        if in_string:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                in_string = False
        elif char == '"':
            in_string = True
        elif char in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "]}":
            depth -= 1
    return deepest
