"""What a subscription wants to hear of a task besides its lifecycle."""

from functools import cache
from typing import Final

from app.events.types import EVENT_BODIES

TOPIC_OF_TYPE: Final = {body.type: body.topic for body in EVENT_BODIES if body.topic is not None}


class Topics:
    """A subset of `progress` and `logs`; all other types are always wanted. Equal subsets are the same object."""

    __slots__ = ("hidden", "names")

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names
        self.hidden = frozenset(kind for kind, topic in TOPIC_OF_TYPE.items() if topic not in names)

    def wants(self, event_type: str) -> bool:
        return event_type not in self.hidden


@cache
def topics(names: frozenset[str]) -> Topics:
    return Topics(names)


ALL_TOPICS: Final = topics(frozenset(TOPIC_OF_TYPE.values()))
