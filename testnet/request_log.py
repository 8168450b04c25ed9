"""Every request that reached a host, so that tests see what was fetched and what was not."""

from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

MAX_ENTRIES = 200_000  # oldest go first; a scan of the whole world makes some 1,000


@dataclass(frozen=True, slots=True)
class Entry:
    seq: int  # 1, 2, ... since the server started
    host: str  # of the Host header, without port
    scheme: str
    method: str
    target: str  # path and query as received
    status: int
    user_agent: str


class RequestLog:
    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=MAX_ENTRIES)
        self._seq = 0

    @property
    def last_seq(self) -> int:
        return self._seq

    def add(self, *, host: str, scheme: str, method: str, target: str, status: int, user_agent: str) -> None:
        self._seq += 1
        self._entries.append(Entry(self._seq, host, scheme, method, target, status, user_agent))

    def select(self, *, host: str | None, after_seq: int) -> list[dict[str, Any]]:
        """Entries after `after_seq`, of one host or of all, oldest first."""
        return [asdict(e) for e in self._entries if e.seq > after_seq and host in (None, e.host)]
