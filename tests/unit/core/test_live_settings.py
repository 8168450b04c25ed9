"""Settings that change under their readers, and those that wait for the next start."""

import re

import pytest

from app.core.config import Settings
from app.core.live_settings import LiveSettings
from tests.support.logs import captured_log


def events(log):
    return re.findall(r"configuration_(?:taken|not_read|refused)", log.getvalue())


def test_settings_that_never_change_are_their_own_source():
    settings = Settings()
    assert settings.current is settings


def test_a_version_holds_from_the_moment_it_is_taken():
    live = LiveSettings(Settings())
    live.apply(1, {"scans_per_user": 5})
    assert (live.version, live.current.scans_per_user) == (1, 5)
    live.apply(2, {})
    assert (live.version, live.current.scans_per_user) == (2, 2)


def test_a_version_that_the_environment_contradicts_changes_nothing_and_is_told():
    live = LiveSettings(Settings(long_running_warning_s=7_200))
    live.apply(1, {"scans_per_user": 5})
    with captured_log() as log:
        live.apply(2, {"scans_per_user": 6, "long_running_failure_s": 3_600})
    assert (live.current.scans_per_user, live.version, live.is_refused) == (5, 2, True)
    assert events(log) == ["configuration_refused"]
    live.apply(3, {"scans_per_user": 7})
    assert (live.current.scans_per_user, live.is_refused) == (7, False)


@pytest.mark.parametrize(("name", "value", "waits"), [("reports_at_once", 9, True), ("scans_per_user", 9, False)])
def test_what_is_read_once_waits_for_the_next_start(name, value, waits):
    live = LiveSettings(Settings())
    live.start_with(1, {})
    live.apply(2, {name: value})
    assert live.waits_for_restart(name) is waits
    live.apply(3, {})
    assert not live.waits_for_restart(name)


def test_what_was_stored_at_the_start_waits_for_nothing():
    live = LiveSettings(Settings())
    live.start_with(1, {"reports_at_once": 9})
    assert live.current.reports_at_once == 9
    assert not live.waits_for_restart("reports_at_once")
