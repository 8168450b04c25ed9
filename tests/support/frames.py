"""Every frame that a test sees is held against the machine-readable contract."""

from functools import cache
from typing import Any

import orjson
from pydantic import BaseModel

from app.websocket.protocol import CONTROL_FRAMES, MadeUpDeletion, event_frame_models


@cache
def models() -> dict[str, type[BaseModel]]:
    control = {model.model_fields["type"].default: model for model in CONTROL_FRAMES}
    return {**event_frame_models(), **control}


def read_frame(text: str | bytes) -> dict[str, Any]:
    """The frame as a dict. Raises when it is not as the contract says."""
    frame: dict[str, Any] = orjson.loads(text)
    model = models()[frame["type"]]
    if frame["type"] == "task_deleted" and "seq" not in frame:
        model = MadeUpDeletion
    model.model_validate(frame)
    return frame


class Follower:
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
