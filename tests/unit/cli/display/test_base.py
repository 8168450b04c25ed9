import asyncio
import io

import pytest
from rich.console import Console

from app.cli.display.base import CurrentStderr, choose_display, show_until_end
from app.cli.display.live import LiveDisplay
from app.cli.display.plain import PlainDisplay
from app.client.taskview import TaskView
from app.domain.messages import MessageCatalog

EN = MessageCatalog("en")


def terminal(**options):
    return Console(file=io.StringIO(), force_terminal=True, width=100, color_system=None, **options)


def test_a_terminal_gets_bars_and_a_pipe_gets_lines():
    assert isinstance(choose_display(terminal(), EN), LiveDisplay)
    assert isinstance(choose_display(Console(file=io.StringIO()), EN), PlainDisplay)


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
