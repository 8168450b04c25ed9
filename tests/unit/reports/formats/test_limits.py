import pytest

from app.domain.risk import Embedding
from app.reports.formats.limits import content_url, limits_of

SITES_PAGE = {"url": "https://www.corp.test/links", "whose": "site"}
CONTENT = {"url": "https://casino.test/", "whose": "third_party"}
WAY = [{"final_url": "https://casino.test/way", "steps": []}]


def found(*evidence, embedding=Embedding.LINK, chains=()):
    return {"evidence": evidence, "embedding": embedding.value, "chains": chains}


def test_the_sites_page_is_not_the_content_that_it_links_to():
    assert content_url(found(SITES_PAGE, CONTENT)) == CONTENT["url"]
    assert content_url(found(SITES_PAGE, chains=WAY)) == WAY[0]["final_url"]
    assert content_url(found(SITES_PAGE)) is None


def test_what_the_site_itself_shows_is_on_its_page():
    assert content_url(found(SITES_PAGE, embedding=Embedding.OWN_CONTENT)) == SITES_PAGE["url"]


@pytest.mark.parametrize(
    ("changes", "decisive"),
    [
        ({}, []),
        ({"verdict": {"result": "violations", "reasons": ["low_coverage"]}}, ["inconclusive"]),
        ({"verdict": None}, ["inconclusive"]),
        ({"verdict": None, "status": "running"}, ["unfinished"]),
    ],
)
def test_a_scan_that_checked_too_little_says_so_whatever_it_found(make_report, changes, decisive):
    assert [limit.code for limit in limits_of(make_report(**changes)) if limit.is_decisive] == decisive
