"""The settings in force, as far as they make sense. Secrets are only said to be set."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import SecretStr, ValidationError

from app.cli.doctor.result import ENGLISH, CheckResult, failed, ok
from app.core.config import CLIENT_VARIABLES, PREFIX, Settings, load_settings, refuse_unknown_variables
from app.core.errors import ConfigurationError
from app.core.redact import redact_value
from app.domain.messages import MessageCatalog

SET: Final = "(set)"
NO_PREFIX: Final = "NO_VARIABLE_BEGINS_LIKE_THIS_"


def read_settings(
    environment: Mapping[str, str], *, texts: MessageCatalog = ENGLISH, **overrides: Any
) -> tuple[Settings, list[CheckResult]]:
    """Return settings for the other checks, without the wrong variables, and what is wrong with those."""
    ours = {name: value for name, value in environment.items() if name.startswith(PREFIX)}
    results = [_unknown(ours, texts)]
    known = {PREFIX + name.upper() for name in Settings.model_fields} | CLIENT_VARIABLES
    ours = {name: value for name, value in ours.items() if name in known}
    try:
        settings = load_settings(ours, **overrides)
    except ConfigurationError as error:
        results.append(failed("settings", error.text_in(texts.language), texts("doctor.settings_refused")))
        return _load_what_is_good(ours, overrides), results
    differing = differing_settings(settings)
    said = ", ".join(f"{name}={value}" for name, value in differing.items()) or texts("doctor.settings_default")
    return settings, [*results, ok("settings", said)]


def settings_in_force(settings: Settings) -> dict[str, Any]:
    """Return all settings by variable, without secrets; values as JSON has them."""
    return {PREFIX + name.upper(): _shown(getattr(settings, name)) for name in Settings.model_fields}


def differing_settings(settings: Settings) -> dict[str, Any]:
    """Return the settings that differ from their default."""
    defaults = Settings.model_fields
    return {
        PREFIX + name.upper(): _shown(value)
        for name in defaults
        if (value := getattr(settings, name)) != defaults[name].default
    }


def _unknown(ours: Mapping[str, str], texts: MessageCatalog) -> CheckResult:
    try:
        refuse_unknown_variables(ours)
    except ConfigurationError as error:
        return failed("variables", error.text_in(texts.language), texts("doctor.variables_unknown"))
    return ok("variables", texts("doctor.variables", count=len(ours), prefix=PREFIX))


def _load_what_is_good(ours: Mapping[str, str], overrides: Mapping[str, Any]) -> Settings:
    """Return the settings of every variable that makes sense beside those before it."""
    good: dict[str, Any] = {}
    named = {name.removeprefix(PREFIX).lower(): value for name, value in ours.items() if name not in CLIENT_VARIABLES}
    for name, value in (*named.items(), *overrides.items()):
        if value is None:
            continue
        try:
            _build({**good, name: value})
        except ValidationError:
            continue
        good[name] = value
    return _build(good)


def _build(values: Mapping[str, Any]) -> Settings:
    """Build settings from these values alone: what is wrong with the environment is known already."""
    return Settings(_env_prefix=NO_PREFIX, **values)


def _shown(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return SET
    if value is None or isinstance(value, bool | int | float):
        return value
    # A URL may hold a password. The names are ours, and none but those above holds a secret.
    return redact_value("value", value)
