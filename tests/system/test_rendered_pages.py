"""Scripts load what no source names: a scan with the real Chromium, and everybody that was really asked."""

import asyncio
import faulthandler
import os
import signal
from contextlib import closing

import pytest

from app.domain.coverage import COVERED
from app.scanstore.files import store_path
from app.scanstore.sqlite import SqliteScanStore
from tests.support.realtime import until
from tests.support.said import said
from tests.support.scan_backend import scan_backend
from tests.support.scanned import Scanned, await_end, served
from tests.support.scripted_world import LOADED, NOT_LOADED, TARGET, scripted_world

pytestmark = pytest.mark.system
PATIENCE_S = 400
START = f"http://{TARGET}/"
ENOUGH_WAYS = 20


def scan(world, folder, **config):
    """(what the report has of the third parties by domain, pages, the coverage, references of the scan's own store,
    findings by domain).
    """
    faulthandler.cancel_dump_traceback_later()  # it has a limit of its own, longer than that of a test that hangs
    options = {"use_passive_sources": False, "cloaking": False, "screenshots": True, **config}
    with served(folder, language="en", **world.settings) as http:
        task_id = http.post("/api/v1/tasks", json={"target_domain": TARGET, "config": options}).json()["id"]
        scanned = Scanned(http, task_id, folder)
        await_end(scanned, PATIENCE_S)
        parties = {
            one["domain"]: scanned.get(f"/third-parties/{one['domain']}").json()
            for one in scanned.all_items("/third-parties")
        }
        pages = {one["url"] for one in scanned.all_items("/pages")}
        found = {
            one["domain"]: scanned.get(f"/findings/{one['finding_id']}").json()
            for one in scanned.all_items("/findings")
        }
    with closing(SqliteScanStore(store_path(folder, task_id, 1))) as store:
        references = list(store.references())
        coverage = store.checkpoint(COVERED)
    return parties, pages, coverage, references, found


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rendered") / "data"

    async def scan_world():
        async with scripted_world() as world:
            return world, *await asyncio.to_thread(scan, world, folder)

    return asyncio.run(scan_world())


def hosts_of(references, prefix):
    return {one.url.split("/")[2]: one for one in references if one.kind.startswith(prefix)}


def test_every_domain_that_chromium_contacts_is_in_the_report(scanned):
    world, parties, *_ = scanned
    contacted = set(world.by_browser) - {TARGET}
    assert contacted == {f"{name}.example" for name in LOADED}, world.by_browser
    assert len(contacted) > ENOUGH_WAYS
    assert set(parties) == contacted | {f"{name}.example" for name in NOT_LOADED}
    assert set(parties) == contacted | world.pictured | {"form-target.example"}


def test_each_of_them_says_who_had_it_loaded(scanned):
    *_, references, _ = scanned
    loaded = hosts_of(references, "loaded:")
    makers = {name: loaded[f"{name}.example"].loaded_by[0] for name in LOADED}
    # The first requests of a worker can be over before its process says who made them: then it is the page.
    workers = {name for name in ("worker-import", "worker-fetch") if makers[name] == START}
    assert makers == {name: START if name in workers else maker for name, maker in LOADED.items()}
    chain = ["http://nested-tag.example/tag.js", "http://tags.example/manager.js", START]
    assert list(loaded["tag-pixel.example"].loaded_by) == chain
    assert loaded["socket.example"].raw == "ws://socket.example/feed"
    assert {loaded[f"{name}.example"].relation.value for name in ("appended", "frame", "nested-tag")} == {"script"}


def test_what_is_only_there_to_be_clicked_is_a_reference_of_the_rendered_page(scanned):
    world, parties, _, _, references, _ = scanned
    assert world.by_browser.keys().isdisjoint({"form-target.example"})
    rendered = hosts_of(references, "drawn:")
    assert rendered["linked.example"].kind == "drawn:a[href]"
    assert rendered["form-target.example"].kind == "drawn:form[action]"
    assert rendered["hidden-link.example"].hidden == "display_none"
    assert rendered["hidden-link.example"].page_url == f"http://{TARGET}/app"
    assert {f"{name}.example" for name in NOT_LOADED} <= set(parties)


def test_a_link_that_only_the_browser_knows_to_be_hidden_is_found_with_that_proof(scanned):
    *_, references, found = scanned
    about = [one for one in references if one.url == "http://rule-hidden.example/"]
    assert [(one.kind, one.hidden) for one in about] == [("a[href]", None), ("rendered:a[href]", "display_none")]
    (evidence,) = found["rule-hidden.example"]["evidence"]
    assert evidence["rule"] == "hidden_link.anchor"
    assert said("hidden_by.rendered", how=said("hidden_by.display_none")) in evidence["text"]
    assert evidence["url"] == f"http://{TARGET}/rules"


def test_pages_that_only_scripts_link_to_are_crawled(scanned):
    _, _, pages, coverage, _, _ = scanned
    assert {f"http://{TARGET}/only/{number}" for number in (1, 2)} <= pages
    assert "no_answer" not in coverage["hosts"][TARGET]  # what the page is without its scripts


async def test_without_pictures_nothing_is_rendered_and_the_log_says_so(tmp_path):
    async with scripted_world() as world, scan_backend(tmp_path, **world.settings) as backend:
        task_id = await backend.create(TARGET, screenshots=False, cloaking=False)
        row = await backend.finished(task_id)
        await backend.gone(task_id)
        with closing(SqliteScanStore(store_path(tmp_path, task_id, 1))) as store:
            assert hosts_of(store.references(), ("loaded:", "drawn:")) == {}
            assert store.checkpoint("drawn_pages") is None
        assert not world.by_browser
        assert "no_answer" in {one.get("reason") for one in row.warnings}  # a page that is nothing without its scripts


async def test_a_scan_that_is_killed_while_it_renders_has_everything_once(tmp_path):
    faulthandler.cancel_dump_traceback_later()  # it has a limit of its own, longer than that of a test that hangs
    async with scripted_world() as world, scan_backend(tmp_path, **world.settings) as backend:
        task_id = await backend.create(TARGET, screenshots=True, cloaking=False)
        await until(lambda: world.own_rendered, timeout_s=PATIENCE_S)
        os.kill(backend.scan_pid(task_id), signal.SIGKILL)
        row = await backend.finished(task_id, within_s=PATIENCE_S)
        await backend.gone(task_id)
    assert (row.status, row.attempt) == ("completed", 2)
    with closing(SqliteScanStore(store_path(tmp_path, task_id, 1))) as store:
        loaded = [(one.page_url, one.url) for one in store.references() if one.kind.startswith("loaded:")]
        assert store.checkpoint("drawn_pages")["waiting"] == []
    assert len(loaded) == len(set(loaded))
    assert {url.split("/")[2] for page, url in loaded if page == START} == {f"{name}.example" for name in LOADED}
