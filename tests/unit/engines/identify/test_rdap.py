"""What a registry says of a domain, and what says nothing."""

import orjson
import pytest

from app.domain.scan_facts import FetchError, Hop, HopKind, RegistrationState
from app.engines.identify.rdap import INTERVAL_S, MAX_REFUSALS, RegistrationLookup, read_answer
from app.engines.model import FetchResult

LIST = "https://registries.test/list.json"
URL = "https://rdap.example/v1/domain/party.example"
REGISTERED = {
    "rdapConformance": ["rdap_level_0"],
    "ldhName": "PARTY.example",
    "status": ["active", "Client Hold"],
    "events": [
        {"eventAction": "last changed", "eventDate": "2025-01-01T00:00:00Z"},
        {"eventAction": "registration", "eventDate": "2024-05-17T10:00:00+08:00"},
        {"eventAction": "expiration", "eventDate": "2027-05-17"},
    ],
    "entities": [
        {"roles": ["technical"], "vcardArray": ["vcard", [["fn", {}, "text", "Nobody"]]]},
        {"roles": ["registrar"], "vcardArray": ["vcard", [["version", {}, "", "4.0"], ["fn", {}, "", "Na\nmes"]]]},
    ],
}  # fmt: skip
NOT_FOUND = {"errorCode": 404, "title": "not found"}


class Registry:
    """Answers by URL; what is unknown is refused."""

    def __init__(self, **answers):
        services = [[["example"], ["https://rdap.example/v1"]]]
        listed = {"publication": "2026-11-26", "services": services}
        self.answers = {LIST: reply(LIST, listed)} | {
            f"https://rdap.example/v1/domain/{name}.example": answer for name, answer in answers.items()
        }
        self.asked, self.delays = [], {}

    def set_crawl_delay(self, host, delay_s):
        self.delays[host] = delay_s

    async def fetch(self, url, **options):
        self.asked.append(url)
        return self.answers.get(url) or FetchResult(url, url, error=FetchError.CONNECT)


def reply(url, content, status=200, **more):
    body = content if isinstance(content, bytes) else orjson.dumps(content)
    return FetchResult(url, url, status, body=body, **more)


def of_registrant(*card):
    entity = {"roles": ["registrant"], "vcardArray": ["vcard", list(card)]}
    return reply(URL, {**REGISTERED, "entities": [*REGISTERED["entities"], entity]})


@pytest.mark.parametrize(
    ("card", "name"),
    [
        ([["fn", {}, "text", "Mei"], ["org", {}, "text", "Corp \n Holding"]], {"party.example": "Corp Holding"}),
        ([["fn", {}, "text", "Mei"], ["org", {}, "text", " "]], {"party.example": "Mei"}),
        ([["fn", {}, "text", ""], ["org", {}, "text", ["Corp"]]], {}),
        ([], {}),
    ],
)
async def test_the_registrant_is_the_organisation_or_else_the_person(card, name):
    asking = lookup(Registry(party=of_registrant(*card)))
    await asking.of("www.party.example")
    assert asking.registrants == name


def lookup(registry):
    return RegistrationLookup(fetcher=registry, list_url=LIST, today=lambda: "2026-11-26")


async def test_a_registry_is_asked_about_the_registered_domain_and_not_in_haste():
    registry = Registry(party=reply(URL, REGISTERED))
    asking = lookup(registry)
    found = await asking.of("www.party.example")
    assert registry.asked == [LIST, URL]
    assert registry.delays == {"rdap.example": INTERVAL_S}
    assert (found.state, found.source, found.asked_on) == (RegistrationState.REGISTERED, "rdap.example", "2026-11-26")
    assert (found.registered_on, found.expires_on) == ("2024-05-17", "2027-05-17")
    assert (found.statuses, found.registrar) == (("active", "client hold"), "Na mes")
    assert (asking.asked, asking.unanswered) == (1, 0)


async def test_a_domain_that_its_registry_does_not_know_is_unregistered():
    found = await lookup(Registry(gone=reply(URL, NOT_FOUND, 404))).of("gone.example")
    assert (found.domain, found.state) == ("gone.example", RegistrationState.UNREGISTERED)


@pytest.mark.parametrize("host", ["192.0.2.1", "localhost", "party.invalid"])
async def test_what_has_no_registry_is_asked_of_nobody(host):
    registry = Registry()
    assert await lookup(registry).of(host) is None
    assert registry.asked in ([], [LIST])


async def test_without_the_whole_list_the_shipped_table_counts():
    registry = Registry()
    registry.answers[LIST] = reply(LIST, b"<html>busy", 503)
    assert await lookup(registry).of("www.party.com") is None
    assert registry.asked == [LIST, "https://rdap.verisign.com/com/v1/domain/party.com"]


async def test_a_registry_that_refuses_is_left_in_peace_and_that_is_counted():
    registry = Registry()
    asking = lookup(registry)
    for number in range(MAX_REFUSALS + 3):
        assert await asking.of(f"party{number}.example") is None
    assert len(registry.asked) == 1 + MAX_REFUSALS
    assert (asking.asked, asking.unanswered) == (MAX_REFUSALS, MAX_REFUSALS)


HOP = Hop(URL, 302, "192.0.2.1", HopKind.HTTP, "https://mirror.example/")


@pytest.mark.parametrize(
    "result",
    [
        reply(URL, b"<html>404", 404),
        reply(URL, {"message": "no such path"}, 404),
        reply(URL, [], 404),
        reply(URL, NOT_FOUND, 429),
        reply(URL, REGISTERED, 500),
        reply(URL, REGISTERED | {"ldhName": "other.example"}),
        reply(URL, {"rdapConformance": []}),
        reply(URL, b"\xff\xfe"),
        reply(URL, b"[" * 5_000),
        reply(URL, NOT_FOUND, 302, hops=(HOP,)),
        reply(URL, NOT_FOUND, 404, truncated=True),
        reply(URL, NOT_FOUND, 404, error=FetchError.TIMEOUT),
    ],
)
def test_all_else_says_nothing(result):
    assert read_answer(result, "party.example", today="2026-11-26") is None


@pytest.mark.parametrize("field", ["status", "events", "entities"])
@pytest.mark.parametrize(
    "value", [None, 1, "x", {}, [None], [1], [[]], [{}], [{"roles": 1}], [{"roles": ["registrar"]}]]
)
def test_fields_of_strange_kinds_do_no_harm(field, value):
    found = read_answer(reply(URL, REGISTERED | {field: value}), "party.example", today="2026-11-26")
    assert found.state is RegistrationState.REGISTERED


def test_endless_fields_are_cut():
    said = REGISTERED | {
        "status": ["x" * 1_000] * 1_000,
        "events": [{"eventAction": "registration", "eventDate": "soon"}],
    }
    found = read_answer(reply(URL, said), "party.example", today="2026-11-26")
    assert (len(found.statuses), len(found.statuses[0]), found.registered_on) == (20, 100, "")
