"""Whose turn it is: the hosts of one address share its slots and take turns, and a host may be paused."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappush
from typing import Final, TypeVar

T = TypeVar("T")
# (how often put behind the others, depth, binary last, id): what is smallest comes first.
Place = tuple[int, int, bool, int]
UNLIMITED: Final = 1_000  # in flight at one host: no limit beside that of its address


@dataclass(slots=True, eq=False)
class _Lane:
    """One address."""

    limit: int
    waiting: deque["_Queue"] = field(default_factory=deque)  # hosts with something to give, in turn
    in_flight: int = 0
    promised: int = 0  # hosts of this lane in `Turns._ready`


@dataclass(slots=True, eq=False)
class _Queue:
    """One host."""

    lane: _Lane
    heap: list[Place] = field(default_factory=list)
    limit: int = UNLIMITED
    in_flight: int = 0
    paused: bool = False
    queued: bool = False  # stands in its lane's line, or in `Turns._ready`


class Turns:
    """Places of hosts that are open, and how many of them are in flight. Lanes take turns, and hosts within a lane."""

    def __init__(self, per_lane: int) -> None:
        self._per_lane = per_lane
        self._lanes: dict[str, _Lane] = {}  # by address
        self._queues: dict[str, _Queue] = {}  # by host
        self._paused: set[_Queue] = set()
        self._ready: deque[_Queue] = deque()  # as many of each lane as it has room for
        # Taken and not landed.
        self.in_flight = 0

    @property
    def is_idle(self) -> bool:
        """Nothing in flight and nothing to give, now or after a pause."""
        return not self.in_flight and not self._ready and not any(queue.heap for queue in self._paused)

    def __contains__(self, host: str) -> bool:
        return host in self._queues

    def open(self, host: str, address: str) -> None:
        self._queues[host] = _Queue(self._lanes.setdefault(address, _Lane(self._per_lane)))

    def push(self, host: str, place: Place) -> None:
        queue = self._queues[host]
        heappush(queue.heap, place)
        self._line_up(queue)

    def take(self, pop: Callable[[list[Place]], T | None]) -> T | None:
        """What `pop` takes out of the heap of the next host, now in flight. `pop` may throw away places that mean
        nothing any more, and give None when none is left.
        """
        while self._ready:
            queue = self._ready.popleft()
            queue.queued = False
            queue.lane.promised -= 1
            found = None if queue.paused else pop(queue.heap)
            if found is not None:
                self._count(queue, 1)
            self._line_up(queue)
            self._promise(queue.lane)
            if found is not None:
                return found
        return None

    def land(self, host: str) -> None:
        """One of the host is through."""
        queue = self._queues[host]
        self._count(queue, -1)
        self._line_up(queue)
        self._promise(queue.lane)

    def limit_address(self, host: str, limit: int) -> None:
        """At most so many in flight at the host's address, from now on."""
        lane = self._queues[host].lane
        lane.limit = min(lane.limit, limit)

    def pause(self, host: str, *, awaited: bool) -> None:
        """The host gives nothing until `resume`. `awaited`: what it has waits, so that the turns are not idle."""
        queue = self._queues[host]
        queue.paused = True
        (self._paused.add if awaited else self._paused.discard)(queue)

    def resume(self, host: str, *, one_at_a_time: bool) -> None:
        queue = self._queues[host]
        queue.paused = False
        queue.limit = 1 if one_at_a_time else UNLIMITED
        self._paused.discard(queue)
        self._line_up(queue)

    def is_paused(self, host: str) -> bool:
        return self._queues[host].paused

    def _count(self, queue: _Queue, step: int) -> None:
        queue.in_flight += step
        queue.lane.in_flight += step
        self.in_flight += step

    def _line_up(self, queue: _Queue) -> None:
        """Into its lane's line, when it has something to give."""
        if queue.heap and not queue.paused and queue.in_flight < queue.limit and not queue.queued:
            queue.queued = True
            queue.lane.waiting.append(queue)
            self._promise(queue.lane)

    def _promise(self, lane: _Lane) -> None:
        while lane.waiting and lane.in_flight + lane.promised < lane.limit:
            lane.promised += 1
            self._ready.append(lane.waiting.popleft())
