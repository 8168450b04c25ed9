"""The whole engine in this process, with a sink that remembers and a small site on real sockets."""

import asyncio

import pytest

from app.captures.folder import FolderStorage
from app.captures.port import ContentsUnavailable
from app.domain.reputation_lists import FoundLists, ListKind, UsedList
from app.domain.scan_facts import HostFact
from app.domain.stages import STAGES, StageKey, StageStatus
from app.engines.model import NetworkConfig, ScanConfig
from app.engines.ports import ScanStopped
from app.engines.scan_executor import ScanExecutor
from app.scanstore.sqlite import SqliteScanStore
from tests.support.contents import contents_in
from tests.support.programs import launch_parsers
from tests.support.said import said
from tests.support.small_world import ADDRESS, FILLER, TARGET, html, small_world

KEYS = [spec.key for spec in STAGES]
REGISTRIES = "/rdap/dns.json"


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

    async def log(self, entry):
        self.note("log", entry.level, entry.message)

    async def warning(self, code, message, *, reason=None, host=None, count=None):
        self.note("warning", code, message)

    async def covered(self, coverage):
        self.note("covered", coverage)

    async def violation(self, fact):
        self.note("violation", fact.domain, fact.violation_key.value, fact.found_on)
        if (fact.domain, fact.violation_key) in self.known:
            return False
        self.known.add((fact.domain, fact.violation_key))
        return True

    async def recheck(self, domain, key, state):
        self.note("recheck", domain, key.value, state.value)
        return True

    def of(self, kind):
        return [call[1:] for call in self.calls if call[0] == kind]


class AwaitingSink(RememberingSink):
    """Stops the scan when it says this."""

    def __init__(self, awaited):
        super().__init__(lambda kind, message=None, *_: kind == "says" and message == awaited)

    async def progress(self, key, fraction, message, counts):
        self.note("says", message)


def network(world):
    port = int(world.settings["port_map"][0].partition("=")[2])
    return NetworkConfig(
        resolvers=world.settings["resolvers"],
        allow_networks=world.settings["allow_networks"],
        port_map={80: port},
        chromium_path="/nowhere/chromium",
        passive_sources=(f"rdap=http://registry.example{REGISTRIES}",),
    )


def executor(world, tmp_path, store, sink, *, captures=None, find_lists=lambda _: FoundLists(), **config):
    options = {"use_passive_sources": False, "screenshots": False, **config}
    return ScanExecutor(
        config=ScanConfig(TARGET, **options),
        network=network(world),
        store=store,
        sink=sink,
        captures=captures or FolderStorage(tmp_path / "captures"),
        language="en",
        find_lists=find_lists,
        launch_parsers=launch_parsers,
    )


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.system)])
def store(request, tmp_path):
    is_file = request.param == "sqlite"
    opened = SqliteScanStore(tmp_path / "scan.db") if is_file else request.getfixturevalue("postgres_run").open()
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


@pytest.mark.parametrize(
    ("key", "count", "silent", "passive"),
    [("awaiting_registries", 1, REGISTRIES, True), ("awaiting_icons", 2, "/favicon.ico", False)],
)
async def test_a_scan_that_waits_for_others_and_has_nothing_else_to_do_says_so(
    tmp_path, store, key, count, silent, passive
):
    site = {(TARGET, "/"): html("主页", f'{FILLER}<a href="http://news.example/">新闻</a>')}
    login = {("news.example", "/"): html("登录", f"{FILLER}<form><input type=password name=p></form>")}
    registry = {("registry.example", "/"): b""}
    async with small_world({**site, **login, **registry}) as world:
        world.delay_s = 0.0
        world.silent = {silent}
        start = (f"http://{TARGET}/",)
        sink = AwaitingSink(said(key, count=count))
        scan = executor(world, tmp_path, store, sink, start_urls=start, max_depth=0, use_passive_sources=passive)
        with pytest.raises(BaseException) as stopped:  # noqa: PT011 - a group of any depth
            await scan.run()
        assert isinstance(stopped.value, ScanStopped | BaseExceptionGroup)


async def test_a_scan_that_goes_on_asks_for_the_lists_that_it_began_with(tmp_path, store):
    path = tmp_path / "list"
    path.write_bytes(b"news.example\t00000003\tfraud\t0.95\n")
    used = UsedList("1", "feed", ListKind.BLOCK, "x.txt", "2026-11-20", "0" * 64, 1, "1" * 64, 1)
    asked = []

    def find(before):
        asked.append(before)
        return FoundLists([(used, path)], replaced=["feed"] if before else [], missing=["other"])

    async with small_world() as world:
        sink = RememberingSink()
        await executor(world, tmp_path, store, sink, find_lists=find).run()
        assert ("news.example", "fraud") in sink.known
        assert any("other" in message for code, message in sink.of("warning") if code == "degraded")
        again = RememberingSink()
        await executor(world, tmp_path, store, again, find_lists=find).run()
    assert asked == [None, [used]]
    assert any("other versions are used: feed" in message for level, message in again.of("log") if level == "WARNING")


