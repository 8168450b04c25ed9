"""When to ask again, and when to leave a host alone."""

from enum import Enum, auto
from typing import Final

from app.engines.model import FetchError, FetchResult, FrontierUrl

MAX_TRIES: Final = 2  # of one URL
MAX_SILENCES: Final = 5  # requests in a row without any answer: the host is left alone
_PASSING_STATUSES: Final = frozenset({429, 502, 503, 504})
_PASSING_ERRORS: Final = frozenset(
    {FetchError.CONNECT, FetchError.TIMEOUT, FetchError.PROTOCOL, FetchError.DNS_UNREACHABLE}
)


class Verdict(Enum):
    """What to do with an answer."""

    TAKE = auto()
    ASK_AGAIN = auto()
    LEAVE_HOST = auto()  # take the answer, and ask this host nothing more


class Patience:
    """Remembers failures per URL and per host."""

    def __init__(self) -> None:
        self._tries: dict[int, int] = {}  # of URLs that failed in passing
        self._silences: dict[str, int] = {}  # by host, in a row

    def judge(self, item: FrontierUrl, result: FetchResult) -> Verdict:
        """Called once for each answer."""
        silences = 0 if result.status else self._silences.get(item.host, 0) + 1
        self._silences[item.host] = silences
        if silences >= MAX_SILENCES:
            return Verdict.LEAVE_HOST
        if not _may_pass(result):
            return Verdict.TAKE
        tries = self._tries.get(item.id, 0) + 1
        self._tries[item.id] = tries
        return Verdict.ASK_AGAIN if tries < MAX_TRIES else Verdict.TAKE


def _may_pass(result: FetchResult) -> bool:
    return result.status in _PASSING_STATUSES or (not result.status and result.error in _PASSING_ERRORS)
