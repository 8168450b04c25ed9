"""Issue: nobody may be told of a change that is none. A long run; the same with three scans is in every build."""

from collections import Counter

import pytest

from app.domain.party_memory import RETURNS
from testnet.client import attach
from testnet.watched import SPONSORS
from testnet.worlds import CHANGED, WATCHED
from tests.support.scanned import as_settings, served
from tests.support.watched_scans import RULE, dismiss_all, feed, scan, states, without_sponsors

SCANS = 30


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    """Scans the world once more; returns all scans so far."""
    folder = tmp_path_factory.mktemp("restless") / "data"
    with attach(world=WATCHED) as testnet, served(folder, **as_settings(testnet.settings)) as http:
        http.post("/api/v1/rules", json=RULE).raise_for_status()
        scans = []

        def again():
            scans.append(scan(http, folder))
            return scans

        again()
        yield again


@pytest.mark.parametrize("number", range(2, SCANS + 1))
def test_a_scan_of_an_unchanged_restless_world_differs_in_nothing(scanned, number):
    *_, before, last = scanned()
    document = last.get("/diff?page_size=200").json()
    assert document["against"]["task_id"] == before.task_id
    assert without_sponsors(document) == []


def test_advertisers_that_take_turns_are_new_once_and_no_change_after_two_returns(scanned):
    """Whatever the slot has shown in which scan: the lists of all scans so far are read again."""
    *_, last = scanned()
    scans = last.http.get("/api/v1/tasks?page_size=100").raise_for_status().json()["items"]
    found = {name: [] for name in SPONSORS}
    for scan_id in reversed([item["id"] for item in scans]):
        answer = last.http.get(f"/api/v1/tasks/{scan_id}/diff?page_size=200").raise_for_status()
        for item in answer.json()["items"]:
            if item["name"] in found:
                found[item["name"]].append(item["change"])
    for name, kinds in found.items():
        assert kinds.count("new") <= 1, name
        assert kinds.count("back") <= RETURNS, name
        returns = [number for number, change in enumerate(kinds) if change == "back"]
        if len(returns) == RETURNS:
            later = Counter(kinds[returns[-1] + 1 :])
            assert later.keys() <= {"rotating", "gone"}, (name, kinds)
            assert later["gone"] <= 1, (name, kinds)  # it was there in more than five scans in a row: rare
    assert any("rotating" in kinds for kinds in found.values())


def test_nobody_is_told_of_what_is_known(scanned):
    first, *_, last = scanned()
    assert {content["task_id"] for content in feed(last)} <= {first.task_id}


@pytest.fixture(scope="module")
def dismissed(tmp_path_factory):
    """Scans the world in which a partner is a casino, all of whose findings were dismissed after the first scan."""
    folder = tmp_path_factory.mktemp("dismissed") / "data"
    with attach(world=CHANGED) as testnet, served(folder, **as_settings(testnet.settings)) as http:
        http.post("/api/v1/rules", json=RULE).raise_for_status()
        scans = [scan(http, folder)]
        feed(scans[0])
        dismiss_all(scans[0])

        def again():
            scans.append(scan(http, folder))
            return scans

        yield again


@pytest.mark.parametrize("number", range(2, SCANS + 1))
def test_what_was_dismissed_stays_so_in_a_restless_world(dismissed, number):
    first, *_, last = dismissed()
    assert "gambling.quay-partner.test" in states(first)
    assert states(last) == dict.fromkeys(states(first), "dismissed")


def test_nobody_is_told_of_what_was_dismissed(dismissed):
    first, *_, last = dismissed()
    assert {content["task_id"] for content in feed(last) if content["kind"] == "findings"} == {first.task_id}
