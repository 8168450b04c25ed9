"""What administrators set while the service runs."""

from typing import Annotated, Any, Final

from pydantic import Field
from sqlalchemy import Row

from app.configuration.reading_model_probe import ProbeResult
from app.configuration.service import ConfigurationState, SettingState
from app.core.changeable_settings import Group, Kind, Lock, UnitOfNumber
from app.core.clock import to_wire
from app.core.schema_fields import described
from app.domain.messages import Language, MessageCatalog
from app.domain.reading import Void
from app.rest.schemas import Count, JsonObject, RequestBody, ResponseBody

MAX_VERSION: Final = 2**31 - 2  # of an integer column, and the next one
Version = Annotated[int, Field(ge=0, le=MAX_VERSION, strict=True)]
Value = bool | int | float | str | list[str] | None


class ConfigurationChange(RequestBody):
    """The complete stored configuration: settings that are omitted return to their defaults."""

    version: Version = described("Version that the change is based on.", 3)
    values: JsonObject = described("Values by name.", {"scans_per_user": 4, "blocked_targets": ["example.org"]})


class ConfigurationRestore(RequestBody):
    version: Version = described("The newest version known to the client.", 3)


class SettingResponse(ResponseBody):
    """A setting on this server. Only settings whose `lock` is null can be changed here."""

    name: str = described("Name of the setting.", "scans_per_user")
    group: Group = described("Group of the setting.", "limits")
    title: str = described("Label in the reader's language.", "Scans of one user at once")
    description: str = described("Description in the reader's language.", "The others of this user wait.")
    kind: Kind = described("Type of the value.", "integer")
    is_nullable: bool = described("Null is a valid value: none.", False)
    value: Value = described("Value in effect; with `waits_for_restart` after the next start.", 4)
    default: Value = described("Default value.", 2)
    stored: Value = described("Stored value; it may be refused, or wait for a restart.", 4)
    is_stored: bool = described("The value was set here, by an administrator.", True)
    lock: Lock | None = described(
        (
            "Reason why it cannot be changed here. `environment`: the environment sets it. `key`: the "
            "environment has a key, which is sent only to the URL of the environment."
        ),
        "environment",
    )
    variable: str = described("Environment variable of the setting.", "COMPLIANCE_SCANS_PER_USER")
    unit: UnitOfNumber | None = described("Unit of a number.", "seconds")
    least: float | None = described("Minimum value.", 1)
    is_least_excluded: bool = described("The value must be greater than the minimum.", False)
    most: float | None = described("Maximum value.", 64)
    needs_restart: bool = described("A change takes effect when each server is restarted.", False)
    waits_for_restart: bool = described("It was changed, and this server has not been restarted since.", False)

    @classmethod
    def of(cls, state: SettingState, texts: MessageCatalog) -> "SettingResponse":
        setting = state.setting
        return cls(
            name=setting.name,
            group=setting.group,
            title=texts(f"setting.{setting.name}"),
            description=texts(f"setting_does.{setting.name}"),
            kind=setting.kind,
            is_nullable=setting.is_nullable,
            value=_plain(state.value),
            default=_plain(setting.default),
            stored=_plain(state.stored) if state.is_stored else None,
            is_stored=state.is_stored,
            lock=state.lock,
            variable=setting.variable,
            unit=setting.unit,
            least=setting.least,
            is_least_excluded=setting.is_least_excluded,
            most=setting.most,
            needs_restart=setting.needs_restart,
            waits_for_restart=state.waits_for_restart,
        )


class ConfigurationResponse(ResponseBody):
    """Secrets are not among the settings; they are only set in the environment."""

    version: Version = described("Newest version; 0: nothing was stored yet.", 3)
    changed_at: str | None = described("Time at which it was stored.", "2026-01-01T00:00:00.000Z")
    changed_by: str | None = described("Name of the administrator who stored it.", "admin")
    is_refused: bool = described(
        "The environment of this server conflicts with the version: the previous settings stay in effect there.", False
    )
    has_model_key: bool = described("The environment has an LLM key.", False)
    settings: list[SettingResponse] = described("Settings by group.")

    @classmethod
    def of(cls, state: ConfigurationState, language: Language) -> "ConfigurationResponse":
        texts = MessageCatalog(language)
        return cls(
            version=state.version,
            changed_at=None if state.changed_at is None else to_wire(state.changed_at),
            changed_by=state.changed_by,
            is_refused=state.is_refused,
            has_model_key=state.has_model_key,
            settings=[SettingResponse.of(setting, texts) for setting in state.settings],
        )


class SettingChange(ResponseBody):
    """Null: nothing was stored, and the default applied. For a list, the removed and added entries."""

    name: str = described("Name of the setting.", "scans_per_user")
    before: Value = described("Previous stored value.", 2)
    after: Value = described("New stored value.", 4)


class ConfigurationVersion(ResponseBody):
    version: Version = described("Number of the row.", 3)
    at: str = described("Time at which it was stored.", "2026-01-01T00:00:00.000Z")
    by: str = described("Name of the administrator at that time.", "admin")
    changes: list[SettingChange] = described("Differences from the previous version.")
    restored_from: Version | None = described("Older version that was restored.", 1)

    @classmethod
    def of(cls, row: Row[Any]) -> "ConfigurationVersion":
        changes = [SettingChange(name=name, before=before, after=after) for name, before, after in row.changes]
        return cls(
            version=row.version, at=to_wire(row.at), by=row.username, changes=changes, restored_from=row.restored_from
        )


class ConfigurationHistory(ResponseBody):
    """A thousand versions are kept."""

    items: list[ConfigurationVersion] = described("Versions of this page, newest first.")
    total: Count = described("Number of versions.", 3)


class ReadingModelTest(ResponseBody):
    """Result of the test question."""

    is_answered: bool = described("The model responded.", True)
    model: str = described("Name of the requested model.", "qwen2.5:7b")
    latency_ms: Count = described("Time until the response or the failure.", 412)
    failure: Void | None = described("Reason why there is no answer.", "timeout")
    message: str = described("The same in the reader's language.", "The model answered within 412 ms.")

    @classmethod
    def of(cls, result: ProbeResult, language: Language) -> "ReadingModelTest":
        texts = MessageCatalog(language)
        failure = result.failure
        message = (
            texts("model_answered", latency=result.latency_ms) if failure is None else texts(f"model_failed.{failure}")
        )
        return cls(
            is_answered=failure is None,
            model=result.model,
            latency_ms=result.latency_ms,
            failure=failure,
            message=message,
        )


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
