"""Every screenshot of a scan can be had through its route, and what violates has one, on a busy machine too."""

import faulthandler
from io import BytesIO

import pytest
from PIL import Image, ImageStat

from tests.support.scanned import scanned_once

pytestmark = pytest.mark.system
PATIENCE_S = 900  # some 40 s on a machine that does nothing else
SIZE = (1280, 800)
LEAST_SPREAD = 2.0  # of the brightness: a page with words on it has 20 and more, an empty one 0


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    faulthandler.cancel_dump_traceback_later()  # it has a limit of its own, longer than that of a test that hangs
    with scanned_once(tmp_path_factory, screenshots=True, patience_s=PATIENCE_S) as scanned:
        yield scanned


@pytest.fixture(scope="module")
def findings(scanned):
    listed = scanned.all_items("/findings")
    return {item["finding_id"]: scanned.get(f"/findings/{item['finding_id']}").json() for item in listed}


@pytest.fixture(scope="module")
def warnings(scanned):
    """What the scan says of itself: among it, how many pages have no picture."""
    return [warning["message"] for warning in scanned.get("/report").json()["warnings"]]


@pytest.fixture(scope="module")
def captures(scanned):
    """All captures that REST shows, by their address."""
    documents = [
        scanned.get(f"/third-parties/{party['domain']}").json() for party in scanned.all_items("/third-parties")
    ]
    pages = [scanned.get(f"/pages/{page['page_id']}").json() for page in scanned.all_items("/pages", page_size=200)]
    shown = [capture for document in documents for capture in document["captures"]]
    return {capture["url"]: capture for capture in [*shown, *(page["capture"] for page in pages if page["capture"])]}


def test_every_page_that_violates_and_every_page_that_refers_to_it_has_its_picture(findings, warnings):
    assert len(findings) == 17, (sorted(findings), warnings)
    to_be_seen = {key: found for key, found in findings.items() if not key.startswith("takeover.")}  # nothing is there
    assert len(to_be_seen) == 15, sorted(findings)
    for finding_id, found in to_be_seen.items():
        assert found["captures"], (finding_id, warnings)
        assert found["site_captures"], (finding_id, warnings)
        without = [one["url"] for one in (*found["captures"], *found["site_captures"]) if one["screenshot"] is None]
        assert without == [], (finding_id, warnings)


def test_every_picture_is_what_a_browser_showed_and_nothing_beside_it(scanned, captures):
    """Decoded: of the browser's size, with something on it, and without a byte of what the file held besides."""
    hrefs = {capture["screenshot"]["href"]: url for url, capture in captures.items() if capture["screenshot"]}
    assert len(hrefs) >= 20
    for href, url in hrefs.items():
        answer = scanned.http.get(href)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg"), url
        with Image.open(BytesIO(answer.content)) as picture:
            assert (picture.format, picture.size) == ("JPEG", SIZE), url
            assert not picture.getexif(), url
            assert ImageStat.Stat(picture.convert("L")).stddev[0] > LEAST_SPREAD, url


def test_every_screenshot_that_the_store_holds_is_shown_by_a_capture(scanned, captures):
    stored = scanned.screenshots()
    assert stored == {capture["screenshot"]["sha256"] for capture in captures.values() if capture["screenshot"]}
