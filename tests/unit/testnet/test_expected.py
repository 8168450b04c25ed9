"""The expected findings against what the pages really say, read with other means than those that made them."""

from collections import deque
from ipaddress import ip_address, ip_network

import pytest
from ada_url import join_url, parse_url
from selectolax.lexbor import LexborHTMLParser

from app.domain.violations import ViolationKey
from testnet.certlog import CertificateLog
from testnet.expected import expect, in_scope, registrable
from testnet.latency import resource_delay
from testnet.model import Reach

TARGET = "corp.test"
MAX_DEPTH = 5
ADDRESS_ATTRIBUTES = ("href", "src", "action")
PARTY_KEYS = frozenset(ViolationKey) - {ViolationKey.TAKEOVER, ViolationKey.TAMPERED}  # of parties that were examined


@pytest.fixture(scope="session")
def expected(world):
    return expect(world, TARGET)


def find_resource(world, url):
    parts = parse_url(url)
    host = world.hosts.get(parts["hostname"])
    if host is None or parts["protocol"].rstrip(":") != host.scheme:
        return None
    path = parts["pathname"] + parts["search"]
    return host.resources.get(path) or (host.fallback(path) if host.fallback else None)


def decode(resource):
    for charset in (resource.content_type.partition("charset=")[2] or "utf-8", "utf-16", "gb18030", "big5"):
        try:
            text = resource.body.decode(charset)
        except UnicodeDecodeError:
            continue
        if f"<title>{resource.title}</title>" in text:
            return text
    return ""


def links_of(url, resource):
    tree = LexborHTMLParser(decode(resource))
    found = {dict(resource.headers).get("Location")}
    for name in ADDRESS_ATTRIBUTES:
        found |= {node.attributes[name] for node in tree.css(f"[{name}]")}
    for link in found - {None}:
        try:
            yield join_url(url, link)
        except ValueError:
            continue


@pytest.fixture(scope="session")
def walked(world, expected):
    """URL -> depth of all that links lead to inside the target, robots.txt obeyed, sitemaps read at depth 0."""
    starts = [f"{h.scheme}://{h.name}/" for h in world.hosts.values() if in_scope(h.name, TARGET) and "*" not in h.name]
    maps = world.hosts["www.corp.test"].resources["/sitemap-pages.xml"].body.decode()
    starts += [part.partition("</loc>")[0] for part in maps.split("<loc>")[1:]]
    depths, queue, foreign = dict.fromkeys(starts, 0), deque(starts), set()
    while queue:
        url = queue.popleft()
        resource = find_resource(world, url)
        if resource is None or url in expected["disallowed"]:
            continue
        step = 0 if resource.status in range(300, 400) else 1  # a redirect is no deeper
        for link in links_of(url, resource):
            host = parse_url(link)["hostname"]
            if not in_scope(host, TARGET):
                foreign.add(host)
            elif link not in depths and depths[url] + step <= MAX_DEPTH:
                depths[link] = depths[url] + step
                queue.append(link)
    return depths, foreign


def test_every_expected_page_is_reached_within_the_default_depth(walked, expected):
    depths, _ = walked
    assert set(expected["pages"]) - set(depths) == set()


def test_every_page_that_is_reached_is_expected_or_may_be_counted(world, walked, expected):
    known = {*expected["pages"], *expected["optional_pages"], *expected["disallowed"]}
    pages = [url for url in walked[0] if (r := find_resource(world, url)) and r.reach is Reach.PAGE]
    assert set(pages) <= known


def test_every_expected_page_has_its_title(world, expected):
    assert [url for url in expected["pages"] if not decode(find_resource(world, url))] == []


def test_every_third_party_really_stands_in_the_answer_that_names_it(world, expected):
    for party in expected["third_parties"]:
        refs = [
            (resource, ref)
            for host in world.hosts.values()
            for resource in host.resources.values()
            for ref in resource.refs
            if registrable(ref.host) == party["domain"]
        ]
        assert refs or party["references"][0]["kind"] == "hop"
        for resource, ref in refs:
            if ref.place == "header":
                assert (ref.header, ref.markup) in resource.headers
            else:
                assert ref.markup in (decode(resource) or resource.body.decode())


def test_no_link_leads_to_a_foreign_host_that_is_not_expected(walked, expected):
    hosts = {host for party in expected["third_parties"] for host in party["hosts"] + party["optional_hosts"]}
    names = {host for host in walked[1] if host and registrable(host).endswith(".test")}
    assert names <= hosts
    assert {host for host in walked[1] - names if host} <= {
        "localhost",
        "127.0.0.1",
        "169.254.169.254",
        "[::1]",
        "[::ffff:7f00:1]",
    }


