"""Icons of the site on foreign pages: which are asked for, when, and what is found."""

import asyncio
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image, ImageDraw

from app.domain.page_looks import ICON_LOOKS, KnownLook
from app.domain.scan_facts import Capture
from app.domain.violations import ViolationKey
from app.engines.analyse.subject import SeenLook
from app.engines.capture.capturer import CapturedPage
from app.engines.html.page_content import Field, PageContent
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher
from app.engines.parsing.picture_look import look_of
from app.engines.pipeline.analysis.appearance_index import AppearanceIndex
from app.engines.pipeline.analysis.known_looks import MAX_ASKING, KnownLooks
from app.engines.pipeline.capture_selector import CaptureTarget
from tests.support.parsing import page_parser
from tests.unit.engines.crawl.conftest import FakeLimits, FakeSite

OWN = "https://www.a.test/"
AWAY = "https://login.x.test/"
ASKS = (Field("password", "pwd"),)


class Checkpoints(dict):
    """Of a store, by their keys."""

    put_checkpoint, checkpoint = dict.__setitem__, dict.get


def icon(colour="crimson", kind="PNG", side=32):
    picture = Image.new("RGB", (side, side), "white")
    ImageDraw.Draw(picture).ellipse((side // 8, side // 4, side * 7 // 8, side * 7 // 8), colour)
    written = BytesIO()
    picture.save(written, kind)
    return written.getvalue()


@pytest.fixture
def site():
    return FakeSite()


@pytest.fixture
def store():
    return Checkpoints()


@pytest.fixture
def looks(site, store):
    return looks_with(site, store)


def looks_with(site, store, book=None):
    fetcher = RateLimitedFetcher(client=site, limits=FakeLimits())
    return KnownLooks(fetcher=fetcher, parser=page_parser(), store=store, book=book)


def captured(url, *, icons=(), fields=ASKS, **capture):
    host = url.split("/")[2]
    domain = ".".join(host.split(".")[-2:])
    found = Capture(domain, host, url, url, 200, **({"html_sha256": "0" * 64} | capture))
    return CapturedPage(found, PageContent(icons=icons, fields=fields))


def target_of(page, **options):
    return CaptureTarget(page.capture.domain, page.capture.host, page.capture.url, **options)


def note(looks, page, **options):
    target = target_of(page, **options)
    looks.note(target, page)
    return target


async def test_a_foreign_page_with_an_icon_of_the_site_is_found_once(site, looks):
    site.page(OWN + "favicon.ico", icon(kind="ICO"), content_type="image/x-icon")
    site.page(AWAY + "img/i.png", icon(side=48), content_type="image/png")
    asking = note(looks, captured(AWAY, icons=("/img/i.png",)))
    assert await looks.settle() == []  # the site's own icon is not known yet
    note(looks, captured(OWN), own=True)
    assert await looks.settle() == [asking]
    assert looks.own_icon_of(asking) == "www.a.test"
    assert await looks.settle() == []
    assert sorted(site.asked) == [AWAY + "img/i.png", OWN + "favicon.ico"]


async def test_an_icon_that_is_taken_from_the_site_itself_counts(site, looks):
    site.page(OWN + "i.png", icon(), content_type="image/png")
    note(looks, captured(OWN, icons=("i.png",)), own=True)
    asking = note(looks, captured(AWAY, icons=(OWN + "i.png",)))
    assert await looks.settle() == [asking]
    assert site.asked == [OWN + "i.png"]


async def test_another_icon_is_none_of_the_site(site, looks):
    site.page(OWN + "favicon.ico", icon(), content_type="image/png")
    site.page(AWAY + "favicon.ico", icon("navy"), content_type="image/png")
    note(looks, captured(OWN), own=True)
    asking = note(looks, captured(AWAY))
    assert await looks.settle() == []
    assert looks.own_icon_of(asking) == ""


@pytest.mark.parametrize(
    ("page", "options"),
    [
        (captured(AWAY, fields=()), {}),
        (captured(AWAY, page_class="parked"), {}),
        (captured(AWAY, html_sha256=""), {}),
        (captured("https://a.qq.com/"), {}),
        (captured(AWAY), {"evidence": True}),
    ],
    ids=["nothing_asked", "parked", "no_document", "a_known_service", "evidence"],
)
async def test_other_pages_are_not_asked_for_their_icons(site, looks, page, options):
    site.page(OWN + "favicon.ico", icon(), content_type="image/png")
    note(looks, captured(OWN), own=True)
    note(looks, page, **options)
    assert await looks.settle() == []
    assert site.asked == []


@pytest.mark.parametrize("body", [b"", b"<svg/>", b"x" * 300_000, icon()[:50]])
async def test_what_is_no_icon_ends_nothing(site, looks, body):
    site.page(OWN + "favicon.ico", body, content_type="image/png")
    site.page(AWAY + "favicon.ico", body, content_type="image/png")
    note(looks, captured(OWN), own=True)
    note(looks, captured(AWAY))
    assert await looks.settle() == []


async def test_pages_and_icons_of_a_page_have_bounds(site, looks):
    note(looks, captured(OWN), own=True)
    many = tuple(f"{number}.png" for number in range(20))
    for number in range(MAX_ASKING + 20):
        note(looks, captured(f"https://h{number}.test/", icons=many))
    await looks.settle()
    assert len(site.asked) == 1 + 2 * MAX_ASKING


async def test_silent_hosts_are_waited_for_as_long_as_a_scan_may(site):
    site.delays[AWAY + "favicon.ico"] = asyncio.Event()
    fetcher = RateLimitedFetcher(client=site, limits=FakeLimits())
    looks = KnownLooks(fetcher=fetcher, parser=page_parser(), store=Checkpoints(), max_in_all_s=0.05)
    site.page(OWN + "favicon.ico", icon(), content_type="image/png")
    note(looks, captured(OWN), own=True)
    note(looks, captured(AWAY))
    settling = asyncio.create_task(looks.settle())
    await asyncio.sleep(0)
    assert looks.awaited == 2
    assert await settling == []
    assert looks.awaited == 0
    asked = len(site.asked)
    assert await looks.settle() == []
    assert len(site.asked) == asked


async def test_when_the_time_is_over_nothing_more_is_asked(site, looks):
    note(looks, captured(OWN), own=True)
    note(looks, captured(AWAY))
    looks.give_up()
    assert await looks.settle() == []
    assert site.asked == []


async def test_a_page_that_forwards_is_known_by_where_it_ends(site, looks):
    site.page(OWN + "favicon.ico", icon(), content_type="image/png")
    site.page("https://end.test/favicon.ico", icon(), content_type="image/png")
    note(looks, captured(OWN), own=True)
    page = captured(AWAY)
    asking = note(looks, replace(page, capture=replace(page.capture, final_url="https://end.test/in")))
    assert await looks.settle() == [asking]


OTHERS = "https://login.y.test/"


def book_of(domain, *, is_own=True):
    return AppearanceIndex([KnownLook(None, ViolationKey.FRAUD, domain, is_own, look_of(icon(side=64)))])


@pytest.mark.parametrize(("is_own", "told"), [(True, "old.test"), (False, "")])
async def test_an_icon_of_a_confirmed_page_is_known_without_one_of_the_site(site, store, is_own, told):
    site.page(AWAY + "favicon.ico", icon(), content_type="image/png")
    looks = looks_with(site, store, book_of("old.test", is_own=is_own))
    asking, other = note(looks, captured(AWAY)), note(looks, captured(OTHERS))
    assert await looks.settle() == [asking]
    assert looks.known_icon_of(asking) == SeenLook(ViolationKey.FRAUD, told)
    assert looks.known_icon_of(other) is None
    assert await looks.settle() == []


async def test_the_icon_of_its_own_domain_tells_nothing_of_a_page(site, store):
    site.page(AWAY + "favicon.ico", icon(), content_type="image/png")
    looks = looks_with(site, store, book_of("x.test"))
    asking = note(looks, captured(AWAY))
    assert await looks.settle() == []
    assert looks.known_icon_of(asking) is None


async def test_how_icons_look_is_kept_for_later_scans_over_attempts(site, store):
    site.page(AWAY + "favicon.ico", icon(), content_type="image/png")
    site.page(OTHERS + "favicon.ico", icon(), content_type="image/png")
    for url in (AWAY, OTHERS):
        looks = looks_with(site, store)
        note(looks, captured(url))
        await looks.settle()
    assert store == {ICON_LOOKS: {AWAY: look_of(icon()), OTHERS: look_of(icon())}}
