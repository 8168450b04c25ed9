"""Which settings administrators may change while the service runs, and what may be stored of them.

Not among them, for the environment alone says it: secrets and what leads to them, which files of the machine are read,
how the scanner's network is reached (a change of it would reach what the address policy protects), and how long the
audit log is kept.
"""

import types
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from app.core.config import PREFIX, Settings
from app.core.field_faults import FieldFault

Kind = Literal["integer", "number", "boolean", "text", "list"]
MAX_ITEMS: Final = 1_000  # of a list
MAX_CHARS: Final = 500  # of a text, or of an item
_MODEL_URL: Final = "reading_model_url"
_OF_TYPE: Final[Mapping[Any, Kind]] = {bool: "boolean", int: "integer", float: "number", str: "text"}


class Group(StrEnum):
    """Group of a setting in the form."""

    LIMITS = "limits"
    TARGETS = "targets"
    SCAN_DEFAULTS = "scan_defaults"
    LISTS = "lists"
    TIMES = "times"
    STORAGE = "storage"
    READING_MODEL = "reading_model"


class UnitOfNumber(StrEnum):
    """Unit of a number."""

    SECONDS = "seconds"
    DAYS = "days"
    BYTES = "bytes"


class Lock(StrEnum):
    """Reason why a setting cannot be changed here."""

    ENVIRONMENT = "environment"  # the environment says it
    KEY = "key"  # the environment has a key, which must not be sent to another address than the environment's


class FaultCode(StrEnum):
    """What can be wrong with a value beside what the library says; each has a text `field.*`."""

    NULL_VALUE = "null_value"
    NOT_PRINTABLE = "not_printable"
    NOT_ABOVE_OTHER = "not_above_other"  # the other one of `not_above`, when only that one is stored
    SET_TOGETHER_OTHER = "set_together_other"
    SET_BY_ENVIRONMENT = "set_by_environment"
    BOUND_TO_KEY = "bound_to_key"
    DOMAIN_NAMES = "domain_names"
    PATH_OF_MACHINE = "path_of_machine"
    SECRET_IN_ADDRESS = "secret_in_address"  # noqa: S105 - the name of a fault
    UNKNOWN_CHANNEL = "unknown_channel"  # of a notification rule


_OF_OTHER: Final = {"not_above": FaultCode.NOT_ABOVE_OTHER, "set_together": FaultCode.SET_TOGETHER_OTHER}


@dataclass(frozen=True, slots=True)
class ChangeableSetting:
    """A field of `Settings`; kind and bounds are the field's own."""

    name: str
    group: Group
    unit: UnitOfNumber | None = None
    needs_restart: bool = False  # what reads it is put together once, at the start

    @property
    def variable(self) -> str:
        return PREFIX + self.name.upper()

    @property
    def default(self) -> Any:
        return self._field.default

    @property
    def is_nullable(self) -> bool:
        return type(None) in get_args(self._field.annotation)

    @property
    def kind(self) -> Kind:
        """Return the kind of a value that is not None."""
        annotation = self._field.annotation
        choices = get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)
        found = next(choice for choice in choices if choice is not type(None))
        return "list" if get_origin(found) is tuple else _OF_TYPE[found]

    @property
    def least(self) -> float | None:
        """Return the minimum, which is allowed unless `is_least_excluded`."""
        return self._bound("ge") if self._bound("ge") is not None else self._bound("gt")

    @property
    def is_least_excluded(self) -> bool:
        return self._bound("gt") is not None

    @property
    def most(self) -> float | None:
        return self._bound("le")

    @property
    def _field(self) -> FieldInfo:
        return Settings.model_fields[self.name]

    def _bound(self, which: str) -> float | None:
        found: float | None
        return next((found for item in self._field.metadata if (found := getattr(item, which, None)) is not None), None)


