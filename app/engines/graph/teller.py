"""Tells the sink how far the stages are: only what is news, so that a scan that does not move looks like one."""

from app.domain.stages import StageKey
from app.engines.graph.stages import StageBoard
from app.engines.model import Counts
from app.engines.ports import ScanSink


class ProgressTeller:
    """Remembers what was told."""

    def __init__(self, *, sink: ScanSink, board: StageBoard) -> None:
        self._sink = sink
        self._board = board
        self._told: dict[StageKey, tuple[float, str]] = {}

    async def tell(self, key: StageKey, fraction: float, message: str, counts: Counts) -> None:
        """Raises ScanStopped. A stage that has ended says nothing more."""
        if self._board.has_finished(key) or self._told.get(key) == (fraction, message):
            return
        self._told[key] = (fraction, message)
        await self._sink.progress(key, fraction, message, counts)
