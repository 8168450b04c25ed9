"""The big world by itself: what its tables say is what its pages show, and it is the same each time."""

import re
from collections import deque
from hashlib import sha256
from urllib.parse import unquote

import pytest
from ada_url import join_url, parse_url

from app.domain.tampering import SCORES
from app.domain.violations import ViolationKey
from app.domain.visitors import Visitor
from testnet.expected import expect, in_scope
from testnet.model import Reach
from testnet.sitemaps import write_urls
from testnet.worlds import BIG, WORLDS
from testnet.zone import Zone

PLAN = WORLDS[BIG]
HREF = re.compile(r'href="([^"]+)"')
OWN_BLOCKS = {11, 12}


@pytest.fixture(scope="module")
def world():
    return PLAN.build(PLAN.ground())


@pytest.fixture(scope="module")
def expected(world):
    return expect(world, PLAN.target)


def resource_at(world, url):
    parts = parse_url(url)
    host = world.hosts.get(parts["hostname"])
    if host is None or f"{host.scheme}:" != parts["protocol"]:
        return None
    return host.resources.get(unquote(parts["pathname"]) + parts["search"]) or host.resources.get(
        parts["pathname"] + parts["search"]
    )


def charset_of(resource):
    return resource.content_type.partition("charset=")[2] or "utf-8"


def text_of(resource):
    return resource.body.decode(charset_of(resource))


@pytest.fixture(scope="module")
def reached(world, expected):
    """All pages that links lead to, from the start pages and the sitemaps."""
    starts = [
        f"{host.scheme}://{name['name']}/" for name in expected["subdomains"] if (host := world.hosts.get(name["name"]))
    ]
    mapped = [url for url in expected["pages"] if "/arch/" in url]
    queue, found = deque([*starts, *mapped]), {*starts, *mapped}
    while queue:
        url = queue.popleft()
        resource = resource_at(world, url)
        if resource is None or not resource.content_type.startswith("text/html"):
            continue
        for link in HREF.findall(text_of(resource)):
            goal = join_url(url, link.replace("&amp;", "&")).partition("#")[0]
            if goal not in found and in_scope(parse_url(goal)["hostname"], PLAN.target):
                found.add(goal)
                queue.append(goal)
    return found


def test_it_has_the_size_that_was_asked_for(world, expected):
    assert 58 <= len(expected["subdomains"]) <= 66
    assert 5_800 <= len(expected["pages"]) <= 6_600
    assert len(expected["third_parties"]) >= 100


def test_every_expected_page_is_reached(expected, reached):
    assert set(expected["pages"]) - reached == set()


def test_pages_are_long_and_no_two_say_the_same(world, expected):
    pages = [resource_at(world, url).body for url in expected["pages"]]
    assert sum(map(len, pages)) / len(pages) > 4_000
    assert len({sha256(body).digest() for body in pages}) == len(pages)


def test_another_build_makes_the_same_bytes(world):
    again = PLAN.build(PLAN.ground())
    assert again.hosts.keys() == world.hosts.keys()
    for name, host in world.hosts.items():
        assert {path: one.body for path, one in host.resources.items()} == {
            path: one.body for path, one in again.hosts[name].resources.items()
        }
    assert again.items == world.items


def test_items_have_ids_of_their_own_and_known_words(world):
    assert len({item.id for item in world.items}) == len(world.items)
    keys = {key for item in world.items for key in item.violations}
    assert keys == set(ViolationKey)
    signs = {item.kind.removeprefix("own:") for item in world.items if item.kind.startswith("own:")}
    assert signs <= set(SCORES)
    assert len(signs) >= 12


def test_items_stand_where_the_table_says(world, expected, reached):
    pages = [item.page for item in world.items if item.page]
    assert len(pages) > 140
    assert [page for page in pages if resource_at(world, page) is None] == []
    assert [page for page in pages if page not in reached and parse_url(page)["pathname"] != "/"] == []


