"""One queue per host: the hosts of one address share its slots and take turns, and a host may be paused."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from heapq import heapify, heappush
from typing import Final, TypeVar

T = TypeVar("T")
QueueKey = int  # as `KnownUrls.queue_key` makes it: what is smallest comes first
UNLIMITED: Final = 1_000  # in flight at one host: no limit beside that of its address


@dataclass(slots=True, eq=False)
class _AddressQueue:
    """The hosts of one address, in turn."""

    limit: int
    waiting: deque["_HostQueue"] = field(default_factory=deque)  # hosts with something to give, in turn
    in_flight: int = 0
    reserved: int = 0  # hosts of this address in `HostQueues._ready`


@dataclass(slots=True, eq=False)
class _HostQueue:
    """The URLs of one host, nearest first."""

    address_queue: _AddressQueue
    heap: list[QueueKey] = field(default_factory=list)
    limit: int = UNLIMITED
    in_flight: int = 0
    paused: bool = False
    queued: bool = False  # stands in its address's line, or in `HostQueues._ready`


class HostQueues:
    """Queues of the hosts that are open. Addresses take turns, and so do the hosts of one address."""

    def __init__(self, per_address: int) -> None:
        self._per_address = per_address
        self._addresses: dict[str, _AddressQueue] = {}  # by address
        self._queues: dict[str, _HostQueue] = {}  # by host
        self._paused: set[_HostQueue] = set()
        self._ready: deque[_HostQueue] = deque()  # as many of each address_queue as it has room for
        # Taken and not landed.
        self.in_flight = 0

    @property
    def is_idle(self) -> bool:
        """Whether nothing is in flight, or to be given now or after a pause."""
        return not self.in_flight and not self._ready and not any(queue.heap for queue in self._paused)

    def __contains__(self, host: str) -> bool:
        return host in self._queues

    def open(self, host: str, address: str) -> None:
        self._queues[host] = _HostQueue(self._addresses.setdefault(address, _AddressQueue(self._per_address)))

    def push(self, host: str, key: QueueKey) -> None:
        queue = self._queues[host]
        heappush(queue.heap, key)
        self._enqueue(queue)

    def push_all(self, host: str, keys: Iterable[QueueKey]) -> None:
        """Push what waited for the host to be opened: in one go, which costs a third for many."""
        queue = self._queues[host]
        queue.heap.extend(keys)
        heapify(queue.heap)
        self._enqueue(queue)

    def take(self, pop: Callable[[list[QueueKey]], T | None]) -> T | None:
        """Return what `pop` takes out of the heap of the next host, now in flight. It may drop keys that mean
        nothing any more, and give None when none is left.
        """
        while self._ready:
            queue = self._ready.popleft()
            queue.queued = False
            queue.address_queue.reserved -= 1
            found = None if queue.paused else pop(queue.heap)
            if found is not None:
                self._count(queue, 1)
            self._enqueue(queue)
            self._fill_ready(queue.address_queue)
            if found is not None:
                return found
        return None

    def release(self, host: str) -> None:
        """Free the place of a URL that was in flight."""
        queue = self._queues[host]
        self._count(queue, -1)
        self._enqueue(queue)
        self._fill_ready(queue.address_queue)

    def limit_address(self, host: str, limit: int) -> None:
        """Have at most so many URLs of the host's address in flight, from now on."""
        address_queue = self._queues[host].address_queue
        address_queue.limit = min(address_queue.limit, limit)

    def pause(self, host: str, *, awaited: bool) -> None:
        """Let the host give nothing until `resume`. `awaited`: that will come, so the queues are not idle."""
        queue = self._queues[host]
        queue.paused = True
        (self._paused.add if awaited else self._paused.discard)(queue)

    def resume(self, host: str, *, one_at_a_time: bool) -> None:
        queue = self._queues[host]
        queue.paused = False
        queue.limit = 1 if one_at_a_time else UNLIMITED
        self._paused.discard(queue)
        self._enqueue(queue)

    def is_paused(self, host: str) -> bool:
        return self._queues[host].paused

    def _count(self, queue: _HostQueue, step: int) -> None:
        queue.in_flight += step
        queue.address_queue.in_flight += step
        self.in_flight += step

    def _enqueue(self, queue: _HostQueue) -> None:
        """Put the host into the line of its address, when it has something to give."""
        if queue.heap and not queue.paused and queue.in_flight < queue.limit and not queue.queued:
            queue.queued = True
            queue.address_queue.waiting.append(queue)
            self._fill_ready(queue.address_queue)

    def _fill_ready(self, address_queue: _AddressQueue) -> None:
        while address_queue.waiting and address_queue.in_flight + address_queue.reserved < address_queue.limit:
            address_queue.reserved += 1
            self._ready.append(address_queue.waiting.popleft())