async def test_a_second_executor_on_the_same_store_fetches_no_page_again(tmp_path, store):
    async with small_world() as world:
        world.delay_s = 0.01
        await executor(world, tmp_path, store, RememberingSink()).run()
        world.requests.clear()
        sink = RememberingSink()
        await executor(world, tmp_path, store, sink).run()
    assert {url for url in world.requests if "/p/" in url or "bets" in url} == set()
    assert [key for key, status in sink.of("stage") if status is StageStatus.COMPLETED] == KEYS
    assert {key for _, key in sink.known} == {"gambling", "hidden_link"}
    assert sink.of("log")[0][1].startswith("Continuing from the checkpoint")


async def test_a_scan_that_was_stopped_anywhere_goes_on_to_the_same_end(tmp_path, store):
    pages = 0

    def stop_at(kind, *rest):
        nonlocal pages
        pages += kind == "log" and rest[1].startswith("Captured")
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


class Storage(FolderStorage):
    """A folder that is away when it is told to be, without anybody waiting for long."""

    def __init__(self, root):
        super().__init__(root)
        self.away = False

    def _ask(self):
        if self.away:
            raise ContentsUnavailable("connection refused")

    def renew(self, sha256):
        self._ask()
        return super().renew(sha256)

    def write(self, sha256, packed):
        self._ask()
        super().write(sha256, packed)

    def read(self, sha256):
        self._ask()
        return super().read(sha256)


async def test_a_scan_whose_storage_of_captures_is_away_finds_the_same_and_says_what_it_lost(
    tmp_path, store, monkeypatch
):
    monkeypatch.setattr("app.captures.outage.PATIENCE_S", 0.2)
    captures, sink = Storage(tmp_path / "captures"), RememberingSink()
    captures.away = True
    async with small_world() as world:
        world.delay_s = 0.01
        await executor(world, tmp_path, store, sink, captures=captures).run()
    assert {(domain, key) for domain, key in sink.known} == {
        ("bad-bets.example", "gambling"),
        ("hidden-bets.example", "gambling"),
        ("hidden-bets.example", "hidden_link"),
    }
    ends = [key for key, status in sink.of("stage") if status is StageStatus.COMPLETED]
    assert ends == KEYS
    said = [message for code, message in sink.of("warning") if code == "degraded"]
    assert len([message for message in said if "does not respond" in message]) == 1
    assert len([message for message in said if "did not respond" in message]) == 1
    assert list((tmp_path / "captures").rglob("*.zst")) == []


async def test_a_storage_that_is_back_in_time_loses_nothing(tmp_path, store):
    captures, sink = Storage(tmp_path / "captures"), RememberingSink()
    captures.away = True

    def come_back(kind, *_):
        captures.away = captures.away and kind != "stage"
        return False

    sink.stop_at = come_back
    async with small_world() as world:
        world.delay_s = 0.01
        await executor(world, tmp_path, store, sink, captures=captures).run()
    assert sink.of("warning") == []
    assert len(sink.known) == 3
    for capture in store.captures():
        assert contents_in(tmp_path / "captures").get(capture.html_sha256)


@pytest.mark.parametrize("damage", ["lost", "away"])
async def test_a_page_whose_source_was_not_kept_is_captured_again_and_never_taken_for_clean(
    tmp_path, store, monkeypatch, damage
):
    """The scan was killed between a capture and its analysis, and what it captured is not there any more."""
    monkeypatch.setattr("app.captures.outage.PATIENCE_S", 0.2)
    captures = Storage(tmp_path / "captures")
    async with small_world() as world:
        world.delay_s = 0.01
        await executor(world, tmp_path, store, RememberingSink(), captures=captures).run()
        for path in (tmp_path / "captures").rglob("*.zst"):
            path.unlink()
        captures.away = damage == "away"
        world.requests.clear()
        sink = RememberingSink()
        await executor(world, tmp_path, store, sink, captures=captures).run()
    assert world.counts()["http://bad-bets.example/"] == 1
    assert len(sink.known) == 3
    assert [key for key, status in sink.of("stage") if status is StageStatus.COMPLETED] == KEYS
