"""A scan says what it saw: sites of which little can be seen, and sites that come back, as whole scans."""

import faulthandler
import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from app.domain.messages import MessageCatalog
from app.findings.schemas.results import Report
from tests.support.command import Done, run
from tests.support.dim_sites import TARGET, DimSite, article, dim_site, index, page
from tests.support.said import said

PAGES = 120
QUICK = {"COMPLIANCE_HOST_SILENCE_S": "3", "COMPLIANCE_HOST_BUSY_S": "4"}  # the defaults are 300 and 180
OUTAGE_S = 4.0


@dataclass(frozen=True)
class Case:
    """A site, and what a scan of it has to say."""

    site: DimSite
    code: int
    result: str
    reasons: list[str]
    said: str = ""  # in the first line
    counts: dict[str, int] = field(default_factory=dict)  # of the target's coverage
    words: tuple[object, ...] = ()


async def scan(site: DimSite, *words: object, timeout_s: float = 200, **values: str) -> tuple[Done, dict[str, Any]]:
    """The process as people see it, and the report that it leaves."""
    async with dim_site(site):
        more = ("--no-passive", "--no-screenshots", "--json", *words)
        settings = {**site.settings, **QUICK, "LANG": "en_GB", **values}
        done = await run("scan", TARGET, "--no-keep", *more, timeout_s=timeout_s, **settings)
    assert done.code != 2, done.err
    report: dict[str, Any] = json.loads(done.out)
    Report.model_validate(report)
    return done, report


def number_of(request: web.Request) -> int:
    return int(request.path.rpartition("/")[2])


def answers(count: int, otherwise: int | None = None, after: int = 10_000, **headers: str) -> DimSite:
    """`count` articles under an index; from the `after`th answer on it is another status."""

    async def answer(site: DimSite, request: web.Request) -> web.StreamResponse:
        if otherwise is not None and len(site.asked) > after:
            return page("<p>Sorry</p>", otherwise, **headers)
        return index(count) if request.path == "/" else article(number_of(request))

    return DimSite(answer)


async def broken(site, request):
    return page("<h1>Internal Server Error</h1>", 500)


async def sent_away(site, request):
    """A firewall that leads everybody to its refusal after 60 answers."""
    if request.path == "/blocked":
        return page("<p>Sorry</p>", 403)
    if len(site.asked) > 60:
        raise web.HTTPFound("/blocked")
    return index(PAGES) if request.path == "/" else article(number_of(request))


async def sign_in(site, request):
    if request.path == "/login":
        return page('<form><input name=user><input type="password" name=p></form>')
    raise web.HTTPFound(f"/login?next={request.path}")


async def members(site, request):
    if request.path == "/":
        return index(40)
    return await sign_in(site, request)


async def consent(site, request):
    return page('<p>We use cookies. Do you agree?</p><button>Accept all</button><a href="/privacy">Privacy</a>')


async def shell(site, request):
    return page('<div id=app></div><noscript>Please enable JavaScript to run this app.</noscript><script src="/a.js">')


async def hanging(site, request):
    return await site.hang()


async def leaves(site, request):
    raise web.HTTPFound("http://elsewhere.example/")


async def circle(site, request):
    raise web.HTTPFound("/")


async def goes_away(site, request):
    if len(site.asked) > 30:
        return site.hang_up(request)
    return index(PAGES) if request.path == "/" else article(number_of(request))


async def chain(site, request):
    number = 0 if request.path == "/" else number_of(request)
    return article(number, f'<a href="/p/{number + 1}">next</a>' if number < 30 else "")


SITES = {
    "start_page_500": Case(DimSite(broken), 3, "inconclusive", ["start_page", "low_coverage", "server_error"]),
    "firewall_403": Case(answers(PAGES, 403, 60), 3, "inconclusive", ["low_coverage", "client_error"]),
    "firewall_404": Case(answers(PAGES, 404, 60), 3, "inconclusive", ["low_coverage", "client_error"]),
    "firewall_429": Case(answers(PAGES, 429, 60), 3, "inconclusive", ["low_coverage", "host_given_up"]),
    "firewall_redirect": Case(DimSite(sent_away), 3, "inconclusive", ["low_coverage", "client_error"]),
    "sign_in": Case(DimSite(sign_in), 3, "inconclusive", ["start_page", "behind_sign_in", "sign_in"]),
    "members_only": Case(DimSite(members), 3, "inconclusive", ["behind_sign_in", "sign_in"]),
    "consent": Case(DimSite(consent), 3, "inconclusive", ["start_page", "low_coverage", "wall"]),
    "script_only": Case(DimSite(shell), 3, "inconclusive", ["start_page", "low_coverage", "wall"]),
    "hanging": Case(
        DimSite(hanging, wants_all=True), 3, "inconclusive", ["start_page", "low_coverage", "host_given_up"]
    ),
    "leads_away": Case(DimSite(leaves), 3, "inconclusive", ["start_page"]),
    "circle": Case(DimSite(circle), 3, "inconclusive", ["start_page", "low_coverage", "no_answer"]),
    "robots": Case(DimSite(broken, robots="User-agent: *\nDisallow: /"), 3, "inconclusive", ["start_page", "robots"]),
    "goes_away": Case(DimSite(goes_away), 3, "inconclusive", ["low_coverage", "host_given_up"]),
    "cut_by_pages": Case(
        answers(PAGES), 0, "clean", ["page_limit"], said("reason.page_limit"), words=("--max-pages", 10)
    ),
    "cut_by_depth": Case(DimSite(chain), 0, "clean", ["depth"], said("reason.depth"), words=("--max-depth", 5)),
    "no_limit_of_depth": Case(DimSite(chain), 0, "clean", []),
}

