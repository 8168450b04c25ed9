"""When a browser worker has a process, and what it does when that ends."""

import asyncio

import pytest

from app.scanstore.errors import StoreUnavailable
from app.tasks.process_start import ProcessNotStarted
from app.tasks.render_protocol import EXIT_NO_BROWSER
from app.tasks.supervisor.render_worker import RenderWorker
from tests.support.realtime import until


class Wanted:
    """Whether something waits: one answer after the other, then no."""

    def __init__(self, *answers):
        self.answers, self.asked, self.forgotten, self.given_back = list(answers), 0, 0, []

    def is_any_wanted(self):
        self.asked += 1
        answer = self.answers.pop(0) if self.answers else False
        if isinstance(answer, Exception):
            raise answer
        return answer

    def forget_over(self):
        self.forgotten += 1

    def give_back(self, holder, *, counts):
        self.given_back.append((holder, counts))


class Process:
    """Ends with a code, or when it is told to."""

    def __init__(self, code):
        self.code, self.ended, self.killed, self.closed = code, asyncio.Event(), False, False

    async def run(self):
        if isinstance(self.code, Exception):
            raise self.code
        if self.code is None:
            await self.ended.wait()
            return 0
        return self.code

    def close_input(self):
        self.closed = True
        self.ended.set()

    def kill(self):
        self.killed = True
        self.ended.set()


class Run:
    def __init__(self, wanted, *codes, look_s=0.005, no_browser_pause_s=60.0):
        self.wanted, self.codes, self.made = wanted, list(codes), []
        self.worker = RenderWorker(
            worker_id="worker-1",
            wanted=wanted,
            make_process=self.make,
            look_s=look_s,
            no_browser_pause_s=no_browser_pause_s,
        )

    def make(self, holder):
        self.made.append((holder, Process(self.codes.pop(0))))
        return self.made[-1][1]

    async def __aenter__(self):
        await self.worker.start()
        return self

    async def __aexit__(self, *_):
        await self.worker.stop()
        await self.worker.stop()


async def test_a_process_is_there_while_something_waits():
    async with Run(Wanted(False, True, True), 0, 0) as run:
        await until(lambda: run.wanted.asked > 5)
    holders = [holder for holder, _ in run.made]
    assert len(holders) == len(set(holders)) == 2
    assert all(holder.startswith("worker-1-") for holder in holders)
    assert run.wanted.forgotten == run.wanted.asked - 2, "when nothing waits what is over is forgotten"
    assert run.wanted.given_back == []


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (0, "done"),
        (EXIT_NO_BROWSER, "no_browser"),
        (-9, "died"),
        (1, "died"),
        (ProcessNotStarted("no"), "no_resources"),
    ],
)
async def test_the_metrics_say_why_a_process_has_ended(code, reason):
    async with Run(Wanted(True), code) as run:
        await until(lambda: number(run, "worker_render_processes_ended_total", reason=reason) == 1)
        assert number(run, "worker_render_processes_running") == 0


async def test_the_metrics_say_that_a_process_runs():
    async with Run(Wanted(True), None) as run:
        await until(lambda: number(run, "worker_render_processes_running") == 1)
    assert number(run, "worker_render_processes_running") == 0


def number(run, name, **labels):
    return run.worker.metrics.registry.get_sample_value(name, labels)


async def test_a_message_makes_it_look_at_once():
    async with Run(Wanted(False, True), None, look_s=60.0) as run:
        await until(lambda: run.wanted.asked == 1)
        run.worker.wake()
        await until(lambda: run.made)


async def test_what_a_process_held_that_has_died_is_given_back_at_once():
    async with Run(Wanted(True), -9) as run:
        await until(lambda: run.wanted.given_back)
    assert run.wanted.given_back == [(run.made[0][0], True)]


@pytest.mark.parametrize("code", [EXIT_NO_BROWSER, ProcessNotStarted("no memory")])
async def test_without_a_browser_it_waits_for_a_while_whoever_asks(code):
    async with Run(Wanted(*[True] * 50), code) as run:
        await until(lambda: run.made)
        run.worker.wake()
        await asyncio.sleep(0.05)
        assert len(run.made) == 1


async def test_the_end_closes_the_input_of_the_process():
    async with Run(Wanted(True), None) as run:
        await until(lambda: run.made)
    (_, process) = run.made[0]
    assert process.closed


async def test_a_database_that_is_away_and_a_defect_cost_a_round():
    async with Run(Wanted(StoreUnavailable("away"), ValueError("a defect"), True), 0) as run:
        await until(lambda: run.made)
