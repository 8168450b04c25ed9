"""What a bus promises: little, and that is the point.

- `publish` never blocks, never raises and is called after COMMIT only.
- A subscriber gets each hint zero or more times, in any order, on its own event loop; the callback must not await.
- A subscriber that fails is logged and does not harm the others.
- Nobody may rely on a hint: the log is the truth and the sweep repairs (delivery.md, rules 2 to 4).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from app.events.types import Event


@dataclass(frozen=True, slots=True)
class TaskHint:
    """Task `task_id` of `user_id` reached `seq`. `events` may hold the newest bodies, ascending and contiguous.

    `commits`: the number of the commit (`events.epoch`); 0 when it is not known.
    """

    task_id: str
    user_id: str
    seq: int
    status: str
    events: tuple[Event, ...] = ()
    commits: int = 0


@dataclass(frozen=True, slots=True)
class AccessHint:
    """Something about a user's right to be connected changed: look again. `session_id` None: all of the user's."""

    user_id: str
    session_id: str | None = None


Hint = TaskHint | AccessHint
Listener = Callable[[Hint], None]


class Bus(Protocol):
    """See the module's docstring for the guarantees."""

    def publish(self, hint: Hint) -> None: ...

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Returns a function that ends the subscription; it may be called twice."""
        ...

    @property
    def healthy(self) -> bool:
        """False: hints may be lost now; delivery goes on by the sweep, readiness says degraded."""
        ...
