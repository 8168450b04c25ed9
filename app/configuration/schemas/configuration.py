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
    """All that is stored, as a whole: what is left out goes back to its default."""

    version: Version = described("The version that the change was made of.", 3)
    values: JsonObject = described("The values by name.", {"scans_per_user": 4, "blocked_targets": ["example.org"]})


class ConfigurationRestore(RequestBody):
    version: Version = described("The version that is the newest one for you.", 3)


class SettingResponse(ResponseBody):
    """A setting as it is on this server. Only what has `lock` null can be changed here."""

    name: str = described("Its name.", "scans_per_user")
    group: Group = described("What it belongs to.", "limits")
    title: str = described("Its name for people, in the reader's language.", "Scans of one user at once")
    description: str = described("What it does, in the reader's language.", "The others of this user wait.")
    kind: Kind = described("What a value is.", "integer")
    is_nullable: bool = described("Null is a value, too: none.", False)
    value: Value = described("What holds; with `waits_for_restart` after the next start.", 4)
    default: Value = described("What holds when nobody has said anything.", 2)
    stored: Value = described("What is stored here; it may be refused, or wait for a restart.", 4)
    is_stored: bool = described("The value was set here, by an administrator.", True)
    lock: Lock | None = described(
        "Why it cannot be changed here. `environment`: the environment sets it. `key`: the environment has a key, "
        "which goes to no address but the environment's.",
        "environment",
    )
    variable: str = described("The variable that would set it.", "COMPLIANCE_SCANS_PER_USER")
    unit: UnitOfNumber | None = described("What a number counts.", "seconds")
    least: float | None = described("The smallest value.", 1)
    is_least_excluded: bool = described("A value must be above the smallest one.", False)
    most: float | None = described("The largest value.", 64)
    needs_restart: bool = described("A change has its effect after the next start of each server.", False)
    waits_for_restart: bool = described("It was changed, and this server has not been started anew since.", False)

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
    """Secrets are not among the settings: the environment alone has them."""

    version: Version = described("The newest version; 0: nothing was ever stored.", 3)
    changed_at: str | None = described("When it was stored.", "2026-01-01T00:00:00.000Z")
    changed_by: str | None = described("The name of the administrator who did.", "admin")
    is_refused: bool = described(
        "The environment of this server contradicts the version: what held before holds on there.", False
    )
    has_model_key: bool = described("The environment has a key for the reading model.", False)
    settings: list[SettingResponse] = described("The settings, by group.")

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
    """Null: nothing was stored, and the default held. Of a list that was changed, the entries that went and came."""

    name: str = described("The setting.", "scans_per_user")
    before: Value = described("What was stored before.", 2)
    after: Value = described("What was stored then.", 4)


class ConfigurationVersion(ResponseBody):
    version: Version = described("Its number.", 3)
    at: str = described("When it was stored.", "2026-01-01T00:00:00.000Z")
    by: str = described("The name of the administrator, as it was then.", "admin")
    changes: list[SettingChange] = described("What was different from the version before.")
    restored_from: Version | None = described("The older version whose values these are.", 1)

    @classmethod
    def of(cls, row: Row[Any]) -> "ConfigurationVersion":
        changes = [SettingChange(name=name, before=before, after=after) for name, before, after in row.changes]
        return cls(
            version=row.version, at=to_wire(row.at), by=row.username, changes=changes, restored_from=row.restored_from
        )


class ConfigurationHistory(ResponseBody):
    """A thousand versions are kept."""

    items: list[ConfigurationVersion] = described("The versions of this page, the newest first.")
    total: Count = described("How many are kept.", 3)


class ReadingModelTest(ResponseBody):
    """What came of one harmless question."""

    is_answered: bool = described("The model answered.", True)
    model: str = described("Which model was asked for.", "qwen2.5:7b")
    latency_ms: Count = described("Until the answer, or until it was clear that there is none.", 412)
    failure: Void | None = described("Why there is no answer.", "timeout")
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
