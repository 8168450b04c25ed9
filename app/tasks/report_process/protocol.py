"""What a server and the processes that make its reports say to each other.

The first process gets the settings, then a socket for each report. On that socket its process gets the order, and
answers in frames: a header, and the piece or the failure. The end of the socket without `DONE` or `FAILED` means that
the process is gone; its end on the other side, that nobody reads any more.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from enum import IntEnum
from types import MappingProxyType
from typing import Any, Final

import orjson

from app.core.config import Settings, settings_for
from app.core.errors import NotFound, ScannerError, Unavailable
from app.scans.ports import ReportOrder

HEADER: Final = struct.Struct("<BI")  # kind, bytes that follow
SIZE: Final = struct.Struct("<I")  # of settings, and of an order
MAX_PIECE_BYTES: Final = 65_536
# What makes a report reads these of the settings: nothing in it signs, logs in or answers requests.
REPORT_SETTINGS: Final = frozenset(
    {
        "data_dir",
        "database_url",
        "database_busy_timeout_s",
        "captures_url",
        "log_level",
        "log_format",
        "public_url",
        "report_organisation",
        "report_logo",
        "report_timestamp_url",
        "report_timestamp_ca_file",
        # How the time-stamp authority is reached.
        "resolvers",
        "static_hosts",
        "ca_file",
        "user_agent",
    }
)
_ERRORS: Final = MappingProxyType({kind.__name__: kind for kind in (NotFound, Unavailable)})


class Kind(IntEnum):
    """What a frame says."""

    PIECE = 1
    DONE = 2
    FAILED = 3  # what was raised, as JSON


class BrokenFrame(Exception):
    """What came is no frame of ours."""


def frame(kind: Kind, body: bytes = b"") -> bytes:
    return HEADER.pack(kind, len(body)) + body


def read_header(head: bytes) -> tuple[Kind, int]:
    """Return the kind and the bytes that follow. Raises BrokenFrame."""
    kind, size = HEADER.unpack(head)
    if kind not in set(Kind) or size > MAX_PIECE_BYTES:
        raise BrokenFrame
    return Kind(kind), size


def failure(error: ScannerError) -> bytes:
    """Return a frame that says why there is no report, or no more of it."""
    name = next((name for name, kind in _ERRORS.items() if isinstance(error, kind)), Unavailable.__name__)
    said = {
        "error": name,
        "code": error.code,
        "text": error.text_key,
        "params": {key: str(value) for key, value in error.params.items()},
        "retry_after_s": error.retry_after_s,
    }
    return frame(Kind.FAILED, orjson.dumps(said))


def read_failure(body: bytes) -> ScannerError:
    """Return the error that `failure` was given."""
    said: dict[str, Any] = orjson.loads(body)
    kind: Callable[..., ScannerError] = _ERRORS[said["error"]]
    return kind(code=said["code"], text=said["text"], retry_after_s=said["retry_after_s"], **said["params"])


def settings_message(settings: Settings, storage_variables: Mapping[str, str]) -> bytes:
    """Return the first message. What opens the object storage of captures goes with it, when there is one."""
    values = settings_for(REPORT_SETTINGS, settings)
    storage = {} if settings.captures_url is None else dict(storage_variables)
    return _sized(orjson.dumps({"settings": values, "storage": storage}))


def read_settings(body: bytes) -> tuple[Settings, Mapping[str, str]]:
    """Return settings, of which those that a report does not read have their defaults, and the variables."""
    message: dict[str, Any] = orjson.loads(body)
    return Settings(**message["settings"]), message["storage"]


def order_message(order: ReportOrder) -> bytes:
    return _sized(orjson.dumps(asdict(order)))


def read_order(body: bytes) -> ReportOrder:
    values: dict[str, Any] = orjson.loads(body)
    made_at, findings = datetime.fromisoformat(values["made_at"]), tuple(values["findings"])
    return ReportOrder(**{**values, "made_at": made_at, "findings": findings})


def _sized(body: bytes) -> bytes:
    return SIZE.pack(len(body)) + body
