import asyncio

import pytest

from app.domain.messages import MessageCatalog
from app.engines.crawl.robots import RobotsLoader
from app.engines.crawl.robots_gate import RobotsGate
from app.engines.crawl.sheet_library import MAX_FOREIGN, MAX_IMPORTS, MAX_SHEETS, SheetLibrary
from app.engines.extract.style_sheet import sheet_from_json, sheet_of
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher
from app.engines.scope import Scope
from tests.support.parsing import page_parser

ROOT = "https://a.test/"
HIDING = ".k{display:none}"
CSS = "text/css"


@pytest.fixture
def library(site, limits, sink):
    fetcher = RateLimitedFetcher(client=site, limits=limits)
    fetcher.assign_address("a.test", "127.64.0.1")
    robots = RobotsGate(
        scope=Scope("a.test"),
        fetcher=fetcher,
        loader=RobotsLoader(fetcher=fetcher, agent="Checker/1.0", retry_delays_s=()),
        parser=page_parser(),
        sink=sink,
        texts=MessageCatalog("en"),
    )
    return SheetLibrary(scope=Scope("a.test"), fetcher=fetcher, robots=robots, parser=page_parser())


async def fetch(library, *paths):
    async with asyncio.TaskGroup() as group:
        await library.within(group).fetch([f"{ROOT}{path}" for path in paths])


def asked(site):
    return [url.removeprefix(ROOT) for url in site.asked if not url.endswith("robots.txt")]


def sheets(library, path):
    """What pages are read with."""
    digests = library.known[f"{ROOT}{path}"]
    return None if digests is None else [sheet_from_json(library.text_of(digest)) for digest in digests]


async def test_a_sheet_is_asked_for_once_however_many_pages_wait_for_it(site, library):
    site.page(ROOT + "s.css", HIDING, content_type=CSS)
    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(library.within(group).fetch([ROOT + "s.css"]))
    assert asked(site) == ["s.css"]
    assert sheets(library, "s.css") == [sheet_of(HIDING)]


async def test_imported_sheets_come_first_two_deep(site, library):
    site.page(ROOT + "s.css", f"@import 'm.css'; @import '//b.test/x.css'; {HIDING}", content_type=CSS)
    site.page(ROOT + "m.css", "@import 'n.css'; .k{display:block}", content_type=CSS)
    site.page(ROOT + "n.css", "@import 'o.css'; .k{left:-999px}", content_type=CSS)
    await fetch(library, "s.css")
    assert asked(site) == ["s.css", "m.css", "n.css"]
    assert sheets(library, "s.css") == [sheet_of(".k{left:-999px}"), sheet_of(".k{display:block}"), sheet_of(HIDING)]


async def test_sheets_that_import_each_other_come_to_an_end(site, library):
    site.page(ROOT + "s.css", f"@import 't.css'; {HIDING}", content_type=CSS)
    site.page(ROOT + "t.css", "@import 's.css'; @import 't.css'; .k{display:block}", content_type=CSS)
    await fetch(library, "s.css")
    assert asked(site) == ["s.css", "t.css"]
    assert sheets(library, "s.css")[-1] == sheet_of(HIDING)


@pytest.mark.parametrize("answer", [{"status": 404}, {"content_type": "text/html"}, {"content_type": ""}])
async def test_what_is_no_sheet_is_known_as_none(site, library, answer):
    site.page(ROOT + "s.css", HIDING, **({"content_type": CSS} | answer))
    await fetch(library, "s.css", "t.css")
    assert sheets(library, "s.css") is None
    assert sheets(library, "t.css") is None


async def test_what_robots_forbid_is_not_asked_for(site, library):
    site.page(ROOT + "robots.txt", "User-agent: *\nDisallow: /css/", content_type="text/plain")
    site.page(ROOT + "css/s.css", HIDING, content_type=CSS)
    await fetch(library, "css/s.css")
    assert (asked(site), sheets(library, "css/s.css")) == ([], None)


async def test_redirects_within_the_site_are_followed(site, library):
    site.redirect(ROOT + "s.css", "/v2/s.css")
    site.page(ROOT + "v2/s.css", HIDING, content_type=CSS)
    site.redirect(ROOT + "t.css", "https://b.test/t.css")
    site.redirect(ROOT + "u.css", "/u.css")
    await fetch(library, "s.css", "t.css", "u.css")
    assert sheets(library, "s.css") == [sheet_of(HIDING)]
    assert sheets(library, "t.css") is None
    assert "https://b.test/t.css" not in site.asked
    assert asked(site).count("u.css") == 4


