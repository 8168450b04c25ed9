import pytest

from app.domain.coverage import Seen
from app.domain.scan_facts import UrlState
from app.engines.crawl.frontier import Frontier
from app.engines.crawl.page_processor import PageProcessor
from app.engines.crawl.page_writer import CHUNK
from app.engines.crawl.rendered_intake import RenderedIntake
from app.engines.crawl.traps import TrapDetector
from app.engines.scope import Scope
from tests.support.parsing import page_parser

URL = "https://a.test/"


class OneSheet:
    """Hides what is of the class `x`; notes what it is asked for."""

    known, asked = {}, []

    def within(self, group):
        return self

    async def fetch(self, urls):
        self.asked = list(urls)
        self.known = dict.fromkeys(urls)


@pytest.fixture
def frontier(store):
    made = Frontier(store=store, traps=TrapDetector(), max_depth=None)
    made.open_host("a.test", "127.64.0.1")
    made.add([URL], 0)
    return made


@pytest.fixture
def intake(frontier):
    processor = PageProcessor(scope=Scope("a.test"), parser=page_parser())
    return RenderedIntake(frontier=frontier, processor=processor, sheets=OneSheet())


def finished(frontier, seen=Seen.WALL, links=()):
    item = frontier.take()
    frontier.finish(item.id, UrlState.DONE, seen=seen, links=links)
    return item


async def test_a_rendered_page_is_read_as_any_other_with_the_sheets_of_the_site(frontier, intake):
    item = finished(frontier)
    html = '<link rel=stylesheet href=/s.css><p>text</p><a href="https://b.test/" style="display:none">b</a>'
    found = await intake.read(item, f"{URL}route", html)
    (reference,) = found.processed.references
    assert (reference.url, reference.hidden, found.seen) == ("https://b.test/", "display_none", Seen.JUDGED)
    assert intake.sheets.asked == [f"{URL}s.css"]


async def test_links_join_the_frontier_one_step_away_and_stay_with_their_page(frontier, intake, store):
    item = finished(frontier, links=[f"{URL}old"])
    document = await intake.read(item, URL, "<p>text</p><a href=/old>o</a><a href=/new>n</a>")
    assert await intake.take_in(item, [document]) == 1
    assert frontier.find(f"{URL}new").depth == 1
    assert {step >> 1 for step in store.links_of(item.id)} == {
        frontier.find(f"{URL}old").id,
        frontier.find(f"{URL}new").id,
    }
    assert await intake.take_in(item, [document]) == 0


@pytest.mark.parametrize(
    ("before", "html", "after"),
    [
        (Seen.WALL, "<p>text", Seen.JUDGED),
        (Seen.NO_ANSWER, "<p>text", Seen.JUDGED),
        (Seen.NO_ANSWER, "<div></div>", Seen.NO_ANSWER),
        (Seen.WALL, "<p>please enable javascript", Seen.WALL),
        (Seen.FORM, "<p>text", Seen.FORM),
    ],
)
async def test_a_page_that_is_nothing_without_scripts_counts_as_what_it_is_with_them(
    frontier, intake, before, html, after
):
    item = finished(frontier, before)
    await intake.take_in(item, [await intake.read(item, URL, html)])
    assert (frontier.seen_of(item.id), frontier.find(URL).state) == (after, UrlState.DONE)


async def test_a_page_with_very_many_links_is_taken_in_piece_by_piece(frontier, intake):
    item = finished(frontier)
    count = 2 * CHUNK + 10
    html = "".join(f"<a href=/p{number}>{number}</a>" for number in range(count))
    assert await intake.take_in(item, [await intake.read(item, URL, html)]) == count


async def test_a_page_that_is_asked_once_more_meanwhile_is_left_to_the_crawl(frontier, intake):
    item = finished(frontier, Seen.JUDGED)
    document = await intake.read(item, URL, "<a href=/new>n</a>")
    frontier.reopen(URL)
    assert await intake.take_in(item, [document]) == 0