_ALL: Final = (
    ChangeableSetting("max_unfinished_tasks_per_user", Group.LIMITS),
    ChangeableSetting("scans_per_user", Group.LIMITS),
    ChangeableSetting("max_concurrent_scans", Group.LIMITS),
    ChangeableSetting("reports_at_once", Group.LIMITS, needs_restart=True),
    ChangeableSetting("ws_max_connections_per_user", Group.LIMITS, needs_restart=True),
    ChangeableSetting("login_free_failures", Group.LIMITS, needs_restart=True),
    ChangeableSetting("allowed_targets", Group.TARGETS),
    ChangeableSetting("blocked_targets", Group.TARGETS),
    ChangeableSetting("default_max_pages", Group.SCAN_DEFAULTS),
    ChangeableSetting("default_max_depth", Group.SCAN_DEFAULTS),
    ChangeableSetting("default_time_limit_s", Group.SCAN_DEFAULTS, UnitOfNumber.SECONDS),
    ChangeableSetting("default_use_passive_sources", Group.SCAN_DEFAULTS),
    ChangeableSetting("default_screenshots", Group.SCAN_DEFAULTS),
    ChangeableSetting("default_cloaking", Group.SCAN_DEFAULTS),
    ChangeableSetting("reputation_lists", Group.LISTS),
    ChangeableSetting("reputation_lists_interval_s", Group.LISTS, UnitOfNumber.SECONDS),
    ChangeableSetting("host_silence_s", Group.TIMES, UnitOfNumber.SECONDS),
    ChangeableSetting("host_busy_s", Group.TIMES, UnitOfNumber.SECONDS),
    ChangeableSetting("stalled_after_s", Group.TIMES, UnitOfNumber.SECONDS),
    ChangeableSetting("long_running_warning_s", Group.TIMES, UnitOfNumber.SECONDS),
    ChangeableSetting("long_running_failure_s", Group.TIMES, UnitOfNumber.SECONDS),
    ChangeableSetting("access_token_ttl_s", Group.TIMES, UnitOfNumber.SECONDS),
    ChangeableSetting("refresh_token_ttl_s", Group.TIMES, UnitOfNumber.SECONDS),
    ChangeableSetting("log_retention_days", Group.STORAGE, UnitOfNumber.DAYS),
    ChangeableSetting("event_retention_days", Group.STORAGE, UnitOfNumber.DAYS),
    ChangeableSetting("attempt_retention_days", Group.STORAGE, UnitOfNumber.DAYS),
    ChangeableSetting("capture_max_bytes_per_scan", Group.STORAGE, UnitOfNumber.BYTES),
    ChangeableSetting("capture_max_bytes_per_user", Group.STORAGE, UnitOfNumber.BYTES),
    ChangeableSetting("capture_max_bytes", Group.STORAGE, UnitOfNumber.BYTES),
    ChangeableSetting(_MODEL_URL, Group.READING_MODEL),
    ChangeableSetting("reading_model_name", Group.READING_MODEL),
    ChangeableSetting("reading_model_budget", Group.READING_MODEL),
    ChangeableSetting("reading_model_timeout_s", Group.READING_MODEL, UnitOfNumber.SECONDS),
    ChangeableSetting("reading_model_concurrency", Group.READING_MODEL),
    ChangeableSetting("reading_model_reads_pictures", Group.READING_MODEL),
)
CHANGEABLE: Final[Mapping[str, ChangeableSetting]] = {setting.name: setting for setting in _ALL}


class SettingsRefused(ValueError):
    """The stored values, together with the environment's, make no settings."""

    def __init__(self, faults: list[FieldFault]) -> None:
        super().__init__(", ".join(f"{fault.name}: {fault.code}" for fault in faults))
        self.faults = faults


def lock_of(name: str, environment: Settings) -> Lock | None:
    """Return why the setting cannot be changed here; None when it can."""
    if name in environment.model_fields_set:
        return Lock.ENVIRONMENT
    if name == _MODEL_URL and environment.reading_model_key is not None:
        return Lock.KEY
    return None


def merge(environment: Settings, stored: Mapping[str, Any]) -> Settings:
    """Return the environment's settings, with what is stored where the environment says nothing.

    Raises:
        SettingsRefused: a value has the wrong type or is out of its bounds, alone or together with another. What is no
            changeable setting, or is locked, is left out: it may be of another version, or of before the lock.
    """
    used = {name: value for name, value in stored.items() if name in CHANGEABLE and lock_of(name, environment) is None}
    faults = [fault for name, value in used.items() if (fault := _wrong_type(CHANGEABLE[name], value)) is not None]
    if faults:
        raise SettingsRefused(faults)
    given = {name: getattr(environment, name) for name in environment.model_fields_set}
    try:
        return Settings(**{**given, **used})
    except ValidationError as error:
        raise SettingsRefused([_fault(item, used) for item in error.errors()]) from None


def _wrong_type(setting: ChangeableSetting, value: Any) -> FieldFault | None:
    """The library would take "5" for 5, and a text for a list: what is stored has the one type that it is shown as."""
    if value is None:
        return None if setting.is_nullable else FieldFault(setting.name, FaultCode.NULL_VALUE)
    match setting.kind:
        case "boolean":
            code = None if isinstance(value, bool) else "bool_type"
        case "integer":
            code = None if isinstance(value, int) and not isinstance(value, bool) else "int_type"
        case "number":
            code = None if isinstance(value, int | float) and not isinstance(value, bool) else "float_type"
        case "text":
            return _unfit_text(setting, value)
        case "list":
            return _unfit_list(setting, value)
    return None if code is None else FieldFault(setting.name, code)


def _unfit_list(setting: ChangeableSetting, value: Any) -> FieldFault | None:
    if not isinstance(value, list | tuple):
        return FieldFault(setting.name, "list_type")
    if len(value) > MAX_ITEMS:
        return FieldFault(setting.name, "too_long", {"max_length": MAX_ITEMS})
    return next((fault for item in value if (fault := _unfit_text(setting, item)) is not None), None)


def _unfit_text(setting: ChangeableSetting, value: Any) -> FieldFault | None:
    if not isinstance(value, str):
        return FieldFault(setting.name, "string_type")
    if not value.strip():
        return FieldFault(setting.name, "string_too_short", {"min_length": 1})
    if len(value) > MAX_CHARS:
        return FieldFault(setting.name, "string_too_long", {"max_length": MAX_CHARS})
    return None if value.isprintable() else FieldFault(setting.name, FaultCode.NOT_PRINTABLE)


def _fault(item: Mapping[str, Any], used: Mapping[str, Any]) -> FieldFault:
    """Return the fault of two conflicting settings at the stored one: only that one can be changed here."""
    values = dict(item.get("ctx", {}))
    if item["loc"]:
        return FieldFault(str(item["loc"][0]), item["type"], values)
    name, other = (str(values.get(key, "")).removeprefix(PREFIX).lower() for key in ("name", "other"))
    if name not in used and other in used:
        return FieldFault(other, _OF_OTHER[item["type"]], {"other": values["name"]})
    return FieldFault(name, item["type"], {"other": values["other"]})
