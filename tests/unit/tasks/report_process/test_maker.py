"""What reports have of the settings: the name and the logo of the organisation."""

import pytest

from app.tasks.report_process.maker import build_report_maker
from app.tasks.report_process.protocol import SIZE, read_settings, settings_message
from tests.support.backend import make_settings
from tests.unit.core.test_logo_file import picture


@pytest.fixture
def logo(tmp_path):
    path = tmp_path / "logo.png"
    path.write_bytes(picture())
    return path


def origin_of(settings, db):
    """Return what a maker says of whose reports it makes, in a process that got the settings as a message."""
    received, _ = read_settings(settings_message(settings, {})[SIZE.size :])
    maker = build_report_maker(received, db, {})
    return maker._organisation, maker._logo, maker._public_url


def test_a_report_has_the_name_and_the_logo_of_the_settings(tmp_path, db, logo):
    settings = make_settings(
        tmp_path, report_organisation="Acme\u202e Group", report_logo=logo, public_url="https://scan.example.com"
    )
    organisation, shown, url = origin_of(settings, db)
    assert organisation == "Acme\N{REPLACEMENT CHARACTER} Group"
    assert (shown.width, shown.height, shown.media_type) == (64, 40, "image/png")
    assert url == "https://scan.example.com"


def test_reports_go_on_without_a_logo_that_is_gone_since_the_start(tmp_path, db, logo):
    settings = make_settings(tmp_path, report_logo=logo)
    logo.unlink()
    assert origin_of(settings, db)[1] is None


def test_without_settings_there_is_neither(tmp_path, db):
    assert origin_of(make_settings(tmp_path), db) == ("", None, None)
