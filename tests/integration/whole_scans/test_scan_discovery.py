"""`depth.test` through a real process: hosts that are found by one way each, and what the report says of these ways."""

import orjson
import pytest

from app.domain.discovery import NameServerReport, SourceReport, SourceStatus, Transfer, Walk
from app.scanstore.files import store_path
from app.scanstore.reader import SqliteScanReader
from testnet.client import attach
from testnet.expected import expect
from testnet.ground import Ground
from testnet.world import CT_HOST, build_world
from tests.support.scan_backend import assert_sound, scan_backend
from tests.support.scanned import as_settings

TARGET = "depth.test"


@pytest.fixture
def expected():
    return expect(build_world(Ground()), TARGET)


async def scan(backend, tmp_path, *, passive=True):
    task_id = await backend.create(TARGET, screenshots=False, cloaking=False, use_passive_sources=passive)
    row = await backend.finished(task_id, within_s=180)
    assert row.status == "completed"
    assert_sound(backend, task_id)
    with SqliteScanReader(store_path(tmp_path, task_id, 1)) as reader:
        return {host.name: host for host in reader.subdomains(limit=1_000)[0]}, reader.discovery()


def asked_of_log(testnet):
    """How often the certificate log was asked about the target; tests beside this one ask it about others."""
    return sum(TARGET in request["target"] for request in testnet.requests(CT_HOST))


async def test_each_host_is_found_by_its_way_and_the_second_scan_asks_no_source_again(tmp_path, expected):
    with attach() as testnet:
        async with scan_backend(tmp_path, **as_settings(testnet.settings)) as backend:
            hosts, discovery = await scan(backend, tmp_path)
            asked = asked_of_log(testnet)
            again, cached = await scan(backend, tmp_path)
            assert asked_of_log(testnet) == asked > 0
    found_by = {item["name"]: set(item["found_by"]) for item in expected["subdomains"]}
    assert hosts.keys() == again.keys() == found_by.keys()
    ways = {"certificate_log": CT_HOST}
    missed = {
        name: host.sources
        for name, host in hosts.items()
        if not {ways.get(way, way) for way in found_by[name]} <= set(host.sources)
    }
    assert missed == {}
    assert not any(host.wildcard for host in hosts.values())
    assert discovery.sources == (SourceReport(CT_HOST, SourceStatus.ASKED, 1),)
    assert cached.sources == (SourceReport(CT_HOST, SourceStatus.CACHED, 1),)
    servers = {(server.zone, server.name): server for server in discovery.name_servers}
    assert set(servers.values()) == {
        NameServerReport(TARGET, "ns1.depth-dns.test", Transfer.REFUSED, Walk.NONE),
        NameServerReport("data.depth.test", "ns1.depth-dns.test", Transfer.REFUSED, Walk.NONE),
        NameServerReport("data.depth.test", "ns2.depth-dns.test", Transfer.OPEN, Walk.NONE, 2),
        NameServerReport("lab.depth.test", "ns3.depth-dns.test", Transfer.REFUSED, Walk.WHOLE, 2),
    }
    assert set(discovery.wildcard_zones) == {"shop.depth.test", "eu.shop.depth.test"}
    assert discovery.resolvers_left_out == ()
    assert discovery.variations_tried > 0
    assert orjson.loads(orjson.dumps(discovery.to_json()))["words_tried"] == discovery.words_tried > 1_000


async def test_a_scan_without_passive_sources_asks_none(tmp_path):
    with attach() as testnet:
        before = asked_of_log(testnet)
        async with scan_backend(tmp_path, **as_settings(testnet.settings)) as backend:
            hosts, discovery = await scan(backend, tmp_path, passive=False)
        assert asked_of_log(testnet) == before
    assert discovery.sources == ()
    assert "ct-7d.depth.test" not in hosts
