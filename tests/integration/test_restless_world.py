"""Issue: nobody may be told of a change that is none. A long run; the same with three scans is in every build."""

import pytest

from testnet.client import attach
from testnet.worlds import WATCHED
from tests.support.scanned import as_settings, served
from tests.support.watched_scans import RULE, feed, scan

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
