"""Time zones are those that ship with the program, whatever the machine has."""

import ast
import zoneinfo
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
import tzdata

import app
from app.domain.notifications import DigestPeriod, Timing
from app.domain.time_zones import time_zone, time_zones
from app.sites.schedule import Schedule, dues

BERLIN = "Europe/Berlin"


def at(text):
    return datetime.fromisoformat(f"{text}Z")


@pytest.fixture
def other_rules(tmp_path):
    """A machine whose Berlin has the time of Shanghai."""
    shanghai = Path(tzdata.__file__).parent / "zoneinfo" / "Asia" / "Shanghai"
    (tmp_path / "Europe").mkdir()
    (tmp_path / BERLIN).write_bytes(shanghai.read_bytes())
    zoneinfo.reset_tzpath([str(tmp_path)])
    ZoneInfo.clear_cache()
    assert ZoneInfo(BERLIN).utcoffset(datetime(2026, 1, 1)) == timedelta(hours=8)  # noqa: DTZ001 - of a wall clock
    yield
    zoneinfo.reset_tzpath()
    ZoneInfo.clear_cache()


@pytest.mark.usefixtures("other_rules")
def test_a_schedule_and_a_digest_are_due_by_the_rules_that_ship_with_the_program():
    nightly = Schedule(since=at("2026-01-01T00:00"), cron="30 2 * * *", time_zone=BERLIN)
    assert list(islice(dues(nightly, at("2026-03-28T00:00")), 2)) == [at("2026-03-28T01:30"), at("2026-03-29T01:00")]
    morning = Timing(zone=BERLIN, digest=DigestPeriod.DAILY, digest_minute=8 * 60, quiet_from=None, quiet_until=None)
    assert morning.due(at("2026-01-01T00:00")) == at("2026-01-01T07:00")
    night = Timing(zone=BERLIN, quiet_from=22 * 60, quiet_until=7 * 60)
    assert night.due(at("2026-07-01T21:00")) == at("2026-07-02T05:00")


@pytest.mark.parametrize("name", ["", "localtime", "../etc/passwd", "asia/shanghai", "America", "Mars/Base"])
def test_what_is_no_name_of_a_time_zone_is_not_looked_for(name):
    with pytest.raises(ZoneInfoNotFoundError):
        time_zone(name)


def test_all_that_have_a_name_are_there():
    assert {"UTC", "Asia/Shanghai", BERLIN, "US/Eastern"} <= time_zones()
    assert {time_zone(name).key for name in time_zones()} == time_zones()


def test_nothing_reads_the_time_zones_of_the_machine():
    root = Path(app.__path__[0])
    found = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if (isinstance(node, ast.ImportFrom) and node.module == "zoneinfo")
        or (isinstance(node, ast.Import) and any(name.name == "zoneinfo" for name in node.names))
    }
    assert found == {"domain/time_zones.py"}
