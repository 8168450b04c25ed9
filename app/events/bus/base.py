"""What a bus promises: little, and that is the point.

- `publish` never blocks, never raises and is called after COMMIT only.
- A subscriber gets each hint zero or more times, in any order, on its own event loop; the callback must not await.
- What other processes publish about a user is heard only where the user is followed.
- A subscriber that fails is logged and does not harm the others.
- No one may rely on a hint: the log is the truth and the sweep repairs (delivery.md, rules 2 to 4).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from app.events.event import Event


@dataclass(frozen=True, slots=True)
class TaskHint:
    """Task `task_id` of `user_id` reached `seq`. `events` may hold the newest bodies, ascending and contiguous.

    `commits`: the number of the commit (`events.epoch`); 0 when it is not known. `trace`: a `traceparent` of what
    wrote them; empty when no spans are collected.
    """

    task_id: str
    user_id: str
    seq: int
    status: str
    events: tuple[Event, ...] = ()
    commits: int = 0
    trace: str = ""


@dataclass(frozen=True, slots=True)
class AccessHint:
    """Something about a user's right to be connected changed: look again. `session_id` None: all of the user's."""

    user_id: str
    session_id: str | None = None


@dataclass(frozen=True, slots=True)
class BroadcastHint:
    """An administrator has said something: look at what is to be said. All processes hear it."""


@dataclass(frozen=True, slots=True)
class FeedHint:
    """The notifications of a user have changed: there are new ones, or some were marked as read. Look at the feed."""

    user_id: str


Hint = TaskHint | AccessHint | BroadcastHint | FeedHint
Listener = Callable[[Hint], None]


class Publisher(Protocol):
    """What those who write events need of a bus. Any thread."""

    def publish(self, hint: Hint) -> None: ...


class UserFollowing(Protocol):
    """Says whose hints are of interest to this process. Event loop only."""

    def follow(self, user_id: str) -> None:
        """Hear from now on what other processes publish about this user. Counted: each call needs its `unfollow`."""
        ...

    def unfollow(self, user_id: str) -> None: ...


class Bus(Publisher, UserFollowing, Protocol):
    """Carries hints from those who write events to those who deliver them; the module says what it guarantees."""

    async def start(self) -> None:
        """Begin to carry hints between processes. Never fails for a service that is away."""
        ...

    async def stop(self) -> None:
        """Send what waits, and end. May be called without `start`, and twice."""
        ...

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Return a function that ends the subscription; it may be called twice."""
        ...

    @property
    def healthy(self) -> bool:
        """Return whether hints arrive. If not, events are delivered by the sweep, and readiness is degraded."""
        ...
