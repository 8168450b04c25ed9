import io
from datetime import timedelta, timezone

import pytest
from rich.console import Console

from app.cli.display.live import LiveDisplay
from app.domain.messages import MessageCatalog
from tests.support.clock import FakeClock

EN = MessageCatalog("en")


def terminal(**options):
    return Console(file=io.StringIO(), force_terminal=True, width=100, color_system=None, **options)


def rendered(renderable):
    console = Console(file=io.StringIO(), width=100)
    console.print(renderable)
    return console.file.getvalue()


def test_live_shows_stages_bars_numbers_and_the_newest_lines(task, whole_scan):
    clock = FakeClock()
    display = LiveDisplay(terminal(), EN, monotonic=clock.monotonic, zone=timezone(timedelta(hours=8)))
    for kind, fields in whole_scan[:7]:
        task.event(kind, **fields)
    clock.advance(65)
    shown = rendered(display.render(task.view))
    assert "site.example  running  01:05" in shown
    assert "✔ Subdomain discovery" in shown
    assert "● Page crawl" in shown
    assert shown.splitlines()[1].rstrip() == "crawling"  # what the most active stage says leads
    assert "30 %" in shown
    assert "42 %" in shown
    assert "Subdomains 3   Pages 17" in shown
    assert "11:04:05 a [red]line\ufffd" in shown


def test_a_stage_that_began_early_has_no_number_yet(task):
    task.event("task_stage", stage_key="third_party", stage="s", status="running")
    line = next(line for line in rendered(LiveDisplay(terminal(), EN).render(task.view)).splitlines() if "●" in line)
    assert line.rstrip().endswith("…")


def test_live_keeps_findings_above_the_moving_part_and_ends_without_the_log(task, whole_scan):
    console = terminal()
    with LiveDisplay(console, EN) as display:
        for kind, fields in whole_scan:
            task.feed(display, kind, **fields)
        display.say("Connection lost")
        display.tick(task.view)
    shown = console.file.getvalue()
    for text in ("⚠ at least high · Gambling", "! not all names", "✘ it broke", "Connection lost"):
        assert text in shown
    assert "\x1b[2J" not in shown
    assert "a [red]line" not in rendered(display.render(task.view))


@pytest.mark.parametrize("width", [20, 40, 200])
def test_live_fits_any_window(task, whole_scan, width):
    for kind, fields in whole_scan:
        task.event(kind, **fields)
    console = Console(file=io.StringIO(), width=width)
    console.print(LiveDisplay(console, EN).render(task.view))
    assert max(map(len, console.file.getvalue().splitlines())) <= width
