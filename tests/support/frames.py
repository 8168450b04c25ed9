"""Every frame that a test sees is held against the contract as a file: the schemas of `/asyncapi.json`."""

from collections.abc import Callable
from functools import cache
from typing import Any

import fastjsonschema
import orjson

from app.websocket.asyncapi.document import COMMAND, GONE, build_document

Check = Callable[[Any], Any]


@cache
def contract() -> dict[str, Any]:
    """The document, once through JSON: what a reader of the file has."""
    document: dict[str, Any] = orjson.loads(orjson.dumps(build_document("0")))
    return document


@cache
def checker(key: str) -> Check:
    """Compiled from the payload schema of the message with this key. Raises when what it is given does not fit."""
    document = contract()
    payload = document["components"]["messages"][key]["payload"]
    check: Check = fastjsonschema.compile({**payload, "components": document["components"]}, use_default=False)
    return check


def read_frame(text: str | bytes) -> dict[str, Any]:
    """A frame of the server as a dict. Raises when it is not as the contract says."""
    frame: dict[str, Any] = orjson.loads(text)
    gone = frame["type"] == "task_deleted" and "seq" not in frame
    checker(GONE if gone else frame["type"])(frame)
    return frame


def check_command(command: dict[str, Any]) -> None:
    """Raises when it is no command of the contract."""
    checker(COMMAND + command["type"])(command)


class Subscriber:
    """The client's whole rule for one followed task (protocol.md, section 2), as a test reads it.

    `state` is what a client shows: events by seq, and what the last snapshot said. `gaps` counts frames that the rule
    would answer with `resume`; the server never makes one on a live connection.
    """

    def __init__(self) -> None:
        self.last: int | None = None  # None until the first snapshot or recovered resume
        self.events: dict[int, dict[str, Any]] = {}
        self.snapshots: list[dict[str, Any]] = []
        self.dropped_logs: list[tuple[int, int]] = []
        self.gaps = 0
        self.duplicates = 0

    def take(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "task_snapshot":
            self.snapshots.append(frame)
            self.last = frame["seq"]
        elif frame["type"] == "logs_dropped":
            self.dropped_logs.append((frame["from_log_seq"], frame["to_log_seq"]))
        elif "prev_seq" in frame:
            self._take_event(frame)

    def _take_event(self, frame: dict[str, Any]) -> None:
        assert self.last is not None
        if frame["seq"] <= self.last:
            self.duplicates += 1
        elif frame["prev_seq"] <= self.last:
            self.events[frame["seq"]] = frame
            self.last = frame["seq"]
        else:
            self.gaps += 1


async def subscribe(link: Any, task_id: str, last_seq: int | None = None) -> Subscriber:
    """Up to the snapshot, or to the beginning of the replay. `link`: an open connection (`send`, `recv`)."""
    subscriber = Subscriber()
    position = {} if last_seq is None else {"last_seq": last_seq}
    await link.send(orjson.dumps({"type": "subscribe_task", "task_id": task_id, **position}).decode())
    while subscriber.last is None:
        frame = read_frame(await link.recv())
        if frame["type"] == "subscription_result" and frame.get("recovered"):
            subscriber.last = last_seq
        elif frame["type"] == "task_snapshot":
            subscriber.take(frame)
    return subscriber


async def read_until(link: Any, subscriber: Subscriber, task_id: str, seq: int) -> None:
    """What comes of the task until the subscriber stands at `seq`."""
    while (subscriber.last or 0) < seq:
        frame = read_frame(await link.recv())
        if frame.get("task_id") == task_id:
            subscriber.take(frame)