def test_references_of_items_stand_in_their_pages(world):
    held = 0
    for item in world.items:
        resource = resource_at(world, item.page) if item.page and not item.kind.startswith("own:") else None
        for ref in resource.refs if resource else ():
            held += 1
            assert ref.place == "header" or ref.markup.encode(charset_of(resource)) in resource.body, item.id
    assert held > 90


def test_what_the_tables_expect_is_what_the_items_expect(world, expected):
    """Two ways to the same pairs: folds over pages and parties, and the items one by one."""
    items = {(item.domain, key) for item in world.items if not item.known_miss for key in item.violations}
    assert {(one["domain"], one["violation_key"]) for one in expected["violations"]} == items
    parties = {party["domain"] for party in expected["third_parties"]}
    assert parties <= {item.domain for item in world.items}
    assert expected["unseen"] == expected["mentioned"] == []


def test_all_that_it_is_to_have_is_in_it(world, expected):
    by_family = {}
    for item in world.items:
        by_family.setdefault(item.family, []).append(item)
    assert len(by_family["hidden link"]) >= 18
    assert len(by_family["harmless design"]) >= 9
    assert len(by_family["near miss"]) >= 20
    assert len(by_family["changed page"]) >= 18
    assert len(by_family["honest twin"]) >= 12
    shown = {ref.kind.partition("@")[2] for host in world.hosts.values() for _, ref in host.shown}
    assert shown == set(Visitor)
    assert {party["outcome"] for party in expected["third_parties"]} == {"examined", "gone", "unreachable"}
    assert sum(1 for host in world.hosts.values() if host.trap) == 3


def test_what_is_known_to_be_missed_says_why(world):
    missed = [item for item in world.items if item.known_miss]
    assert all(len(item.known_miss) > 20 for item in missed)
    assert len(missed) <= 5


def test_every_name_to_be_found_has_an_address_and_wildcards_are_none(world, expected):
    zone = Zone(world.names)
    for name in expected["subdomains"]:
        answer = zone.answer(name["name"], "A")
        assert answer.rcode == "NOERROR"
        assert any(record.type == "A" for record in answer.records), name
    for made_up in ("x1.dorm", "x1.shop", "x1.eu.shop", "x1.apps", "x1.dev"):
        assert zone.answer(f"{made_up}.{PLAN.target}", "A").records
        assert f"{made_up}.{PLAN.target}" not in {name["name"] for name in expected["subdomains"]}
    assert zone.answer(f"x1.{PLAN.target}", "A").rcode == "NXDOMAIN"
    for gone in ("vanished-institute.test", "gone-press.test"):
        assert zone.answer(gone, "A").rcode == "NXDOMAIN"


def test_hosts_have_addresses_of_their_own(world):
    shared = "portal.shop.qichuan.test"
    addresses = [host.address for host in world.hosts.values() if host.name != shared]
    assert len(addresses) == len(set(addresses))
    assert world.hosts[shared].address == world.hosts["*.shop.qichuan.test"].address


def test_sitemaps_name_pages_that_nothing_links(world):
    robots = world.hosts["www.qichuan.test"].resources["/robots.txt"].body.decode()
    assert robots.count("Sitemap: https://www.qichuan.test/") == 2
    body = world.hosts["www.qichuan.test"].resources["/map.xml"].body.decode()
    assert body == write_urls("www.qichuan.test", ["/mapped.html"])


def test_only_what_is_meant_to_be_slow_is_slow(world):
    own = [host for host in world.hosts.values() if int(host.address.split(".")[2]) in OWN_BLOCKS]
    assert max(host.delay_ms[1] for host in own) <= 60
    slow = [resource.path for host in own for resource in host.resources.values() if resource.delay_ms]
    assert slow == ["/data/slow.html"]


def test_pages_that_robots_forbid_are_no_pages_to_be_read(world, expected):
    assert sorted(expected["disallowed"]) == [
        "http://xb.qichuan.test/gao/closed.html",
        "https://www.qichuan.test/private/plan.html",
    ]
    assert all(resource_at(world, url).reach is Reach.DISALLOWED for url in expected["disallowed"])
