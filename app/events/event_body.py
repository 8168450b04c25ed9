"""What every durable event has: where it goes, how long it is kept, and the texts that it tells.

The types of events stand in `types`, a class for each.
"""

from collections.abc import Mapping
from enum import Enum, StrEnum, auto
from functools import cached_property
from typing import Annotated, Any, ClassVar

import orjson
from pydantic import BaseModel, ConfigDict, Field

from app.core.schema_fields import described
from app.domain.messages import MAX_TEXT_KEY, Language


def is_none(value: object) -> bool:
    """Return whether a value is None, for fields that are omitted then."""
    return value is None


class Topic(StrEnum):
    """What a subscription may leave out. Types without a topic are always sent."""

    PROGRESS = "progress"
    LOGS = "logs"


class Backlog(Enum):
    """What happens to an event that waits for a slow client (protocol.md, section 7)."""

    KEEPS_ITS_PLACE = auto()
    IS_REPLACED = auto()  # by a newer one of the same task, at the end of the queue
    GIVES_WAY = auto()  # to `logs_dropped`, when more than half of the room is taken


class Retention(Enum):
    """Which setting says how long the log keeps an event after its task has ended."""

    EVENTS = auto()
    PROGRESS = auto()
    LOGS = auto()


class EventBody(BaseModel):
    """Base of every durable event. `type` names it on the wire and in the log."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    type: ClassVar[str]
    summary: ClassVar[str]  # one sentence, for the contract
    example: ClassVar[Mapping[str, Any]]  # the fields of one event, for the contract
    is_notice: ClassVar[bool] = True  # the owner is told of it on connections that do not follow the task
    topic: ClassVar[Topic | None] = None
    backlog: ClassVar[Backlog] = Backlog.KEEPS_ITS_PLACE
    retention: ClassVar[Retention] = Retention.EVENTS

    @cached_property
    def fields(self) -> Mapping[str, Any]:
        """Return the body as JSON values, without the common fields and without what is None."""
        return self.model_dump(mode="json", exclude_none=True)

    @cached_property
    def encoded(self) -> str:
        """Return the body as the log keeps it: `fields` as a JSON object."""
        return orjson.dumps(self.fields).decode()


class Origin(BaseModel):
    """What the sentence beside it was made of; nothing for one that was not made of a catalogue's text."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    text_key: Annotated[
        str | None,
        Field(max_length=MAX_TEXT_KEY, exclude_if=is_none),
        described("Key of the text; omitted for texts stored before keys existed.", "not_seen"),
    ] = None
    params: Annotated[  # as `domain.messages.Text` has them
        dict[str, Any] | None,
        Field(exclude_if=is_none),
        described("Values of its placeholders; a nested text is an object of the same kind.", {"count": 3}),
    ] = None


class LocalizedText(Origin):
    """The texts of an event; `said(text)` gives the fields of its `message`."""

    lang: Language | None = None  # of all texts in the event; None: written before there were keys
