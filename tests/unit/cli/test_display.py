"""What people see, without a terminal."""

import asyncio
import io

import pytest
from rich.console import Console

from app.cli.display.live import LiveDisplay
from app.cli.display.plain import PlainDisplay
from app.cli.display.progress import choose_display, show_until_end
from app.cli.display.report import print_report
from app.cli.display.stream import CurrentStderr
from app.cli.texts import Labels
from app.client.taskview import TaskView
from app.domain.parties import Outcome
from tests.support.clock import FakeClock

EN = Labels("en")


def terminal(**options):
    return Console(file=io.StringIO(), force_terminal=True, width=100, color_system=None, **options)


def rendered(renderable):
    console = Console(file=io.StringIO(), width=100)
    console.print(renderable)
    return console.file.getvalue()


def test_a_terminal_gets_bars_and_a_pipe_gets_lines():
    assert isinstance(choose_display(terminal(), EN), LiveDisplay)
    assert isinstance(choose_display(Console(file=io.StringIO()), EN), PlainDisplay)


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
        "[00:00] VIOLATION: high · Gambling · bets.example · 0.95 (to be reviewed), on http://site.example/\ufffd[2J",
        "[00:00] warning: not all names",
        "[00:00] error: it broke",
        "[00:00] site.example: failed",
    ]


def test_in_a_pipe_progress_is_a_line_every_five_seconds_and_only_when_it_is_new(task, whole_scan):
    stream, clock = io.StringIO(), FakeClock()
    display = PlainDisplay(stream, EN, monotonic=clock.monotonic)
    for kind, fields in whole_scan[:6]:
        task.feed(display, kind, **fields)
    before = stream.getvalue()
    for _ in range(30):
        clock.advance(0.5)
        display.tick(task.view)
    expected = " 42 % · Page crawl · Subdomains 3, Pages 17, Third parties 0, Violations 0\n"
    assert stream.getvalue().removeprefix(before) == f"[00:05] {expected}"


def test_in_a_pipe_states_of_the_connection_are_lines_and_their_end_is_none():
    stream = io.StringIO()
    display = PlainDisplay(stream, EN, monotonic=FakeClock().monotonic)
    display.say("Connecting to x")
    display.say("")
    assert stream.getvalue() == "[00:00] Connecting to x\n"


def test_live_shows_stages_bars_numbers_and_the_newest_lines(task, whole_scan):
    clock = FakeClock()
    display = LiveDisplay(terminal(), EN, monotonic=clock.monotonic)
    for kind, fields in whole_scan[:7]:
        task.event(kind, **fields)
    clock.advance(65)
    shown = rendered(display.render(task.view))
    assert "site.example  running  01:05" in shown
    assert "✔ Subdomain discovery" in shown
    assert "● Page crawl" in shown
    assert "30 %" in shown
    assert "42 %" in shown
    assert "Subdomains 3   Pages 17" in shown
    assert "03:04:05 a [red]line\ufffd" in shown


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
    for text in ("⚠ high · Gambling", "! not all names", "✘ it broke", "Connection lost"):
        assert text in shown
    assert "\x1b[2J" not in shown
    assert "a [red]line" not in rendered(display.render(task.view))


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"queue_position": 2}, "running · place 2 in the queue"),
        ({"attempt": 3}, "running · attempt 3"),
        ({"eta_s": 90}, "running · about 90 s left"),
        ({"deleted": True}, "deleted"),
        ({"verdict": {"result": "violations", "reasons": ["robots"]}}, "running · violations"),
        ({"verdict": {"result": "clean", "reasons": ["depth"]}}, "running · clean (beyond the limit of depth)"),
    ],
)
def test_what_matters_about_the_state_stands_beside_it(task, fields, shown):
    task.event("task_started", target_domain="site.example", message="m")
    for name, value in fields.items():
        setattr(task.view, name, value)
    assert f"site.example  {shown}  " in rendered(LiveDisplay(terminal(), EN).render(task.view))


@pytest.mark.parametrize("width", [20, 40, 200])
def test_live_fits_any_window(task, whole_scan, width):
    for kind, fields in whole_scan:
        task.event(kind, **fields)
    console = Console(file=io.StringIO(), width=width)
    console.print(LiveDisplay(console, EN).render(task.view))
    assert max(map(len, console.file.getvalue().splitlines())) <= width


def test_the_report_lists_violations_third_parties_numbers_and_warnings(report):
    console = Console(file=io.StringIO(), width=160)
    print_report(report, console, EN)
    shown = console.file.getvalue()
    for text in (
        "site.example: completed in 01:05",
        "Violations (1)",
        "0.95 ?",
        "many [bold]terms[/bold]",
        "Third parties (60)",
        "... and 10 more",
        "17 of 20 known URLs crawled",
        "partial: not all names",
    ):
        assert text in shown
    assert "\x1b" not in shown
    rows = [line for line in shown.splitlines() if "www." not in line and "party-" in line]
    # Those with a risk come first, then what nobody saw, whatever is cut.
    assert rows[0].split() == ["party-59.example", "advertising", "high", "examined", "2", "1", "1"]
    assert rows[1].split() == ["party-58.example", "advertising", "unreachable", "2", "1", "1"]


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_outcome_has_its_word(report, language):
    parties = [{**report["third_parties"][0], "outcome": outcome.value} for outcome in Outcome]
    console = Console(file=io.StringIO(), width=160)
    print_report({**report, "third_parties": parties}, console, Labels(language))
    words = [Labels(language)(outcome.value) for outcome in Outcome]
    assert len(set(words)) == len(words)
    for word in words:
        assert word in console.file.getvalue()


