"""`corp.test` through a real process: exactly what the world file expects, a table join."""

import pytest

from app.scanstore.files import store_path
from app.scanstore.reader import SqliteScanReader
from testnet.client import attach
from testnet.expected import expect
from testnet.ground import Ground
from testnet.world import build_world
from tests.support.scan_backend import assert_sound, scan_backend

TARGET = "corp.test"
SCANNER_SETTINGS = ("resolvers", "allow_networks", "ca_file", "port_map", "ct_urls")


def as_settings(reached: dict) -> dict:
    """The test internet's own words for it, as our settings take them."""
    chosen = {name: reached[name] for name in SCANNER_SETTINGS}
    chosen["port_map"] = tuple(f"{port}={real}" for port, real in reached["port_map"].items())
    return chosen


@pytest.fixture
def expected():
    return expect(build_world(Ground()), TARGET)


async def test_a_scan_finds_exactly_what_the_world_expects(tmp_path, expected):
    with attach() as testnet:
        async with scan_backend(tmp_path, **as_settings(testnet.settings)) as backend:
            task_id = await backend.create(TARGET, use_passive_sources=True)
            row = await backend.finished(task_id, within_s=120)
            assert row.status == "completed"
            assert_sound(backend, task_id)
            findings = {(found.domain, found.violation_key) for found in backend.violations(task_id)}
            canaries = testnet.requests("inward.test")
    assert findings == {(item["domain"], item["violation_key"]) for item in expected["violations"]}
    assert canaries == []
    with SqliteScanReader(store_path(tmp_path, task_id, 1)) as reader:
        subdomains = {host.name for host in reader.subdomains(limit=1_000)[0]}
        parties = {party.domain: party for party in reader.third_parties(limit=1_000)[0]}
        pages = {page.url for page in reader.pages(parsed=True, limit=1_000)[0]}
    assert subdomains == {item["name"] for item in expected["subdomains"]}
    assert parties.keys() == {item["domain"] for item in expected["third_parties"]}
    relations = {item["domain"]: item["relation"] for item in expected["third_parties"]}
    assert {domain: party.relation.value for domain, party in parties.items()} == relations
    outcomes = {item["domain"]: item["outcome"] for item in expected["third_parties"]}
    assert {domain: party.outcome.value for domain, party in parties.items()} == outcomes
    categories = {item["domain"]: item["category"] for item in expected["third_parties"]}
    assert {domain: party.category for domain, party in parties.items()} == categories
    assert set(expected["pages"]) <= pages
    statistics = row.statistics
    assert statistics["total_subdomains"] == len(expected["subdomains"])
    assert statistics["total_third_party_domains"] == len(expected["third_parties"])
    assert statistics["total_violations"] == len(expected["violations"])
