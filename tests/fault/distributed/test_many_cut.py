"""A thousand clients lose their connection in the same moment: they come back spread out, and miss nothing."""

import signal
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.fault.distributed.form import either
from tests.fault.distributed.processes import resident_mib, signal_all, tree_of
from tests.fault.distributed.scene import order

pytestmark = pytest.mark.fault
MANY_CLIENTS = either(1_000, 200)
MORE_PAGES = 80
BACK_WITHIN_S = 15.0
SLICE_S = 0.1
MOST_IN_A_SLICE = (
    0.8  # all without a spread; a machine that stands still for a moment brings together what comes meanwhile
)
TICKS_PER_S = 100  # of /proc (USER_HZ, the same on every Linux)


@pytest.fixture
def scene_options():
    room = ("ws_max_connections_per_user", "ws_max_connections_per_address", "http_max_connections_per_address")
    rest = {"ws_handshakes_per_s_per_address": 3 * MANY_CLIENTS, "worker_lost_after_s": 45}  # no worker is at stake
    return dict.fromkeys(room, 3 * MANY_CLIENTS) | rest


class Meter(threading.Thread):
    """Looks at a process every tenth of a second: its share of a core, and its memory."""

    def __init__(self, pid: int) -> None:
        super().__init__(name="meter", daemon=True)
        self._pid = pid
        self._done = threading.Event()
        self.shares: list[float] = []
        self.most_mib = 0.0
        self.used_s = 0.0

    def run(self) -> None:
        began = before = cpu_s(self._pid)
        at = time.monotonic()
        while not self._done.wait(SLICE_S):
            now, used = time.monotonic(), cpu_s(self._pid)
            self.shares.append((used - before) / (now - at))
            self.most_mib = max(self.most_mib, resident_mib(self._pid))
            at, before = now, used
        self.used_s = before - began

    def end(self) -> None:
        self._done.set()
        self.join()


def cpu_s(pid: int) -> float:
    """User and system time so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def test_a_thousand_clients_cut_at_once_come_back_spread_out(scene):
    person = scene.person(1)
    scene.world.add_pages(MORE_PAGES)
    task = order(person)
    (killed, first), (other, second) = scene.servers
    scene.follow(person, task, MANY_CLIENTS, addresses=[first])
    for watcher in scene.watchers:
        watcher.move_to([second])
    watchers = list(scene.watchers)
    scene.work()
    scene.world.delay_s = 3.0  # the scan goes on until all are back
    scene.until(lambda: len(scene.world.requests) >= 5)
    before_mib = resident_mib(other.process.pid)
    meter = Meter(other.process.pid)
    meter.start()
    signal_all(tree_of(killed.process.pid), signal.SIGKILL)
    cut_at = time.time()
    killed.process.wait()
    scene.until(lambda: all(watcher.back_at for watcher in watchers), within_s=60)
    meter.end()
    assert scene.row(task)["status"] == "running"
    scene.world.delay_s = 0.02

    back_after_s = sorted(watcher.back_at[0] - cut_at for watcher in watchers)
    # When they asked: a machine that stands still for a moment lets in together who came meanwhile.
    in_slices = Counter(int((watcher.asked_at[0] - cut_at) / SLICE_S) for watcher in watchers)
    scene.noticed(back_after_s[0])
    scene.repaired(back_after_s[-1])
    scene.measured["half of the clients back after"] = f"{back_after_s[MANY_CLIENTS // 2]:.2f} s"
    scene.measured["most in a tenth of a second"] = str(max(in_slices.values()))
    scene.measured["the other server used"] = (
        f"{meter.used_s:.2f} s of a core, {max(meter.shares):.0%} in its busiest tenth of a second"
    )
    scene.measured["its memory"] = f"{before_mib:.0f} to {meter.most_mib:.0f} MiB"
    story = scene.finish(task)
    assert {finding[0] for finding in story.findings} == {"bad-bets.example", "hidden-bets.example"}
    assert [len(watcher.back_at) for watcher in watchers] == [1] * MANY_CLIENTS
    assert back_after_s[-1] <= BACK_WITHIN_S
    assert max(in_slices.values()) <= MOST_IN_A_SLICE * MANY_CLIENTS