def test_a_hop_is_the_place_that_the_partner_redirects_to(world, expected):
    (hop,) = [party for party in expected["third_parties"] if party["references"][0]["kind"] == "hop"]
    answer = world.hosts["www.huaxin-partner.test"].fallback("/")
    assert dict(answer.headers)["Location"] == f"https://{hop['hosts'][0]}/"


def test_every_domain_is_judged_once(world, expected):
    domains = [party["domain"] for party in expected["third_parties"]]
    assert len(domains) == len(set(domains))
    assert sorted([*domains, *expected["mentioned"], *expected["unseen"]]) == sorted(world.parties)
    assert len(domains) in range(25, 41)


def test_all_kinds_of_hidden_link_and_of_violation_occur(expected):
    assert len({kind for party in expected["third_parties"] for kind in party["hidden"]}) == 6
    keys = [violation["violation_key"] for violation in expected["violations"]]
    of_content = {"gambling", "adult", "fraud", "malware", "drugs", "medical"}
    assert set(keys) == {*of_content, "takeover", "hidden_link", "tampered"}
    assert keys.count("hidden_link") == 6


def test_the_start_page_refers_to_a_violating_third_party_that_answers_fast(world, expected):
    first = {
        r["page"]: p for p in expected["third_parties"] for r in p["references"] if p["domain"] == "yinhe-yule.test"
    }
    assert "https://www.corp.test/" in first
    assert world.hosts["www.yinhe-yule.test"].delay_ms[1] <= 300


def test_the_dead_third_party_is_dead_and_no_violation(expected):
    (dead,) = [party["domain"] for party in expected["third_parties"] if party["dead"]]
    assert dead in expected["clean"]


def test_third_parties_come_to_every_outcome_of_a_full_scan(world, expected):
    outcomes = {party["domain"]: party["outcome"] for party in expected["third_parties"]}
    assert {domain: outcome for domain, outcome in outcomes.items() if outcome != "examined"} == {
        "gone-partner.test": "gone",
        "broken-zone.test": "unreachable",
        "inward.test": "unreachable",
        "quick-event.test": "unreachable",
        "shut-shop.test": "unreachable",
        "worn-out.test": "unreachable",
    }
    address = dict(world.names["shut-shop.test"].records)["A"]
    assert address not in {host.address for host in world.hosts.values()}
    violating = {item["domain"] for item in expected["violations"] if item["violation_key"] in PARTY_KEYS}
    assert {outcomes[domain] for domain in violating} == {"examined"}


def test_subdomains_are_found_by_every_source(world, expected):
    by = {name["name"]: name["found_by"] for name in expected["subdomains"]}
    assert {source for sources in by.values() for source in sources} == {
        "target",
        "dictionary",
        "certificate_log",
        "page",
    }
    logged = {
        n
        for row in CertificateLog(world.certificates).search("%.corp.test")
        for n in row["name_value"].lower().split("\n")
    }
    assert {name for name, sources in by.items() if "certificate_log" in sources} <= logged
    assert set(by).isdisjoint(expected["not_subdomains"])


def test_names_that_pages_alone_give_away_are_linked(walked, expected):
    linked = {parse_url(url)["hostname"] for url in walked[0]}
    assert {n["name"] for n in expected["subdomains"] if "page" in n["found_by"]} <= linked


def test_every_host_but_a_virtual_one_has_an_address_of_its_own_inside_the_allowed_network(world):
    addresses = [ip_address(host.address) for host in world.hosts.values() if host.name != "portal.eu.shop.depth.test"]
    assert len(addresses) == len(set(addresses))
    assert world.hosts["portal.eu.shop.depth.test"].address == world.hosts["*.eu.shop.depth.test"].address
    assert all(address in ip_network("127.64.0.0/10") for address in addresses)


def test_latencies_make_a_scan_take_long_enough_to_be_watched(world):
    """With 4 connections per address, and 10 s for everything beside the slowest host: 15 to 40 s."""
    seconds = {
        host.name: sum(resource_delay(host, r, r.path) for r in host.resources.values()) / 4 / 1000
        for host in world.hosts.values()
    }
    assert 8 < max(seconds.values()) < 25
    assert max(seconds, key=lambda name: seconds[name]) == "www.corp.test"


def test_there_are_some_three_hundred_pages_and_no_other_target(world, expected):
    assert 280 <= len(expected["pages"]) <= 330
    with pytest.raises(KeyError):
        expect(world, "nobody.test")
