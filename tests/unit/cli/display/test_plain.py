import io

from app.cli.display.plain import PlainDisplay
from app.domain.messages import MessageCatalog
from tests.support.clock import FakeClock

EN = MessageCatalog("en")


def test_in_a_pipe_each_stage_change_violation_and_warning_is_a_line(task, whole_scan):
    stream = io.StringIO()
    with PlainDisplay(stream, EN, monotonic=FakeClock().monotonic) as display:
        for kind, fields in whole_scan:
            task.feed(display, kind, **fields)
    assert stream.getvalue().splitlines() == [
        "[00:00] site.example: running",
        "[00:00] Subdomain discovery: running",
        "[00:00] Page crawl: running",
        "[00:00] Subdomain discovery: completed",
        "[00:00] VIOLATION: at least high · Gambling · bets.example · confidence 95 % · needs review · referring page http://site.example/\ufffd[2J",
        "[00:00] warning: not all names",
        "[00:00] error: it broke",
        "[00:00] site.example: failed",
    ]


def test_in_a_pipe_progress_is_a_line_every_five_seconds_and_every_ten_when_nothing_is_new(task, whole_scan):
    stream, clock = io.StringIO(), FakeClock()
    display = PlainDisplay(stream, EN, monotonic=clock.monotonic)
    for kind, fields in whole_scan[:6]:
        task.feed(display, kind, **fields)
    before = stream.getvalue()
    for _ in range(30):
        clock.advance(0.5)
        display.tick(task.view)
    expected = " 42 % · crawling · Subdomains 3, Pages 17, Third parties 0, Violations 0\n"
    assert stream.getvalue().removeprefix(before) == f"[00:05] {expected}[00:15] {expected}"


def test_in_a_pipe_a_task_that_waits_says_so_every_ten_seconds_until_it_has_ended(task, whole_scan):
    stream, clock = io.StringIO(), FakeClock()
    display = PlainDisplay(stream, EN, monotonic=clock.monotonic)
    task.event(*whole_scan[0][:1], **whole_scan[0][1])
    for _ in range(50):
        clock.advance(0.5)
        display.tick(task.view)
    assert [line[:8] for line in stream.getvalue().splitlines()] == ["[00:05] ", "[00:15] ", "[00:25] "]
    assert "site.example: waiting" in stream.getvalue()
    for kind, fields in whole_scan[1:]:
        task.event(kind, **fields)
    before = stream.getvalue()
    clock.advance(60)
    display.tick(task.view)
    assert stream.getvalue() == before


def test_in_a_pipe_states_of_the_connection_are_lines_and_their_end_is_none():
    stream = io.StringIO()
    display = PlainDisplay(stream, EN, monotonic=FakeClock().monotonic)
    display.say("Connecting to x")
    display.say("")
    assert stream.getvalue() == "[00:00] Connecting to x\n"
