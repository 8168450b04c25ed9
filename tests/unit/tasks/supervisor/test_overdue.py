from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from app.tasks.supervisor.overdue import kill_overdue


@dataclass
class Handle:
    cancelled_at: float | None = None
    hangs_at_start: bool = False
    killed: int = 0
    spec: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(task_id="task-1"))

    def kill(self):
        self.killed += 1


@pytest.mark.parametrize(
    ("handle", "killed"),
    [
        (Handle(), 0),
        (Handle(cancelled_at=71.0), 0),
        (Handle(cancelled_at=70.0), 1),
        (Handle(hangs_at_start=True), 1),
    ],
)
def test_one_that_goes_on_after_a_cancel_or_hangs_at_its_start_is_killed(handle, killed):
    kill_overdue([handle], now=100.0, cancel_force_after_s=30.0)
    assert handle.killed == killed
