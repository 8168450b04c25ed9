"""The whole engine in this process, with a sink that remembers and a small site on real sockets."""

import asyncio

import pytest

from app.domain.stages import STAGES, StageKey, StageStatus
from app.engines.model import HostFact, NetworkConfig, ScanConfig
from app.engines.ports import ScanStopped
from app.engines.scan_executor import ScanExecutor
from app.scanstore.sqlite import SqliteScanStore
from tests.support.small_world import ADDRESS, TARGET, small_world

KEYS = [spec.key for spec in STAGES]


class RememberingSink:
    """Stops the scan at the call that `stop_at` says yes to."""

    def __init__(self, stop_at=lambda kind, *_: False):
        self.calls, self.known, self.stop_at = [], set(), stop_at

    def note(self, *call):
        self.calls.append(call)
        if self.stop_at(*call):
            raise ScanStopped

    async def stage(self, key, status, *, duration_ms=None):
        self.note("stage", key, status)

    async def progress(self, key, fraction, message, counts):
        self.note("progress", key, fraction, counts)

    async def log(self, level, module, message):
        self.note("log", level, message)

    async def warning(self, code, message, *, reason=None, host=None, count=None):
        self.note("warning", code, message)

    async def covered(self, coverage):
        self.note("covered", coverage)

    async def violation(self, fact):
        self.note("violation", fact.domain, fact.key.value, fact.found_on)
        if (fact.domain, fact.key) in self.known:
            return False
        self.known.add((fact.domain, fact.key))
        return True

    def of(self, kind):
        return [call[1:] for call in self.calls if call[0] == kind]


def network(world):
    port = int(world.settings["port_map"][0].partition("=")[2])
    return NetworkConfig(
        resolvers=world.settings["resolvers"],
        allow_networks=world.settings["allow_networks"],
        port_map={80: port},
        chromium_path="/nowhere/chromium",
    )


def executor(world, tmp_path, store, sink, **config):
    options = {"use_passive_sources": False, "screenshots": False, **config}
    return ScanExecutor(
        config=ScanConfig(TARGET, **options),
        network=network(world),
        store=store,
        sink=sink,
        captures_dir=tmp_path / "captures",
        language="en",
    )


@pytest.fixture
def store(tmp_path):
    opened = SqliteScanStore(tmp_path / "scan.db")
    yield opened
    opened.close()


async def test_a_scan_runs_all_stages_and_pushes_violations_before_the_captures_end(tmp_path, store):
    sink = RememberingSink()
    async with small_world() as world:
        world.delay_s = 0.01
        await executor(world, tmp_path, store, sink).run()
    ends = [key for key, status in sink.of("stage") if status is StageStatus.COMPLETED]
    assert ends == KEYS
    assert {key for _, key in sink.known} == {"gambling", "hidden_link"}
    first = next(i for i, call in enumerate(sink.calls) if call[0] == "violation")
    assert first < sink.calls.index(("stage", StageKey.CONTENT_CAPTURE, StageStatus.COMPLETED))
    counts = store.counts()
    assert (counts.subdomains, counts.pages, counts.third_parties) == (2, len(world.pages), 4)
    last = sink.of("progress")[-1][2]
    assert (last.pages, last.third_parties, last.subdomains) == (counts.pages, counts.third_parties, counts.subdomains)
    assert {party.domain: party.hidden for party in store.third_parties()}["hidden-bets.example"] == 1


async def test_a_second_executor_on_the_same_store_fetches_no_page_again(tmp_path, store):
    async with small_world() as world:
        world.delay_s = 0.01
        await executor(world, tmp_path, store, RememberingSink()).run()
        world.requests.clear()
        sink = RememberingSink()
        await executor(world, tmp_path, store, sink).run()
    assert {url for url in world.requests if "/p/" in url or "bets" in url} == set()
    assert {key for _, key in sink.known} == {"gambling", "hidden_link"}
    assert sink.of("log")[0][1].startswith("goes on from its checkpoint")


async def test_a_scan_that_was_stopped_anywhere_goes_on_to_the_same_end(tmp_path, store):
    pages = 0

    def stop_at(kind, *rest):
        nonlocal pages
        pages += kind == "log" and "captured" in rest[1]
        return pages == 3

    async with small_world() as world:
        world.delay_s = 0.02
        with pytest.raises(BaseException) as stopped:  # noqa: PT011 - a group of any depth
            await executor(world, tmp_path, store, RememberingSink(stop_at)).run()
        assert isinstance(stopped.value, ScanStopped | BaseExceptionGroup)
        sink = RememberingSink()
        await executor(world, tmp_path, store, sink).run()
    assert len(sink.known) == 3
    assert store.counts().pages == len(world.pages)


async def test_a_page_whose_host_was_not_examined_before_the_crash_is_found_again(tmp_path, store):
    async with small_world() as world:
        world.delay_s = 0.01
        store.put_host(HostFact(TARGET, ("target",), addresses=(ADDRESS,), http_alive=True))
        await executor(world, tmp_path, store, RememberingSink(), max_depth=0).run()
    assert {host.name for host in store.hosts()} == {TARGET, f"www.{TARGET}"}


async def test_without_chromium_one_warning_says_so(tmp_path, store):
    sink = RememberingSink()
    async with small_world() as world:
        world.delay_s = 0.01
        await executor(world, tmp_path, store, sink, screenshots=True).run()
    (warning,) = sink.of("warning")
    assert warning[0] == "degraded"
    assert "no screenshots" in warning[1]
    assert len(sink.known) == 3


async def test_an_external_hop_of_a_capture_is_a_third_party_too(tmp_path, store):
    sink = RememberingSink()
    async with small_world() as world:
        world.delay_s = 0.01
        world._documents["news.example", "/"] = (
            b'<meta http-equiv="refresh" content="0;url=http://behind.example/"><p>moved</p>'
        )
        world._documents["behind.example", "/"] = world._documents["bad-bets.example", "/"]
        world.zone["behind.example", "A"] = [ADDRESS]
        await executor(world, tmp_path, store, sink).run()
    parties = {party.domain: party for party in store.third_parties()}
    assert parties["behind.example"].relation == "redirect"
    assert parties["behind.example"].example_page == f"http://{TARGET}/p/5"
    assert ("behind.example", "gambling") in sink.known


async def test_the_time_limit_leaves_out_what_waits_and_says_so(tmp_path, store):
    sink = RememberingSink()
    async with small_world() as world:
        world.delay_s = 0.5
        async with asyncio.timeout(20):
            await executor(world, tmp_path, store, sink, time_limit_s=1).run()
    assert "partial" in {code for code, _ in sink.of("warning")}
    assert [key for key, status in sink.of("stage") if status is not StageStatus.RUNNING] == KEYS


async def test_a_target_that_does_not_exist_is_a_complete_scan_of_nothing(tmp_path, store):
    sink = RememberingSink()
    async with small_world() as world:
        world.zone.clear()
        await executor(world, tmp_path, store, sink).run()
    ends = [(key, status) for key, status in sink.of("stage") if status is not StageStatus.RUNNING]
    assert ends[2:] == [(key, StageStatus.SKIPPED) for key in KEYS[2:]]
    assert store.counts().pages == 0
