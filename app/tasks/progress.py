"""Progress of a scan as a fold: fractions of the stages in, `task_progress` bodies out. Pure."""

from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Final

from app.domain.stages import STAGE_BY_KEY, STAGES, StageKey, StageSpec, StageStatus, overall_progress
from app.engines.model import Counts
from app.events.state import STATISTIC_OF_COUNT, TaskState
from app.events.types import TaskProgress

ENDED: Final = frozenset({StageStatus.COMPLETED, StageStatus.FAILED, StageStatus.SKIPPED})
# The only way of a stage's status: an event that says anything else is no news.
_NEWS: Final = MappingProxyType(
    {
        StageStatus.PENDING: frozenset({StageStatus.RUNNING, *ENDED}),
        StageStatus.RUNNING: ENDED,
    }
)


@dataclass(slots=True)
class ProgressTracker:
    """Where a scan stands. Nothing in it ever falls, not even over a requeue: it begins with the task's row."""

    language: str
    percent: int = 0
    fractions: dict[StageKey, float] = field(default_factory=dict)
    statuses: dict[StageKey, StageStatus] = field(default_factory=dict)
    messages: dict[StageKey, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    @classmethod
    def resume(cls, state: TaskState, language: str) -> "ProgressTracker":
        """From the state that the task's row holds."""
        statistics = state.statistics
        return cls(
            language=language,
            percent=state.progress,
            fractions={stage.key: stage.progress / 100 for stage in state.stages},
            statuses={stage.key: StageStatus(stage.status) for stage in state.stages},
            counts={count: statistics[name] for count, name in STATISTIC_OF_COUNT.items() if name in statistics},
        )

    def move(self, key: StageKey, fraction: float, message: str, counts: Counts) -> None:
        """Takes what a stage says about itself."""
        self.fractions[key] = max(self.fractions.get(key, 0.0), min(1.0, fraction))
        self.messages[key] = message
        for name, count in asdict(counts).items():
            self.counts[name] = max(self.counts.get(name, 0), count)

    def enter(self, key: StageKey, status: StageStatus) -> bool:
        """Takes a stage's new status. False: no news, nothing to report."""
        if status not in _NEWS.get(self.statuses.get(key, StageStatus.PENDING), frozenset()):
            return False
        self.statuses[key] = status
        if status in ENDED:
            self.fractions[key] = 1.0
        return True

    @property
    def current(self) -> StageSpec:
        """The lowest stage that has not ended; the last one when all have."""
        return next((spec for spec in STAGES if self.statuses.get(spec.key) not in ENDED), STAGES[-1])

    def body(self) -> TaskProgress:
        """The event that says where the scan stands now."""
        stage = self.current
        # A stage that runs ahead may say 1.0 before it has ended; the total reaches 100 by the ends alone.
        ended = all(self.statuses.get(spec.key) in ENDED for spec in STAGES)
        reached = overall_progress(self.fractions)
        self.percent = max(self.percent, reached if ended else min(99, reached))
        return TaskProgress(
            progress=self.percent,
            stage=stage.name(self.language),
            message=self.messages.get(stage.key, stage.name(self.language)),
            stage_key=stage.key,
            stage_index=stage.index,
            stage_progress=int(100 * self.fractions.get(stage.key, 0.0)),
            counts=dict(self.counts),
        )


def stage_name(key: StageKey, language: str) -> str:
    """Display text of a stage."""
    return STAGE_BY_KEY[key].name(language)
