"""Which screenshot shows a finding."""

from types import SimpleNamespace

from app.domain.scan_facts import Capture
from app.findings.evidence.exposures import Site
from app.findings.evidence.screenshots import screenshots_of
from tests.unit.findings.evidence.conftest import CASINO, HOME


def found(domain, url):
    return SimpleNamespace(domain=domain, url=url, violation_id=url)


def test_the_page_of_the_content_comes_before_others_of_a_third_party_and_alone_of_the_site(store, reader):
    other, seen = "https://casino.test/a", "https://casino.test/z"
    for url, final_url, sha256 in ((other, other, "aa"), (CASINO + "go", seen, "bb")):
        store.put_capture(Capture("casino.test", "casino.test", url, final_url, 200, screenshot_sha256=sha256))
    store.put_capture(Capture("corp.test", "www.corp.test", HOME, HOME, 200, screenshot_sha256="cc"))
    store.flush()
    rows = [
        found("casino.test", seen),
        found("casino.test", "https://casino.test/never-captured"),
        found("partner.test", "http://partner.test/"),
        found("corp.test", HOME),
        found("corp.test", "https://www.corp.test/other"),
    ]
    assert list(screenshots_of(reader, Site("corp.test"), rows).values()) == ["bb", "aa", "", "cc", ""]
