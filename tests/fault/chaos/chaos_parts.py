"""Parts of the product that misbehave, for chaos.py alone.

The bus loses, doubles and reorders hints; a commit sometimes has an outcome that nobody learns, or kills the process
between COMMIT and answer.
"""

import os
import random
import signal
import threading
from typing import Any, Final, TypeVar

from app.core.db import Database, DatabaseUnavailable, Work
from app.core.db_backend import Failure
from app.events.bus.base import Hint, TaskHint
from app.events.bus.memory import MemoryBus

T = TypeVar("T")
LOST, DOUBLED, LATE = 0.10, 0.10, 0.10  # of the hints
LATEST_S: Final = 1.5
UNKNOWN = 0.01  # of the commits: done, and reported as failed
KILLED = 0.001  # of the commits: the process dies before it can tell anybody
chance = random.Random()


def seed(value: str) -> None:
    """Once per process. What happens depends on timing too; the seed makes two runs alike, not equal."""
    chance.seed(value)


class LossyBus(MemoryBus):
    """Hints about tasks are lost, doubled and late; those about rights come through."""

    def publish(self, hint: Hint) -> None:
        fate = chance.random() if isinstance(hint, TaskHint) else 1.0
        if fate < LOST:
            return
        if fate < LOST + LATE:
            timer = threading.Timer(chance.uniform(0, LATEST_S), super().publish, (hint,))
            timer.daemon = True
            timer.start()
            return
        super().publish(hint)
        if fate < LOST + LATE + DOUBLED:
            super().publish(hint)


class UnsureDatabase(Database):
    """Its COMMITs are those of the real one; what is heard of them is not always."""

    def write_sync(self, work: Work[T]) -> T:
        outcome = super().write_sync(work)
        fate = chance.random()
        if fate < KILLED:
            os.kill(os.getpid(), signal.SIGKILL)
        if fate < KILLED + UNKNOWN:
            raise DatabaseUnavailable(Failure.UNREACHABLE)
        return outcome


def put_into(module: Any, **parts: Any) -> None:
    """Our parts in the places of the product's. Raises when there is no such place any more."""
    for name, part in parts.items():
        assert hasattr(module, name), f"{module.__name__} has no {name}"
        setattr(module, name, part)