def test_a_clean_and_a_failed_report_say_so(report):
    empty = {"violations": [], "third_parties": [], "warnings": []}
    failed = {**report["task"], "status": "failed", "error": {"code": "internal", "message": "it broke"}}
    console = Console(file=io.StringIO(), width=100)
    print_report({**report, **empty, "task": failed}, console, EN)
    shown = console.file.getvalue()
    for text in ("site.example: failed", "error: it broke", "No violations found.", "No third parties."):
        assert text in shown
    assert "Warnings" not in shown


def test_a_site_that_nobody_saw_is_not_called_clean(report):
    nothing = {"violations": [], "third_parties": [], "coverage": {"crawled": 0, "known": 0}}
    console = Console(file=io.StringIO(), width=200)
    print_report({**report, **nothing}, console, EN)
    assert "No violations found." not in console.file.getvalue()
    assert "nothing to examine" in console.file.getvalue()


@pytest.mark.parametrize(
    ("language", "result", "reasons", "first", "then"),
    [
        ("en", "clean", [], " · clean", "No violations found."),
        (
            "en",
            "clean",
            ["page_limit"],
            " · clean (the limit of pages was reached) · 17 of 20 addresses judged",
            "No violations",
        ),
        ("zh-CN", "clean", ["depth"], " · 未发现违规 (超出深度限制) · 已检查 17 / 20 个链接", "未发现违规。"),
        (
            "en",
            "inconclusive",
            ["low_coverage", "client_error"],
            " · inconclusive (less than 95 % of the addresses could be judged) · 17 of 20 addresses judged",
            "too little was seen to call the site clean",
        ),
        ("zh-CN", "inconclusive", ["start_page"], " · 没有结论 (起始页没有可检查的内容)", "看到的内容不足以得出结论"),
    ],
)
def test_the_verdict_and_what_cut_the_scan_short_stand_in_the_first_line(
    report, language, result, reasons, first, then
):
    console = Console(file=io.StringIO(), width=200)
    verdict = {"result": result, "reasons": reasons}
    print_report({**report, "violations": [], "verdict": verdict}, console, Labels(language))
    lines = console.file.getvalue().splitlines()
    assert first in lines[0]
    assert any(then in line for line in lines[1:])


@pytest.mark.parametrize(
    ("language", "first"), [("en", " · 0 of 1 addresses judged"), ("zh-CN", " · 已检查 0 / 1 个链接")]
)
def test_answers_that_showed_nothing_are_counted_as_nothing_judged(report, language, first):
    console = Console(file=io.StringIO(), width=200)
    coverage = {"crawled": 1, "known": 1, "by_reason": {"server_error": 1}, "hosts": []}
    verdict = {"result": "inconclusive", "reasons": ["start_page", "server_error"]}
    print_report({**report, "violations": [], "coverage": coverage, "verdict": verdict}, console, Labels(language))
    lines = console.file.getvalue().splitlines()
    assert lines[0].endswith(first)
    assert Labels(language)("nothing_examined") in lines


class Recording:
    def __init__(self):
        self.shown, self.ticks, self.said = [], 0, []

    def show(self, view, event):
        self.shown.append(event.type)

    def tick(self, view):
        self.ticks += 1

    def say(self, text, *, lasting=False):
        self.said.append(text)


async def test_a_display_is_fed_until_the_task_has_ended_and_ticks_meanwhile(task, whole_scan):
    closed = False

    async def events():
        nonlocal closed
        try:
            for number, (kind, fields) in enumerate(whole_scan):
                if number == 3:
                    await asyncio.sleep(0.3)
                yield other.event(kind, **fields)
            raise AssertionError("nobody asks after the end")
        finally:
            closed = True

    other = type(task)()
    display, view = Recording(), TaskView("t1")
    await show_until_end(events(), view, display)
    assert display.shown == [kind for kind, _ in whole_scan]
    assert display.ticks >= 1
    assert (view.ended, closed, display.said) == (True, True, [""])


async def test_an_error_of_the_display_is_not_lost(task):
    class Broken(Recording):
        def tick(self, view):
            raise BrokenPipeError

    async def events():
        await asyncio.sleep(0.3)
        yield type(task)().event("task_completed", status="completed", statistics={}, message="m")

    with pytest.raises(BrokenPipeError):
        await show_until_end(events(), TaskView("t1"), Broken())


async def test_an_error_of_the_events_comes_out_as_it_is():
    async def events():
        raise ConnectionError("gone")
        yield

    with pytest.raises(ConnectionError):
        await show_until_end(events(), TaskView("t1"), Recording())


def test_log_lines_go_to_whoever_has_standard_error_now(monkeypatch):
    stream = CurrentStderr()
    taken = io.StringIO()
    monkeypatch.setattr("sys.stderr", taken)
    stream.write("a line")
    stream.flush()
    assert (taken.getvalue(), stream.isatty()) == ("a line", False)
