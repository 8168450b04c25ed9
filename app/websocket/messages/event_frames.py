"""Frames of durable events as models, made from the bodies in which the log keeps them. No I/O."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from app.events.event_body import EventBody
from app.events.types import EVENT_BODIES
from app.websocket.messages.frames import Timestamp


def event_frame_models() -> dict[str, type[BaseModel]]:
    """Return a wire model per durable event: its body, the common fields, and `prev_seq` for subscriptions."""
    common: dict[str, Any] = {
        "task_id": (str, ...),
        "seq": (Annotated[int, Field(ge=1)], ...),
        "prev_seq": (Annotated[int, Field(ge=0)] | None, None),
        "attempt": (Annotated[int, Field(ge=1)], ...),
        "timestamp": (Timestamp, ...),
    }
    return {body.type: _event_frame_model(body, common) for body in EVENT_BODIES}


def _event_frame_model(body: type[EventBody], common: dict[str, Any]) -> type[BaseModel]:
    fields: dict[str, Any] = {name: (info.annotation, info) for name, info in body.model_fields.items()}
    kind: Any = Literal[body.type]
    return create_model(
        f"{body.__name__}Frame", __config__=ConfigDict(extra="forbid"), type=(kind, ...), **common, **fields
    )
