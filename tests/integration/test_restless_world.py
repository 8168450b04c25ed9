"""Issue: nobody may be told of a change that is none. A long run; the same with three scans is in every build."""

import pytest

from testnet.client import attach
from testnet.worlds import CHANGED, WATCHED
from tests.support.scanned import as_settings, served
from tests.support.watched_scans import RULE, dismiss_all, feed, scan, states

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
    assert (document["changes"], document["items"]) == (0, [])


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
