"""Fair scheduling of reads over a few threads: no user makes the others wait for long."""

import asyncio
from collections import Counter, deque
from typing import Final

from app.core.errors import LimitReached

RETRY_AFTER_S: Final = 1.0


class ReadTurns:
    """At most `total` at once, `per_user` of each user; what comes beyond waits, and users take turns.

    A user's own go in order. Beyond `max_waiting` of one user nothing more waits. Event loop only.
    """

    def __init__(self, *, total: int, per_user: int, max_waiting: int) -> None:
        self._total = total
        self._per_user = per_user
        self._max_waiting = max_waiting
        self._running: Counter[str] = Counter()  # by user; forgotten at 0
        # By user, in the order of their turns; only users who wait.
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    @property
    def waiting(self) -> int:
        """Return the number of waiting reads."""
        return sum(map(len, self._waiting.values()))

    async def enter(self, user_id: str) -> None:
        """Wait for a turn, which ends with `leave`. Raises LimitReached (`rate_limited`) when too many wait."""
        if len(self._waiting.get(user_id, ())) >= self._max_waiting:
            raise LimitReached(text="too_many_reads", retry_after_s=RETRY_AFTER_S)
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(user_id, deque()).append(turn)
        self._admit()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave(user_id)
            else:
                self._give_up(user_id, turn)
            raise

    def leave(self, user_id: str) -> None:
        self._running[user_id] -= 1
        if not self._running[user_id]:
            del self._running[user_id]
        self._admit()

    def _give_up(self, user_id: str, turn: "asyncio.Future[None]") -> None:
        queue = self._waiting.get(user_id)
        if queue is not None and turn in queue:
            queue.remove(turn)
            if not queue:
                del self._waiting[user_id]

    def _admit(self) -> None:
        while self._running.total() < self._total:
            user_id = next((item for item in self._waiting if self._running[item] < self._per_user), None)
            if user_id is None:
                break
            queue = self._waiting.pop(user_id)
            turn = queue.popleft()
            if queue:
                self._waiting[user_id] = queue  # behind all others who wait
            if not turn.cancelled():
                self._running[user_id] += 1
                turn.set_result(None)
