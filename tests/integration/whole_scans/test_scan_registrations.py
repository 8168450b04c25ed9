"""Whose third parties are, through a real process that asks the test internet's registry."""

import pytest

from testnet.client import attach
from testnet.expected import expect
from testnet.ground import Ground
from testnet.registry import HOST, LIST_PATH
from testnet.world import build_world
from tests.integration.test_scan_testnet import as_settings
from tests.support.scan_backend import assert_sound, scan_backend

WANTED = ("gone-partner.test", "parked-page.test")


@pytest.fixture
def start_urls():
    """The pages that refer to the parties which the registry has something to say of."""
    parties = expect(build_world(Ground()), "corp.test")["third_parties"]
    return tuple(
        {reference["page"] for party in parties if party["domain"] in WANTED for reference in party["references"]}
    )


async def scanned(tmp_path, start_urls, *, passive):
    with attach() as testnet:
        before = testnet.last_seq()
        settings = as_settings(testnet.settings)
        settings["ct_urls"] = (*settings["ct_urls"], f"rdap=http://{HOST}{LIST_PATH}")
        async with scan_backend(tmp_path, **settings) as backend:
            task_id = await backend.create("corp.test", use_passive_sources=passive, start_urls=start_urls, max_depth=0)
            row = await backend.finished(task_id, within_s=120)
            assert row.status == "completed"
            assert_sound(backend, task_id)
            rules = {
                (found.domain, item["rule"])
                for found in backend.violations(task_id)
                if found.violation_key == "takeover"
                for item in found.evidence
            }
            return rules, {request["target"] for request in testnet.requests(HOST, after_seq=before)}


async def test_what_the_registry_says_becomes_a_finding(tmp_path, start_urls):
    rules, asked = await scanned(tmp_path, start_urls, passive=True)
    assert {
        ("gone-partner.test", "takeover.unregistered"),
        ("parked-page.test", "takeover.expiring"),
    } <= rules
    assert {LIST_PATH, *(f"/domain/{domain}" for domain in WANTED)} <= asked


async def test_a_scan_without_passive_sources_asks_no_registry(tmp_path, start_urls):
    rules, asked = await scanned(tmp_path, start_urls, passive=False)
    assert asked == set()
    assert {domain for domain, _ in rules}.isdisjoint(WANTED)
