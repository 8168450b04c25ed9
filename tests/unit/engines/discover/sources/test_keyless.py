"""Each service is played by what it really sends, in its own format."""

from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from app.domain.discovery import SourceStatus
from app.domain.scan_facts import FetchError
from app.domain.scan_options import PASSIVE_SOURCE_NAMES, REGISTRATIONS
from app.engines.discover.sources import SourceFailed
from app.engines.discover.sources.keyless import KEYLESS, MAX_PAGES, KeylessSource
from app.engines.discover.sources.registry import PASSIVE_SOURCES
from app.engines.model import FetchResult

BASE = "https://names.test"


class Service:
    """Answers each URL as the function says."""

    def __init__(self, answer):
        self.answer = answer
        self.asked = []

    async def fetch(self, url, **_):
        self.asked.append(url)
        said = self.answer(url)
        if isinstance(said, FetchResult):
            return said
        return FetchResult(url, url, 200, body=said if isinstance(said, bytes) else orjson.dumps(said))


def ask(kind, service):
    return KeylessSource(kind, BASE + "/", retry_delays_s=(0,)).names("a.test", service)


ANSWERS = {
    "otx": {
        "passive_dns": [
            {"hostname": "www.a.test", "address": "192.0.2.1", "record_type": "A", "first": "2024-01-02T03:04:05"},
            {"hostname": "old.a.test", "address": "NXDOMAIN", "record_type": "A"},
            {"hostname": None},
            "rubbish",
        ],
        "count": 4,
    },
    "hackertarget": b"www.a.test,192.0.2.1\nold.a.test,192.0.2.2\n",
    "urlscan": {
        "results": [
            {"page": {"domain": "www.a.test", "ip": "192.0.2.1"}, "task": {"domain": "old.a.test"}},
            {"page": {"domain": "www.a.test"}, "task": None},
            {"task": {"domain": 7}},
        ],
        "total": 3,
        "has_more": False,
    },
    "wayback": b"http://www.a.test:80/\nhttps://old.a.test/x?y=http://b.test/\nhttp://www.a.test/robots.txt\n",
    "anubis": ["www.a.test", "old.a.test", None],
    "threatminer": {"status_code": "200", "status_message": "Results found.", "results": ["www.a.test", "old.a.test"]},
}
PATHS = {
    "otx": "/api/v1/indicators/domain/a.test/passive_dns",
    "hackertarget": "/hostsearch/?q=a.test",
    "urlscan": "/api/v1/search/?q=domain:a.test&size=1000",
    "wayback": "/cdx/search/cdx?url=*.a.test&fl=original&collapse=urlkey&limit=50000",
    "anubis": "/anubis/subdomains/a.test",
    "threatminer": "/v2/domain.php?q=a.test&rt=5",
}
NOTHING = {
    "certspotter": [],
    "otx": {"passive_dns": [], "count": 0},
    "hackertarget": b"",
    "urlscan": {"results": [], "total": 0},
    "wayback": b"",
    "anubis": [],
    "threatminer": {"status_code": "404", "status_message": "No results found.", "results": []},
}


@pytest.mark.parametrize("kind", sorted(ANSWERS))
async def test_names_are_read_from_the_format_of_the_service(kind):
    service = Service(lambda url: ANSWERS[kind])
    assert [name for name in await ask(kind, service) if name] == ["www.a.test", "old.a.test"]
    assert service.asked == [BASE + PATHS[kind]]


@pytest.mark.parametrize("kind", sorted(KEYLESS))
async def test_no_names_are_an_answer(kind):
    assert await ask(kind, Service(lambda url: NOTHING[kind])) == []


@pytest.mark.parametrize("kind", sorted(KEYLESS))
@pytest.mark.parametrize(
    ("result", "status"),
    [
        (FetchResult("", "", 429), SourceStatus.LIMITED),
        (FetchResult("", "", 403), SourceStatus.REFUSED),
        (FetchResult("", "", 502, body=b"<html>"), SourceStatus.FAILED),
        (FetchResult("", "", error=FetchError.TIMEOUT), SourceStatus.FAILED),
    ],
)
async def test_a_failure_is_told_apart_and_never_an_empty_list(kind, result, status):
    with pytest.raises(SourceFailed) as caught:
        await ask(kind, Service(lambda url: result))
    assert caught.value.status is status


@pytest.mark.parametrize("kind", sorted(set(KEYLESS) - {"wayback"}))
async def test_a_page_for_people_is_no_answer(kind):
    with pytest.raises(SourceFailed):
        await ask(kind, Service(lambda url: b"<html>We are down for maintenance</html>"))


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"API count exceeded - Increase Quota with Membership", SourceStatus.LIMITED),
        (b"error check your search parameter", SourceStatus.REFUSED),
    ],
)
async def test_a_sentence_with_status_200_is_a_failure(said, status):
    with pytest.raises(SourceFailed) as caught:
        await ask("hackertarget", Service(lambda url: said))
    assert caught.value.status is status


def issuances(url):
    """Three pages of certificates, then an empty one."""
    after = int(parse_qs(urlsplit(url).query).get("after", ["0"])[0])
    return [{"id": str(after + 1), "dns_names": [f"h{after}.a.test", "*.a.test"]}] if after < 3 else []


async def test_pages_of_certificates_are_followed_to_the_last():
    service = Service(issuances)
    assert await ask("certspotter", service) == ["h0.a.test", "*.a.test", "h1.a.test", "h2.a.test"]
    query = "domain=a.test&include_subdomains=true&expand=dns_names"
    assert service.asked[0] == f"{BASE}/v1/issuances?{query}"
    assert service.asked[1:] == [f"{BASE}/v1/issuances?{query}&after={number}" for number in (1, 2, 3)]


async def test_pages_without_end_have_one():
    service = Service(lambda url: [{"id": str(len(service.asked)), "dns_names": ["www.a.test"]}])
    assert await ask("certspotter", service) == ["www.a.test"]
    assert len(service.asked) == MAX_PAGES


async def test_what_came_before_the_quota_ended_is_not_lost():
    service = Service(lambda url: issuances(url) if "after=2" not in url else FetchResult("", "", 429))
    with pytest.raises(SourceFailed) as caught:
        await ask("certspotter", service)
    assert (caught.value.status, caught.value.names) == (
        SourceStatus.LIMITED,
        ["h0.a.test", "*.a.test", "h1.a.test", "*.a.test"],
    )


def test_the_setting_knows_exactly_the_sources_of_the_table():
    assert set(PASSIVE_SOURCE_NAMES) == {*PASSIVE_SOURCES, REGISTRATIONS}