# A limit ends the crawl of all hosts: its warning names none.
LIMITS_OF_CRAWL = {"page_limit", "depth"}


def verdict(result, reasons):
    """Of a site without third parties."""
    return {"result": result, "reasons": reasons, "counts": None}


@pytest.mark.parametrize("name", SITES)
async def test_a_site_of_which_little_can_be_seen_is_never_called_clean_without_saying_so(name):
    case = SITES[name]
    done, report = await scan(case.site, *case.words)
    assert (report["verdict"], done.code) == (verdict(case.result, case.reasons), case.code), done.err
    assert report["task"]["verdict"] == report["verdict"]
    ended = [line for line in done.err.splitlines() if f"{TARGET}: completed" in line]
    assert ended
    assert case.said in ended[0]
    assert MessageCatalog("en")(f"verdict_{case.result}") in ended[0]
    told = [one for one in report["warnings"] if one.get("reason")]
    assert {warning["reason"] for warning in told} >= {
        one for one in case.reasons if one in report["coverage"]["by_reason"]
    }
    of_hosts = [one for one in told if one["reason"] not in LIMITS_OF_CRAWL]
    assert all(warning["host"] == TARGET and warning["count"] > 0 for warning in of_hosts)
    inconclusive = [one for one in report["warnings"] if one["code"] == "inconclusive"]
    assert bool(inconclusive) == (case.result == "inconclusive")


def away(count: int, after: int) -> DimSite:
    """A site whose server is away for a while, robots.txt and all."""

    async def answer(site: DimSite, request: web.Request) -> web.StreamResponse:
        if site.is_away(after, OUTAGE_S):
            return site.hang_up(request)
        if request.path in ("/robots.txt", "/sitemap.xml"):
            return web.Response(status=404)
        return index(count) if request.path == "/" else article(number_of(request))

    return DimSite(answer, wants_all=True)


def busy(count: int) -> DimSite:
    """Every third request is one too many, and says so."""

    async def answer(site: DimSite, request: web.Request) -> web.StreamResponse:
        if len(site.asked) % 10 == 0:
            return page("busy", 503, Retry_After="1")
        return index(count) if request.path == "/" else article(number_of(request))

    return DimSite(answer)


async def cookie_first(site, request):
    """Shows nothing to who does not send back what it was given, by way of another page."""
    if request.path == "/check":
        response = web.HTTPFound("/")
        response.set_cookie("seen", "yes")
        raise response
    if "seen" not in request.cookies:
        raise web.HTTPFound("/check")
    return index(20) if request.path == "/" else article(number_of(request))


@pytest.mark.parametrize(
    ("site", "pages"), [(away(PAGES, 40), PAGES + 1), (busy(20), 21), (DimSite(cookie_first), 21)],
    ids=["outage", "busy", "cookie"],
)  # fmt: skip
async def test_a_site_that_comes_back_is_read_whole(site, pages):
    done, report = await scan(site, COMPLIANCE_HOST_SILENCE_S="60", COMPLIANCE_HOST_BUSY_S="60")
    assert (report["verdict"], done.code) == (verdict("clean", []), 0), done.err
    assert report["statistics"]["total_pages_crawled"] == pages
    assert len(site.asked) > pages  # somebody was asked in vain


async def test_ten_thousand_pages_with_an_outage_of_four_seconds_are_read_whole():
    faulthandler.cancel_dump_traceback_later()  # it has a limit of its own, longer than that of a test that hangs
    site = away(10_000, after=5_000)
    more = {"COMPLIANCE_HOST_SILENCE_S": "300", "COMPLIANCE_HOST_BUSY_S": "180"}
    done, report = await scan(site, "--max-pages", 20_000, timeout_s=500, **more)
    assert (report["verdict"], done.code) == (verdict("clean", []), 0), done.err
    assert site.cuts
    assert report["statistics"]["total_pages_crawled"] == 10_001
    assert [one for one in report["warnings"] if one["code"] == "partial"] == []
