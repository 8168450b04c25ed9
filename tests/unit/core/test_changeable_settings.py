"""What may be stored, what the environment keeps for itself, and how each refusal names its setting."""

import pytest
from pydantic import SecretStr

from app.core.changeable_settings import CHANGEABLE, MAX_CHARS, MAX_ITEMS, Lock, SettingsRefused, lock_of, merge
from app.core.config import Settings

# What must never be stored: it is secret, leads to a secret, or opens what the address policy protects.
NEVER = {"database_url", "redis_url", "traces_url", "data_dir", "allow_networks", "resolvers", "port_map"}
NEVER |= {"static_hosts", "ca_file", "chromium_path", "trusted_proxies", "allowed_origins", "audit_retention_days"}


def faults(environment, stored):
    with pytest.raises(SettingsRefused) as caught:
        merge(environment, stored)
    return [(fault.name, fault.code) for fault in caught.value.faults]


def test_no_secret_and_no_way_around_the_address_policy_can_be_stored():
    secrets = {name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)}
    assert len(secrets) > 3
    assert (secrets | NEVER) & set(CHANGEABLE) == set()


def test_every_number_has_both_bounds():
    numbers = [setting for setting in CHANGEABLE.values() if setting.kind in ("integer", "number")]
    assert len(numbers) > 20
    assert [one.name for one in numbers if one.least is None or one.most is None] == []


def test_each_default_is_of_its_kind():
    stored = {name: one.default for name, one in CHANGEABLE.items()}
    assert merge(Settings(), stored) == Settings()


def test_the_environment_goes_before_what_is_stored():
    merged = merge(Settings(scans_per_user=7), {"scans_per_user": 3, "max_concurrent_scans": 5})
    assert (merged.scans_per_user, merged.max_concurrent_scans) == (7, 5)


def test_what_is_no_changeable_setting_is_left_out():
    """It may be of another version of the program."""
    merged = merge(Settings(), {"allow_networks": ["10.0.0.0/8"], "nothing": 1})
    assert merged == Settings()


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("scans_per_user", "4", "int_type"),
        ("scans_per_user", True, "int_type"),
        ("scans_per_user", 4.0, "int_type"),
        ("scans_per_user", None, "null_value"),
        ("scans_per_user", 0, "greater_than_equal"),
        ("scans_per_user", 65, "less_than_equal"),
        ("host_busy_s", "180", "float_type"),
        ("host_busy_s", float("nan"), "less_than_equal"),
        ("host_busy_s", float("inf"), "less_than_equal"),
        ("stalled_after_s", 0, "greater_than"),
        ("default_screenshots", 1, "bool_type"),
        ("allowed_targets", "a.example,b.example", "list_type"),
        ("allowed_targets", ["a.example"] * (MAX_ITEMS + 1), "too_long"),
        ("allowed_targets", [3], "string_type"),
        ("allowed_targets", [" "], "string_too_short"),
        ("allowed_targets", ["x" * (MAX_CHARS + 1)], "string_too_long"),
        ("allowed_targets", ["a.example\nb.example"], "not_printable"),
        ("reading_model_name", "a\0b", "not_printable"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_its_name(name, value, code):
    assert faults(Settings(), {name: value}) == [(name, code)]


def test_all_that_is_wrong_is_said_at_once():
    wrong = {"scans_per_user": 0, "max_concurrent_scans": 0, "default_max_pages": 0}
    assert sorted(name for name, _ in faults(Settings(), wrong)) == sorted(wrong)


def test_two_that_contradict_each_other_are_refused():
    order = {"long_running_warning_s": 200.0, "long_running_failure_s": 100.0}
    assert faults(Settings(), order) == [("long_running_warning_s", "not_above")]
    assert faults(Settings(), {"reading_model_url": "http://127.0.0.1:1/v1"}) == [("reading_model_url", "set_together")]


def test_the_one_that_can_be_changed_is_blamed():
    """The other one is the default, or the environment's."""
    environment = Settings(long_running_warning_s=7_200)
    assert faults(environment, {"long_running_failure_s": 3_600}) == [("long_running_failure_s", "not_above_other")]
    assert faults(Settings(), {"reading_model_name": "m"}) == [("reading_model_name", "set_together_other")]


def test_a_key_of_the_environment_goes_to_no_stored_address():
    environment = Settings(reading_model_key=SecretStr("sk-1"))
    assert lock_of("reading_model_url", environment) is Lock.KEY
    stored = {"reading_model_url": "http://collector.example/v1", "reading_model_name": "m"}
    assert faults(environment, stored) == [("reading_model_name", "set_together_other")]
    both = Settings(
        reading_model_key=SecretStr("sk-1"), reading_model_url="http://127.0.0.1:1/v1", reading_model_name="m"
    )
    assert merge(both, stored).reading_model_url == "http://127.0.0.1:1/v1"


def test_without_a_key_the_address_may_be_stored():
    merged = merge(Settings(), {"reading_model_url": "http://127.0.0.1:1/v1", "reading_model_name": "m"})
    assert merged.reading_model_url == "http://127.0.0.1:1/v1"
    assert lock_of("reading_model_url", Settings()) is None
