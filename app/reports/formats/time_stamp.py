"""The time stamp (RFC 3161) of an archive's manifest, or why there is none, and how its reader is told (ADR 0082)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.core.clock import to_wire
from app.domain.messages import MessageCatalog
from app.reports.formats.wording import moment_text


class NoStampReason(StrEnum):
    """Why there is no time stamp; each has a text `no_time_stamp.*`."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    HTTP_STATUS = "http_status"
    TOO_LARGE = "too_large"
    REJECTED = "rejected"  # by the authority, in its own protocol
    UNREADABLE = "unreadable"  # the answer is no time stamp
    OTHER_DATA = "other_data"
    OTHER_REQUEST = "other_request"  # the nonce is not ours: an old answer
    UNTRUSTED = "untrusted"  # its signature does not lead to the configured roots
    NO_ROOTS = "no_roots"  # their file has become unusable


class NoTimeStamp(Exception):
    """There is no time stamp. `values`: what the text of the reason needs; `cause`: more of it, for the log."""

    def __init__(self, reason: NoStampReason, *, cause: str = "", **values: object) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.cause = cause
        self.values = values


@dataclass(frozen=True, slots=True)
class TimeStamp:
    """A time stamp that was verified, as far as it could be."""

    response: bytes  # the answer (TimeStampResp, DER) as it came
    time: datetime  # aware, UTC: by the authority's clock
    authority: str  # subject of its certificate
    is_trusted: bool  # its signature leads to the configured roots; False: none are configured


# Returns the time stamp of these bytes, or raises NoTimeStamp. Blocking: it waits for the authority.
Stamp = Callable[[bytes], TimeStamp]


def stamp_lines(stamp: TimeStamp, texts: MessageCatalog) -> list[str]:
    """Return what the archive says about its time stamp, and how to verify it."""
    lines: list[str] = [texts("report.time_stamped", time=moment_text(to_wire(stamp.time)), authority=stamp.authority)]
    return lines if stamp.is_trusted else [*lines, texts("report.time_stamp_unchecked")]


def no_stamp_line(failure: NoTimeStamp, texts: MessageCatalog) -> str:
    """Return the sentence that there is no time stamp, and why."""
    reason = texts(f"no_time_stamp.{failure.reason.value}", **failure.values)
    return texts("report.not_time_stamped", reason=reason)
