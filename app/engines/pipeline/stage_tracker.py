"""Beginning and end of the stages: a stage may begin early, but the ends are reported in order."""

from collections.abc import Callable
from typing import Final

from app.domain.stages import STAGES, StageKey, StageStatus
from app.engines.ports import ScanSink

MS: Final = 1_000


class StageTracker:
    """Reports to the sink what runs and what has ended."""

    def __init__(self, *, sink: ScanSink, monotonic: Callable[[], float]) -> None:
        self._sink = sink
        self._monotonic = monotonic
        self._begun: dict[StageKey, float] = {}  # since when
        self._finished: dict[StageKey, float] = {}  # when its own work was through
        self._reported: set[StageKey] = set()  # whose end the sink knows

    async def begin(self, key: StageKey) -> None:
        """The stage has something to do. Further calls change nothing."""
        if key not in self._begun and key not in self._finished:
            self._begun[key] = self._monotonic()
            await self._sink.stage(key, StageStatus.RUNNING)

    async def finish(self, key: StageKey) -> None:
        """The stage is through. Reported at once, or when those before it are; one that never began was skipped."""
        self._finished.setdefault(key, self._monotonic())
        for spec in STAGES:
            if spec.key not in self._finished:
                return
            if spec.key not in self._reported:
                self._reported.add(spec.key)
                await self._report_end(spec.key)

    def has_finished(self, key: StageKey) -> bool:
        """Its own work is through, whether or not the sink knows."""
        return key in self._finished

    async def _report_end(self, key: StageKey) -> None:
        if key not in self._begun:
            await self._sink.stage(key, StageStatus.SKIPPED)
            return
        duration_ms = int(MS * (self._finished[key] - self._begun[key]))
        await self._sink.stage(key, StageStatus.COMPLETED, duration_ms=duration_ms)
