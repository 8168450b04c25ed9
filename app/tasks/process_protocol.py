"""What the two sides of a scan's process say to each other, as JSON lines.

- Input: first the order (job, settings, access to object storage), then commands; its end means that the parent is
  gone.
- Output: a tick once it has begun, before it touches anything; then hints, ticks, that pages wait for a browser worker,
  what the local classifier changed, and how rechecks have ended. All of it may be lost, for the log is the truth. Only
  that it goes on has a meaning: the process is not frozen, and its event loop turns.
- Exit code: 0 when the job ended by itself, otherwise one of those below; anything else is a crash.
"""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeVar

import orjson

from app.core.config import Settings, settings_for
from app.domain.reading import Effect
from app.domain.rechecks import RecheckOutcome
from app.events.bus.base import TaskHint
from app.events.event import Event

Kind = TypeVar("Kind", bound=StrEnum)
EXIT_CHECKPOINT_LEFT: Final = 3  # the parent was gone
EXIT_NO_RESOURCES: Final = 4  # the process could not begin for want of a resource
MAX_LINE_BYTES: Final = 1 << 20  # the parent's read limit; a hint carries at most 16 KiB of bodies
TELEMETRY_PREFIX: Final = "OTEL_"
CANCEL_LINE: Final = b'{"command":"cancel"}\n'
BROWSER_LINE: Final = b'{"wanted":"browser"}\n'
# What a scan reads of the settings (a test compares). Nothing in a scan signs, logs in or answers requests.
SCAN_SETTINGS: Final = frozenset(
    {
        "data_dir",
        "database_url",
        "database_busy_timeout_s",
        "language",
        "log_level",
        "log_format",
        "heartbeat_interval_s",
        "scan_log_lines_per_s",
        "scan_log_max_bytes",
        "capture_max_bytes_per_scan",
        "capture_max_bytes_per_user",
        "capture_max_bytes",
        "capture_reserve_bytes",
        "captures_url",
        "resolvers",
        "blocked_targets",
        "allow_networks",
        "ca_file",
        "port_map",
        "static_hosts",
        "ct_urls",
        "user_agent",
        "host_silence_s",
        "host_busy_s",
        "recheck_after_s",
        "chromium_path",
        "browser_max_bytes",
        "reputation_lists",
        "traces_url",
        "reading_model_url",
        "reading_model_name",
        "reading_model_key",
        "reading_model_budget",
        "reading_model_timeout_s",
        "reading_model_concurrency",
        "reading_model_reads_pictures",
    }
)


@dataclass(frozen=True, slots=True)
class JobSpec:
    """Which attempt of which task."""

    task_id: str
    attempt: int
    run: int
    worker_id: str
    target_domain: str
    config: Mapping[str, Any]  # what the user asked for, as the task's row keeps it
    claimed: bool = False  # the one who starts the process has claimed the attempt for it
    trace: str | None = None  # a `traceparent`: of the request that ordered the scan


def order_line(spec: JobSpec, settings: Settings, storage_variables: Mapping[str, str]) -> bytes:
    """Return the first line of the process's input. What opens the object storage goes this way and not through the
    environment, which the browser and the parsers would inherit; so does what a collector of traces asks for.
    """
    values = settings_for(SCAN_SETTINGS, settings)
    values["reading_model_key"] = reading_model_key(settings)  # pydantic masks it
    storage = {} if settings.captures_url is None else dict(storage_variables)
    traces = {} if settings.traces_url is None else telemetry_variables(os.environ)
    return orjson.dumps({"job": asdict(spec), "settings": values, "storage": storage, "traces": traces}) + b"\n"


def reading_model_key(settings: Settings) -> str | None:
    """Return the only secret that a scan gets: with which it asks a language model; None when it asks none."""
    key = settings.reading_model_key if settings.reading_model_url else None
    return None if key is None else key.get_secret_value()


def telemetry_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return OpenTelemetry's own variables."""
    return {name: value for name, value in environment.items() if name.startswith(TELEMETRY_PREFIX)}


def read_order(line: bytes) -> tuple[JobSpec, Settings, Mapping[str, str]]:
    """Read the first line of the input: job, settings (those that a scan does not read have their defaults), and the
    variables of object storage and of OpenTelemetry.
    """
    order: dict[str, Any] = orjson.loads(line)
    return JobSpec(**order["job"]), Settings(**order["settings"]), {**order["storage"], **order["traces"]}


def watched_line(*, watched: bool) -> bytes:
    """Return the command that says whether somebody follows the task."""
    return orjson.dumps({"command": "watched", "value": watched}) + b"\n"


def verdicts_line(effects: Mapping[str, int]) -> bytes:
    """Return the line that says of how many pages the local classifier changed what, by `domain.reading.Effect`."""
    return orjson.dumps({"verdicts": dict(effects)}) + b"\n"


def decode_verdicts(line: bytes) -> dict[Effect, int]:
    """Return what such a line says; nothing for other lines, and for what no scan of ours has written."""
    return _decode_counts(line, "verdicts", Effect)


def rechecks_line(ended: Mapping[RecheckOutcome, int]) -> bytes:
    """Return the line that says how many rechecks have ended how."""
    return orjson.dumps({"rechecks": {outcome.value: count for outcome, count in ended.items()}}) + b"\n"


def decode_rechecks(line: bytes) -> dict[RecheckOutcome, int]:
    """Return what such a line says; nothing as of `decode_verdicts`."""
    return _decode_counts(line, "rechecks", RecheckOutcome)


def _decode_counts(line: bytes, name: str, kind: type[Kind]) -> dict[Kind, int]:
    try:
        message: dict[str, Any] = orjson.loads(line)
        found = {kind(key): int(count) for key, count in message[name].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
    return found if all(count >= 0 for count in found.values()) else {}


def tick_line(number: int) -> bytes:
    """Return the line that says that the process goes on."""
    return orjson.dumps({"tick": number}) + b"\n"


def encode_hint(hint: TaskHint) -> bytes:
    """Return the hint as one line."""
    events = [[e.seq, e.attempt, e.type, e.body, e.created_at.isoformat()] for e in hint.events]
    fields = [hint.task_id, hint.user_id, hint.seq, hint.status, events, hint.commits, hint.trace]
    return orjson.dumps({"hint": fields}) + b"\n"


def decode_hint(line: bytes) -> TaskHint | None:
    """Return the line's hint; None for a tick, and for what no scan of ours has written."""
    try:
        message: dict[str, Any] = orjson.loads(line)
        task_id, user_id, seq, status, events, commits, trace = message["hint"]
        bodies = tuple(_event(task_id, fields) for fields in events)
        return TaskHint(task_id, user_id, seq, status, bodies, commits, trace)
    except (ValueError, KeyError, TypeError):
        return None


def _event(task_id: str, fields: list[Any]) -> Event:
    seq, attempt, kind, body, created_at = fields
    return Event(task_id, seq, attempt, kind, body, datetime.fromisoformat(created_at))
