"""Who is asked, how often and for how long; what counts stands in `test_comparison`."""

import asyncio
from collections import Counter

import pytest

from app.domain.scan_facts import Hop, HopKind
from app.domain.tampering import visitor_of
from app.domain.visitors import Visitor
from app.engines.cloaking import page_comparer
from app.engines.cloaking.page_comparer import AT_ONCE, MAX_HOPS, MAX_REFUSED, PageComparer
from app.engines.cloaking.page_sample import SampledPage
from app.engines.model import FetchResult
from app.engines.ports import ScanStopped
from app.engines.scope import Scope
from tests.support.parsing import page_parser

HOST = "https://www.corp.example"
URL = f"{HOST}/"
HTML = (("content-type", "text/html; charset=utf-8"),)
TEXT = "<title>Corp</title><p>" + "We have made pumps since 1998. " * 10 + "</p>"
OFFER = TEXT.replace("Corp", "Casino bonus: buy xanax online")
VISITS = 6  # of a page on which nobody is shown anything else


class Site:
    """Answers by (URL, headers, whether cookies are sent); everything is asked by fetchers of its own."""

    def __init__(self, answer):
        self.answer, self.asked = answer, []

    def fetcher(self, *, has_cookies=False):
        return Fetcher(self, has_cookies=has_cookies)


class Fetcher:
    def __init__(self, site, *, has_cookies):
        self.site, self.has_cookies = site, has_cookies

    async def fetch(self, url, *, headers, max_redirects, wants_body, timeout_s):
        assert max_redirects == 0
        self.site.asked.append((url, headers["User-Agent"]))
        await asyncio.sleep(0)
        found = self.site.answer(url, headers, self.has_cookies)
        if isinstance(found, int):
            return FetchResult(url, url, found, HTML, b"<title>no</title>")
        if found.startswith("http"):
            return FetchResult(url, url, 302, hops=(Hop(url, 302, "", HopKind.HTTP, found),))
        assert wants_body(HTML)
        return FetchResult(url, url, 200, HTML, found.encode())


def is_robot(headers):
    return "+http" in headers["User-Agent"]


async def compare(site, *pages, limit_s=60.0, may_ask=lambda _: True, on_compared=None):
    told = {}

    async def keep(page, found):
        told[page.url] = found

    async def may(url, group):
        assert isinstance(group, asyncio.TaskGroup)
        return may_ask(url)

    comparer = PageComparer(
        scope=Scope("corp.example"),
        plain=site.fetcher(has_cookies=True),
        make_fetcher=site.fetcher,
        parser=page_parser("corp.example"),
        may_ask=may,
        is_known=lambda _: False,
        on_compared=on_compared or keep,
    )
    await comparer.run([SampledPage(page) for page in pages or (URL,)], limit_s=limit_s)
    return comparer, told


async def test_a_page_that_is_the_same_for_all_is_asked_for_once_by_each_and_told_with_nothing():
    site = Site(lambda *_: TEXT)
    comparer, told = await compare(site)
    assert (len(site.asked), told) == (VISITS, {URL: []})
    assert (comparer.done, comparer.total, comparer.differing, comparer.unseen, comparer.left_out) == (1, 1, 0, 0, 0)


async def test_what_robots_alone_are_shown_is_found_and_checked_by_a_second_plain_visit():
    site = Site(lambda _, headers, __: OFFER if is_robot(headers) else TEXT)
    comparer, told = await compare(site)
    (found,) = told[URL]
    assert found.visitor is Visitor.ROBOT
    assert {visitor_of(sign.kind) for sign in found.signs} == {Visitor.ROBOT}
    assert (len(site.asked), comparer.differing) == (VISITS + 1, 1)


async def test_newcomers_are_those_without_cookies():
    site = Site(lambda _, __, has_cookies: TEXT if has_cookies else "https://bets.test/")
    _, told = await compare(site)
    assert [found.visitor for found in told[URL]] == [Visitor.NEWCOMER]


