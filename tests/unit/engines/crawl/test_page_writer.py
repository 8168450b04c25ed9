import pytest

from app.domain.coverage import Seen
from app.domain.messages import MessageCatalog
from app.domain.scan_facts import Hop, HopKind, PageFact, Reference, Relation, UrlState
from app.engines.crawl.frontier import Frontier
from app.engines.crawl.page_processor import ProcessedPage
from app.engines.crawl.page_writer import CHUNK, PageWriter
from app.engines.crawl.traps import MAX_REPEATS, TrapDetector
from tests.support.referred_hosts import referred_hosts

ROOT = "https://a.test/"


@pytest.fixture
def told():
    return []


@pytest.fixture
def traps():
    return TrapDetector()


@pytest.fixture
def frontier(store, traps):
    frontier = Frontier(store=store, traps=traps, max_depth=None)
    frontier.open_host("a.test", "127.64.0.1")
    frontier.add([ROOT], 0)
    return frontier


@pytest.fixture
def writer(store, frontier, traps, sink, told):
    async def on_references(url, references):
        told.append((url, len(references), len(referred_hosts(store))))

    return PageWriter(
        store=store,
        frontier=frontier,
        traps=traps,
        sink=sink,
        texts=MessageCatalog("en"),
        on_references=on_references,
    )


def page(url=ROOT, depth=0):
    return PageFact(url, depth, 200, "text/html", parsed=True)


def references(number):
    return tuple(Reference(ROOT, f"https://x{n}.test/", "", Relation.LINK, "a[href]") for n in range(number))


async def test_a_page_is_in_the_store_before_anybody_is_told(writer, frontier, store, told):
    item = frontier.take()
    processed = ProcessedPage(UrlState.DONE, page(), references=references(3), links=(f"{ROOT}1",))
    await writer.write(item, processed, Seen.JUDGED)
    assert (writer.pages, told, frontier.known) == (1, [], 2)
    await writer.notify(item, processed)
    assert told == [(ROOT, 3, 3)]


async def test_every_answer_is_told_once_also_one_that_refers_to_nobody(store, frontier, traps, sink):
    noted = []
    writer = PageWriter(
        store=store,
        frontier=frontier,
        traps=traps,
        sink=sink,
        texts=MessageCatalog("en"),
        on_references=None,
        on_page=lambda item, processed: noted.append((item.url, processed.page)),
    )
    await writer.notify(frontier.take(), ProcessedPage(UrlState.DONE, page()))
    assert noted == [(ROOT, page())]


async def test_a_page_with_very_many_links_and_references_loses_none(writer, frontier, store):
    links = tuple(f"{ROOT}{number}" for number in range(2 * CHUNK + 5))
    processed = ProcessedPage(UrlState.DONE, page(), references=references(2 * CHUNK + 5), links=links)
    await writer.write(frontier.take(), processed, Seen.JUDGED)
    assert len(referred_hosts(store)) == 2 * CHUNK + 5
    assert frontier.known == 1 + len(links)


async def test_the_page_has_the_distance_that_is_known_when_it_is_written(writer, frontier, store):
    frontier.finish(frontier.take().id, UrlState.DONE, links=[f"{ROOT}far"])
    item = frontier.take()
    frontier.add([f"{ROOT}far"], 0)
    await writer.write(item, ProcessedPage(UrlState.DONE, page(item.url, depth=1)), Seen.JUDGED)
    store.flush()
    assert store._db.execute("SELECT depth FROM pages").fetchall() == [(0,)]


async def test_a_redirect_is_kept_with_the_page_that_named_its_address(writer, frontier, store):
    start = frontier.take()
    frontier.finish(start.id, UrlState.DONE, links=[f"{ROOT}go"])
    item = frontier.take()
    hop = Hop(item.url, 302, "127.64.0.1", HopKind.HTTP, "https://away.test/")
    await writer.write(item, ProcessedPage(UrlState.DONE, page(item.url, depth=1), hops=(hop,)), Seen.JUDGED)
    assert store._db.execute("SELECT url, found_on FROM hops").fetchall() == [(item.url, start.id)]


async def test_an_unreadable_page_is_reported(writer, frontier, sink):
    item = frontier.take()
    await writer.notify(item, ProcessedPage(UrlState.DONE, page(), unreadable="limits"))
    assert ROOT in sink.warnings[0]


@pytest.mark.parametrize(("seen", "is_closed"), [(Seen.JUDGED, True), (Seen.GONE, False)])
async def test_pages_that_repeat_themselves_close_their_pattern_and_errors_do_not(
    writer, frontier, traps, sink, seen, is_closed
):
    class Found:
        text = "the same"

    for number in range(4 * MAX_REPEATS):
        frontier.add([f"{ROOT}p/{number}"], 0)
        item = frontier.take()
        if item is not None:
            await writer.write(item, ProcessedPage(UrlState.DONE, page(item.url), extraction=Found()), seen)
    await writer.report_traps()
    assert bool(traps.closed) is is_closed
    assert len(sink.logs) == len(traps.closed)
