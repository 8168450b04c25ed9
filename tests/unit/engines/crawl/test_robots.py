import pytest

from app.domain.scan_facts import FetchError
from app.engines.crawl.robots import ALLOW_ALL, RobotsLoader, parse_robots
from app.engines.model import FetchResult

URL = "https://a.test/private/x"


def loader(*answers):
    left = list(answers)
    asked = []

    class Client:
        async def fetch(self, url, **_):
            asked.append(url)
            return left.pop(0) if len(left) > 1 else left[0]

    return RobotsLoader(fetcher=Client(), agent="Checker/1.0", retry_delays_s=(0, 0)), asked


def answer(status=200, body=b"User-agent: *\nDisallow: /private", error=None):
    return FetchResult("", "", status, body=body, error=error)


async def test_rules_hold_for_this_robot():
    robots, asked = loader(answer())
    rules = await robots.load("https://a.test")
    assert not rules.allows(URL)
    assert rules.allows("https://a.test/")
    assert asked == ["https://a.test/robots.txt"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
async def test_a_missing_file_allows_everything(status):
    robots, asked = loader(answer(status))
    assert (await robots.load("https://a.test")).allows(URL)
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("bad", "tries"),
    [
        (answer(500), 3),
        (answer(0, error=FetchError.PROTOCOL), 3),
        (answer(302, b""), 3),
        (answer(503), 1),  # the crawl comes back to a host that is busy or unresponsive
        (answer(429), 1),
        (answer(0, error=FetchError.TIMEOUT), 1),
    ],
)
async def test_a_file_that_cannot_be_had_forbids_everything(bad, tries):
    robots, asked = loader(bad)
    rules = await robots.load("https://a.test")
    assert rules.failed is bad
    assert not rules.allows("https://a.test/")
    assert len(asked) == tries


@pytest.mark.parametrize("error", [FetchError.DNS, FetchError.BLOCKED])
async def test_where_nothing_can_be_had_the_urls_fail_by_themselves(error):
    robots, asked = loader(answer(0, error=error))
    assert (await robots.load("https://a.test")) is ALLOW_ALL
    assert len(asked) == 1


async def test_a_server_that_recovers_is_believed():
    robots, _ = loader(answer(500), answer())
    assert not (await robots.load("https://a.test")).allows(URL)


async def test_too_many_redirects_count_as_missing():
    robots, _ = loader(answer(302, error=FetchError.TOO_MANY_REDIRECTS))
    assert (await robots.load("https://a.test")) is ALLOW_ALL


async def test_a_body_that_broke_off_is_used_as_far_as_it_came():
    robots, _ = loader(answer(error=FetchError.TOO_SLOW))
    assert not (await robots.load("https://a.test")).allows(URL)


def test_the_group_that_names_the_robot_counts_alone():
    text = (
        b"User-agent: *\nDisallow: /\n\nUser-agent: checker\nCrawl-delay: 2.5\nDisallow: /private\nAllow: /private/ok"
    )
    rules = parse_robots(text, "Checker/1.0 (+mailto:x)")
    assert rules.allows("https://a.test/")
    assert rules.allows("https://a.test/private/ok")
    assert not rules.allows(URL)
    assert rules.crawl_delay_s == 2.5


def test_sitemaps_and_byte_order_mark_are_read():
    rules = parse_robots(b"\xef\xbb\xbfSitemap: https://a.test/s.xml\nUser-agent: *\nDisallow:", "x")
    assert rules.sitemaps == ("https://a.test/s.xml",)
    assert rules.allows(URL)


@pytest.mark.parametrize("junk", [b"", b"<html>not robots</html>", bytes(range(256)), b"User-agent\nDisallow" * 999])
def test_junk_allows_everything(junk):
    assert parse_robots(junk, "x").allows(URL)
