"""When to retry, how long to wait before, and when to give a host up. Pure: a clock goes in.

A host that gives no answer is unresponsive, one that says nothing but 429, 502, 503 or 504 is busy. Both are paused,
for twice as long each time, and given up when nothing else has come in the time that each is granted. A malformed
answer is an answer. One URL that fails while its host answers others ends nothing but itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from app.domain.scan_facts import FetchError, FrontierUrl
from app.engines.model import FetchResult

MAX_TRIES: Final = 3  # of one URL whose host answers others
FIRST_DELAY_S: Final = 1.0
MAX_DELAY_S: Final = 60.0
UNRESPONSIVE_S: Final = 300.0  # without any answer, before a host is given up (issue 7)
NEVER_ANSWERED_S: Final = 30.0  # the same for a host that never showed a web server: most names have none
BUSY_S: Final = 180.0  # a busy host that says nothing else is given up within three minutes (issue 7)
BUSY: Final = frozenset({429, 502, 503, 504})
_GATEWAY: Final = frozenset({502, 504})  # may be about one page alone: no pause before the second in a row
_UNRESPONSIVE: Final = frozenset({FetchError.CONNECT, FetchError.TIMEOUT, FetchError.DNS, FetchError.DNS_UNREACHABLE})


@dataclass(frozen=True, slots=True)
class RetryDecision:
    """What to do with one answer."""

    retry: bool = False  # give the URL back, behind the others of its host; else the answer counts
    pause_s: float = 0.0  # ask the host nothing for so long; 0: no pause
    give_up: bool = False  # ask this host nothing more
    is_healthy: bool = False  # the host is as it should be


@dataclass(slots=True)
class _Host:
    """How one host has behaved; times are the clock's."""

    alive: bool = False  # it has shown a web server
    answers: int = 0
    unresponsive_since: float | None = None
    busy_since: float | None = None
    busy_row: int = 0
    paused_at: float = float("-inf")  # when its last pause began: what was asked before says nothing new
    delay_s: float = FIRST_DELAY_S  # of the next pause


class RetryPolicy:
    """Remembers failures per URL and per host."""

    def __init__(
        self, clock: Callable[[], float], *, unresponsive_s: float = UNRESPONSIVE_S, busy_s: float = BUSY_S
    ) -> None:
        self._clock = clock
        self._unresponsive_s = unresponsive_s
        self._busy_s = busy_s
        self._hosts: dict[str, _Host] = {}
        self._tries: dict[int, tuple[int, int]] = {}  # of a URL: failures that count, its host's answers at the last

    def expect_answers(self, host: str) -> None:
        """Note that discovery met a web server there."""
        self._host(host).alive = True

    def note_answer(self, host: str) -> None:
        """Note that the host answered something beside its pages: it is there."""
        found = self._host(host)
        found.alive = True
        found.answers += 1

    def decide(self, item: FrontierUrl, result: FetchResult, *, retry_after_s: float = 0.0) -> RetryDecision:
        """Decide what to do with an answer. Called once for each."""
        host = self._host(item.host)
        asked_at = self._clock() - result.duration_ms / 1_000
        if is_unresponsive(result):
            return self._on_no_answer(item, host, asked_at)
        host.alive, host.unresponsive_since = True, None
        if result.status in BUSY:
            return self._on_busy(item, host, result.status, asked_at, retry_after_s)
        host.busy_since, host.busy_row, host.delay_s = None, 0, FIRST_DELAY_S
        host.answers += 1
        return RetryDecision(retry=result.error is FetchError.PROTOCOL and self._may_try(item, host), is_healthy=True)

    def next_pause_s(self, name: str) -> float | None:
        """Return the next pause, after one that was not enough; None when the host's time is over."""
        host = self._host(name)
        if self._is_over(host):
            return None
        return self._pause(host)

    def reset(self, name: str) -> None:
        """Give a host that is asked once more all its time again."""
        host = self._host(name)
        host.unresponsive_since, host.delay_s = None, FIRST_DELAY_S

    def _on_no_answer(self, item: FrontierUrl, host: _Host, asked_at: float) -> RetryDecision:
        host.unresponsive_since = (
            asked_at if host.unresponsive_since is None else min(host.unresponsive_since, asked_at)
        )
        retry = self._may_try(item, host)
        if self._is_over(host):
            return RetryDecision(retry, give_up=True)
        return RetryDecision(retry, pause_s=self._pause(host) if asked_at > host.paused_at else 0.0)

    def _on_busy(
        self, item: FrontierUrl, host: _Host, status: int, asked_at: float, retry_after_s: float
    ) -> RetryDecision:
        host.busy_since = asked_at if host.busy_since is None else host.busy_since
        host.busy_row += 1
        retry = self._may_try(item, host)
        if asked_at <= host.paused_at or (host.busy_row == 1 and status in _GATEWAY):
            return RetryDecision(retry)
        pause_s = max(self._pause(host), retry_after_s)
        if self._clock() + pause_s - host.busy_since > self._busy_s:
            return RetryDecision(retry, give_up=True)
        return RetryDecision(retry, pause_s=pause_s)

    def _may_try(self, item: FrontierUrl, host: _Host) -> bool:
        """Count a failure against the URL only when its host has answered others in between."""
        number, answers = self._tries.get(item.id, (0, -1))
        number += answers != host.answers
        self._tries[item.id] = number, host.answers
        return number < MAX_TRIES

    def _pause(self, host: _Host) -> float:
        delay_s = host.delay_s
        host.delay_s = min(MAX_DELAY_S, 2 * delay_s)
        host.paused_at = self._clock()
        return delay_s

    def _is_over(self, host: _Host) -> bool:
        limit_s = self._unresponsive_s if host.alive else min(NEVER_ANSWERED_S, self._unresponsive_s)
        return host.unresponsive_since is not None and self._clock() - host.unresponsive_since >= limit_s

    def _host(self, name: str) -> _Host:
        return self._hosts.setdefault(name, _Host())


def is_unresponsive(result: FetchResult) -> bool:
    """Whether no answer came at all."""
    return not result.status and result.error in _UNRESPONSIVE


def is_transient(result: FetchResult) -> bool:
    """Whether the same request may succeed a little later."""
    return is_unresponsive(result) or result.status in BUSY
