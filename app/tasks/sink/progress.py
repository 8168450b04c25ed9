"""Turns fractions of the stages into `task_progress` bodies. Pure."""

from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Final

from app.domain.projection import STATISTIC_OF_COUNT, TaskProjection
from app.domain.scan_facts import Counts
from app.domain.stages import STAGE_BY_KEY, STAGES, StageKey, StageSpec, StageStatus, overall_progress
from app.domain.translation import said
from app.events.types import TaskProgress
from app.tasks.sink.remaining_time import RemainingTime

FADING: Final = 0.9  # of a gain is left after another report: some ten reports are "of late"
ENDED: Final = frozenset({StageStatus.COMPLETED, StageStatus.FAILED, StageStatus.SKIPPED, StageStatus.CANCELLED})
# A stage's status goes this way only: what is not a step of it is not reported.
_STEPS: Final = MappingProxyType(
    {
        StageStatus.PENDING: frozenset({StageStatus.RUNNING, *ENDED}),
        StageStatus.RUNNING: ENDED,
    }
)


@dataclass(slots=True)
class ProgressTracker:
    """How far a scan is. Nothing in it ever falls, not even over a requeue: it begins with the task's row."""

    language: str
    percent: int = 0
    fractions: dict[StageKey, float] = field(default_factory=dict)
    statuses: dict[StageKey, StageStatus] = field(default_factory=dict)
    messages: dict[StageKey, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    remaining_time: RemainingTime = field(default_factory=RemainingTime)
    gains: dict[StageKey, float] = field(default_factory=dict)  # of the total, by each stage of late

    @classmethod
    def resume(cls, state: TaskProjection, language: str, remaining_time: RemainingTime) -> "ProgressTracker":
        """Go on from the state that the task's row holds."""
        statistics = state.statistics
        return cls(
            language=language,
            percent=state.progress,
            fractions={stage.key: stage.progress / 100 for stage in state.stages},
            statuses={stage.key: StageStatus(stage.status) for stage in state.stages},
            counts={count: statistics[name] for count, name in STATISTIC_OF_COUNT.items() if name in statistics},
            remaining_time=remaining_time,
        )

    def move(self, key: StageKey, fraction: float, message: str, counts: Counts) -> None:
        """Take what a stage says about itself."""
        before = self.fractions.get(key, 0.0)
        self.fractions[key] = max(before, min(1.0, fraction))
        self._note_gain(key, self.fractions[key] - before)
        self.messages[key] = message
        for name, count in asdict(counts).items():
            self.counts[name] = max(self.counts.get(name, 0), count)

    def _note_gain(self, key: StageKey, fraction: float) -> None:
        self.gains = {known: FADING * gain for known, gain in self.gains.items()}
        self.gains[key] = self.gains.get(key, 0.0) + STAGE_BY_KEY[key].weight * fraction

    def enter(self, key: StageKey, status: StageStatus) -> bool:
        """Take a stage's new status. False: it is not new, and nothing is to be reported."""
        if status not in _STEPS.get(self.statuses.get(key, StageStatus.PENDING), frozenset()):
            return False
        self.statuses[key] = status
        if status in ENDED:
            self.fractions[key] = 1.0
        return True

    @property
    def current(self) -> StageSpec:
        """The lowest stage that has not ended; the last one when all have."""
        return next((spec for spec in STAGES if self.statuses.get(spec.key) not in ENDED), STAGES[-1])

    @property
    def leading(self) -> StageSpec:
        """The stage whose message people read: of those that run, the one that has moved most of late."""
        running = [spec for spec in STAGES if self.statuses.get(spec.key) is StageStatus.RUNNING]
        return max(running, key=lambda spec: self.gains.get(spec.key, 0.0), default=self.current)

    def body(self, elapsed_s: float) -> TaskProgress:
        """Return the event that says where the scan stands, after `elapsed_s` of running time."""
        stage, leading = self.current, self.leading
        # A stage that runs ahead may say 1.0 before it has ended; the total reaches 100 by the ends alone.
        ended = all(self.statuses.get(spec.key) in ENDED for spec in STAGES)
        reached = overall_progress(self.fractions)
        self.percent = max(self.percent, reached if ended else min(99, reached))
        eta = self.remaining_time.estimate(self.percent, elapsed_s)
        return TaskProgress(
            progress=self.percent,
            stage=stage.name(self.language),
            stage_key=stage.key,
            stage_index=stage.index,
            stage_progress=int(100 * self.fractions.get(stage.key, 0.0)),
            stages_progress={
                key: int(100 * self.fractions.get(key, 0.0))
                for key, status in self.statuses.items()
                if status is StageStatus.RUNNING
            },
            counts=dict(self.counts),
            eta_s=None if eta is None else eta.likely_s,
            eta_min_s=None if eta is None else eta.min_s,
            eta_max_s=None if eta is None else eta.max_s,
            **said(self.messages.get(leading.key, leading.name(self.language))),
        )


def stage_name(key: StageKey, language: str) -> str:
    """Return the display name of a stage."""
    return STAGE_BY_KEY[key].name(language)
