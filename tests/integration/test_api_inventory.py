"""The third parties of all sites, behind REST, of a scan that a server carried out."""

import time

import pytest

from testnet.watched import ADS
from testnet.worlds import WATCHED
from tests.support.watched_scans import scanned_again

PATIENCE_S = 60
POLL_S = 0.2


@pytest.fixture(scope="module")
def scan(tmp_path_factory):
    with scanned_again(tmp_path_factory.mktemp("inventory") / "data", WATCHED, 1) as (scanned,):
        yield scanned


def listed(scan, query=""):
    """The list, once the end of the scan was heard of."""
    deadline = time.monotonic() + PATIENCE_S
    while not (document := scan.http.get(f"/api/v1/third-parties?page_size=200{query}").json())["total"]:
        assert time.monotonic() < deadline, document
        time.sleep(POLL_S)
    return document


def test_the_third_parties_of_a_scan_are_listed_soon_after_its_end(scan):
    found = {item["domain"]: item for item in listed(scan)["items"]}
    theirs = {item["domain"] for item in scan.all_items("/third-parties")}
    assert found.keys() == theirs
    assert {*ADS, "tide-widget.test"} < theirs
    assert {item["sites"] for item in found.values()} == {1}


def test_one_says_by_which_page_and_script_it_is_loaded_and_whose_it_is(scan):
    listed(scan)
    document = scan.http.get("/api/v1/third-parties/tide-widget.test").json()
    (site,) = document["items"]
    assert (site["target_domain"], site["task_id"], site["relation"]) == ("harbour.test", scan.task_id, "script")
    assert site["page"].startswith("http://harbour.test/")
    assert site["script"].startswith("http://tide-widget.test/tide.")
    assert (document["sites"], document["registered_on"], document["registrar"]) == (1, "2011-04-12", "Test Names Ltd.")
    assert document["title"] == "潮汐组件"


def test_others_see_none_of_it_and_what_no_site_has_is_not_found(scan):
    listed(scan)
    with scan.as_another_user() as other:
        assert other.get("/api/v1/third-parties").json() == {"items": [], "total": 0}
        assert other.get("/api/v1/third-parties/tide-widget.test").status_code == 404
    assert scan.http.get("/api/v1/third-parties/nowhere.test").json()["code"] == "not_found"
    assert scan.http.get("/api/v1/third-parties?sort=page").json()["code"] == "invalid_sort"


def test_what_belongs_to_no_known_service_is_counted_as_such(scan):
    """No host of the test network is in the lists of services: none is guessed."""
    found = listed(scan)
    services = scan.http.get("/api/v1/third-party-services").json()
    assert services == {"items": [], "total": 0, "unknown": {"domains": found["total"], "sites": 1}}
    assert listed(scan, "&service=unknown") == found
    assert scan.http.get("/api/v1/third-parties?service=Maps").json() == {"items": [], "total": 0}
    assert scan.http.get("/api/v1/third-party-services/sites?service=Maps").json() == {"items": [], "total": 0}
    assert scan.http.get("/api/v1/third-party-services?sort=domain").json()["code"] == "invalid_sort"
    assert scan.http.get("/api/v1/third-party-services/sites").status_code == 422
    with scan.as_another_user() as other:
        nothing = {"items": [], "total": 0, "unknown": {"domains": 0, "sites": 0}}
        assert other.get("/api/v1/third-party-services").json() == nothing


def test_one_that_was_scanned_once_has_no_changes(scan):
    listed(scan)
    document = scan.http.get("/api/v1/third-parties/tide-widget.test").json()
    assert (document["changes"], document["changes_total"], document["services"]) == ([], 0, [])