async def test_an_answer_is_kept_for_the_frontier_once(site, library):
    site.page(ROOT + "s.css", HIDING, content_type=CSS)
    await fetch(library, "s.css", "gone.css")
    assert library.take_answer(ROOT + "s.css").body == HIDING.encode()
    assert library.take_answer(ROOT + "s.css") is None
    assert library.take_answer(ROOT + "gone.css").status == 404
    assert library.take_answer(ROOT + "other.css") is None


async def test_a_site_has_a_bounded_number_of_sheets(site, library):
    imports = "".join(f"@import 'i{number}.css';" for number in range(100))
    site.page(ROOT + "s.css", imports + HIDING, content_type=CSS)
    await fetch(library, "s.css")
    assert len(asked(site)) == 1 + MAX_IMPORTS
    await fetch(library, *(f"{number}.css" for number in range(200)))
    assert len(asked(site)) == MAX_SHEETS
    assert sheets(library, "199.css") is None


async def test_sheets_of_others_are_not_asked_for(site, library):
    async with asyncio.TaskGroup() as group:
        await library.fetch(["https://b.test/s.css"], group)
    assert site.asked == []


KNOWN = "https://cdn.jsdelivr.net/npm/"


async def fetch_known(library, *paths):
    async with asyncio.TaskGroup() as group:
        await library.within(group).fetch([f"{KNOWN}{path}" for path in paths])


async def test_sheets_of_well_known_services_are_asked_for_once_without_their_robots_txt(site, library):
    site.page(KNOWN + "s.css", f"@import 'm.css'; @import 'https://b.test/x.css'; {HIDING}", content_type=CSS)
    site.page(KNOWN + "m.css", ".k{left:-999px}", content_type=CSS)
    await fetch_known(library, "s.css")
    await fetch_known(library, "s.css")
    assert site.asked == [KNOWN + "s.css", KNOWN + "m.css"]
    digests = library.known[KNOWN + "s.css"]
    assert [sheet_from_json(library.text_of(one)) for one in digests] == [sheet_of(".k{left:-999px}"), sheet_of(HIDING)]
    assert library.take_answer(KNOWN + "s.css") is None


async def test_such_sheets_are_bounded_by_themselves(site, library):
    await fetch_known(library, *(f"{number}.css" for number in range(MAX_FOREIGN + 5)))
    assert len(site.asked) == MAX_FOREIGN
    site.page(ROOT + "s.css", HIDING, content_type=CSS)
    await fetch(library, "s.css")
    assert sheets(library, "s.css") == [sheet_of(HIDING)]


async def test_such_services_may_forward_among_themselves_alone(site, library):
    site.redirect(KNOWN + "s.css", "https://unpkg.com/s.css")
    site.page("https://unpkg.com/s.css", HIDING, content_type=CSS)
    site.redirect(KNOWN + "t.css", "https://b.test/t.css")
    site.redirect(KNOWN + "u.css", KNOWN + "u.css")
    await fetch_known(library, "s.css", "t.css", "u.css")
    assert library.known[KNOWN + "s.css"]
    assert library.known[KNOWN + "t.css"] is None
    assert "https://b.test/t.css" not in site.asked
    assert site.asked.count(KNOWN + "u.css") == 4


async def test_what_a_service_sends_instead_of_a_sheet_is_not_read(site, library):
    site.page(KNOWN + "s.css", HIDING, content_type="text/html")
    await fetch_known(library, "s.css")
    assert library.known[KNOWN + "s.css"] is None


async def test_rules_have_a_bounded_size_and_what_is_beyond_is_not_at_hand(site, library):
    for number in range(12):
        rules = "".join(f".s{number}-{index}{{clip-path:{'x' * 250}{index}}}" for index in range(2_000))
        site.page(f"{ROOT}{number}.css", rules, content_type=CSS)
    await fetch(library, *(f"{number}.css" for number in range(12)))
    at_hand = [number for number in range(12) if sheets(library, f"{number}.css") is not None]
    assert at_hand == list(range(len(at_hand)))
    assert 3 < len(at_hand) < 12