async def test_what_the_second_plain_visit_is_shown_too_is_no_difference():
    plain = iter((TEXT, OFFER))
    site = Site(lambda _, headers, has_cookies: next(plain) if has_cookies else OFFER)
    _, told = await compare(site)
    assert all(found.visitor is Visitor.BROWSER for found in told[URL])


async def test_a_page_that_is_refused_to_a_plain_visit_is_not_compared():
    site = Site(lambda _, __, has_cookies: 403 if has_cookies else OFFER)
    comparer, told = await compare(site)
    assert (len(site.asked), told, comparer.unseen) == (1, {URL: []}, 1)


async def test_a_host_that_refuses_robots_is_not_asked_by_them_any_more():
    site = Site(lambda _, headers, __: 403 if is_robot(headers) else TEXT)
    pages = [f"{HOST}/{number}" for number in range(40)]
    comparer, _ = await compare(site, *pages)
    robots = Counter(agent for _, agent in site.asked if "+http" in agent)
    assert sum(robots.values()) < len(pages)
    assert sum(robots.values()) >= MAX_REFUSED
    assert comparer.unseen == 2 * len(pages), "also those that were not asked any more"


@pytest.mark.parametrize("status", [429, 503])
async def test_a_host_that_asks_for_a_pause_is_left_in_peace_at_once(status):
    site = Site(lambda _, headers, __: status if is_robot(headers) else TEXT)
    pages = [f"{HOST}/{number}" for number in range(40)]
    comparer, told = await compare(site, *pages)
    assert len(site.asked) <= AT_ONCE * VISITS
    assert (comparer.done, len(told)) == (len(pages), len(pages))
    assert comparer.unseen >= len(pages) - AT_ONCE


async def test_robots_txt_is_asked_for_every_address_of_a_visit():
    site = Site(lambda url, *_: f"{HOST}/closed" if url == URL else TEXT)
    comparer, told = await compare(site, may_ask=lambda url: url == URL)
    assert {url for url, _ in site.asked} == {URL}
    assert (told, comparer.unseen) == ({URL: []}, 1)


async def test_redirects_within_the_site_are_followed_so_far_and_no_further():
    site = Site(lambda url, *_: f"{HOST}/{int(url.rpartition('/')[2] or 0) + 1}")
    comparer, _ = await compare(site)
    assert len(site.asked) == MAX_HOPS + 1
    assert comparer.unseen == 1


async def test_a_phone_that_is_sent_to_the_mobile_site_is_shown_what_that_has():
    def answer(url, headers, _):
        if url == URL and "Mobile" in headers["User-Agent"]:
            return "https://m.corp.example/"
        return OFFER if "m.corp" in url else TEXT

    _, told = await compare(Site(answer))
    (found,) = told[URL]
    assert found.visitor is Visitor.PHONE
    assert {sign.page_url for sign in found.signs} == {URL}


async def test_when_the_time_is_over_the_rest_is_left_out():
    class Slow(Site):
        def fetcher(self, **_):
            return self

        async def fetch(self, *_, **__):
            await asyncio.Event().wait()

    comparer, told = await compare(Slow(None), limit_s=0.01)
    assert (comparer.left_out, told) == (1, {})


async def test_who_lets_us_wait_is_not_waited_for(monkeypatch):
    class Busy(Site):
        def fetcher(self, **_):
            return self

        async def fetch(self, *_, **__):
            self.asked.append(1)
            await asyncio.Event().wait()

    monkeypatch.setattr(page_comparer, "WAIT_S", 0.01)
    site = Busy(None)
    comparer, told = await compare(site, *(f"{HOST}/{number}" for number in range(40)))
    assert len(site.asked) <= AT_ONCE + MAX_REFUSED
    assert (comparer.left_out, len(told), comparer.unseen) == (0, 40, 40)


async def test_a_scan_that_is_stopped_stops():
    async def stop(*_):
        raise ScanStopped

    with pytest.raises(BaseExceptionGroup) as caught:
        await compare(Site(lambda *_: TEXT), on_compared=stop)
    assert caught.group_contains(ScanStopped)
