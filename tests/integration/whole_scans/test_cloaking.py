"""Sites that show some of their visitors something else, over a real scan of the test internet."""

from collections import Counter

import pytest

from app.findings.schemas.findings import FindingDetail
from testnet.client import attach
from testnet.expected import expect
from testnet.ground import Ground
from testnet.sites.shade import TARGET
from testnet.world import build_world
from tests.support.said import said
from tests.support.scanned import Scanned, as_settings, await_end, served

VISITORS = {
    "spider": ("robot", "own.shown_offer", said("visitor.robot")),
    "search": ("search", "own.shown_redirect", said("visitor.search")),
    "phone": ("phone", "own.shown_cover", said("visitor.phone")),
    "first": ("newcomer", "own.shown_redirect", said("visitor.newcomer")),
    "browsers": ("browser", "own.shown_offer", said("visitor.browser")),
}


def scan(http, folder, **config):
    options = {"use_passive_sources": False, "screenshots": False, **config}
    task_id = http.post("/api/v1/tasks", json={"target_domain": TARGET, "config": options}).json()["id"]
    scanned = Scanned(http, task_id, folder)
    await_end(scanned)
    return scanned


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cloaking") / "data"
    with attach() as testnet, served(folder, language="en", **as_settings(testnet.settings)) as http:
        yield testnet, http, folder


@pytest.fixture(scope="module")
def scanned(world):
    _, http, folder = world
    return scan(http, folder)


@pytest.fixture(scope="module")
def expected():
    return expect(build_world(Ground()), TARGET)


@pytest.fixture(scope="module")
def tampered(scanned):
    """The findings about the site's own hosts, by the label of the host."""
    found = {}
    for item in scanned.all_items("/findings"):
        if item["violation_key"] == "tampered":
            detail = scanned.get(f"/findings/{item['finding_id']}?lang=en").json()
            FindingDetail.model_validate(detail)
            found[item["domain"].partition(".")[0]] = detail
    return found


def test_all_that_only_some_visitors_are_shown_is_found_and_the_trial_is_not(scanned, expected):
    found = Counter((one["domain"], one["violation_key"]) for one in scanned.all_items("/violations"))
    assert found == Counter((one["domain"], one["violation_key"]) for one in expected["violations"])
    assert f"trial.{TARGET}" not in {domain for domain, _ in found}


def test_hosts_that_only_they_were_led_to_are_third_parties(scanned, expected):
    found = {one["domain"] for one in scanned.all_items("/third-parties")}
    assert found == {one["domain"] for one in expected["third_parties"]}


@pytest.mark.parametrize("label", VISITORS)
def test_a_finding_says_who_was_shown_what(tampered, label):
    visitor, rule, shown = VISITORS[label]
    detail = tampered[label]
    assert detail["risk"]["level"] in ("high", "critical")
    kinds = {one["kind"] for one in detail["references"]}
    assert {kind.partition("@")[2] for kind in kinds} == {visitor}
    assert rule.replace(".", ":") in {kind.partition("@")[0] for kind in kinds}
    facts = detail["evidence"]
    assert rule in {fact["rule"] for fact in facts}
    assert all(shown in fact["text"] for fact in facts)


@pytest.mark.parametrize("label", VISITORS)
def test_it_is_said_in_chinese_as_well(scanned, tampered, label):
    detail = scanned.get(f"/findings/{tampered[label]['finding_id']}?lang=zh-CN").json()
    texts = [fact["text"] for fact in detail["evidence"]]
    assert all("显示" in text or "可见" in text for text in texts)


def test_the_place_is_quoted_with_the_title_and_the_hosts(tampered):
    quoted = " ".join(fact["snippet"] for fact in tampered["spider"]["evidence"])
    assert "银河国际娱乐城官网_百家乐真人荷官" in quoted
    assert "yinhe-yule.test" in quoted


def test_the_log_says_how_many_pages_were_compared(scanned):
    told = scanned.http.get(f"/api/v1/monitor/tasks/{scanned.task_id}/logs?format=text&lang=en").text
    (said,) = [line for line in told.splitlines() if "Compared " in line]
    assert ": 5 with signs of cloaking, " in said


def test_whoever_does_not_want_it_is_asked_for_by_the_scanner_alone(world):
    testnet, http, folder = world
    before = testnet.last_seq()
    scanned = scan(http, folder, cloaking=False)
    agents = {one["user_agent"] for one in testnet.requests(after_seq=before) if one["host"].endswith(TARGET)}
    assert {agent.partition("/")[0] for agent in agents} == {"DomainComplianceScanner"}
    assert scanned.all_items("/violations") == []
