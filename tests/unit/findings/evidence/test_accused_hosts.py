"""Findings by the hosts of their references."""

from dataclasses import replace
from types import SimpleNamespace

from app.domain.findings import FindingId
from app.findings.evidence.accused_hosts import AccusedHosts
from app.findings.queries import findings
from tests.unit.findings.evidence.conftest import HOME, PARTNERS, THREAD
from tests.unit.findings.evidence.test_scan_evidence import db, row

__all__ = ["db", "row"]


def test_a_reference_belongs_to_the_findings_of_its_host(db, row, reader):
    found = db.read_sync(lambda c: findings.of_run(c, row.id, row.run))
    accused = AccusedHosts(reader, found)
    assert [(item.cause, item.domain) for item in accused.of("shop.test")] == [("adult", "shop.test")]
    assert accused.of("cdn.test") == ()


def test_a_page_in_the_list_has_as_many_findings_as_in_the_table_of_pages(db, row, reader):
    accused = AccusedHosts(reader, db.read_sync(lambda c: findings.of_run(c, row.id, row.run)))
    counted = {page.url: page.findings for page in accused.by_page()}
    assert counted == {HOME: 2, THREAD: 1, PARTNERS: 1}  # casino.test was dismissed
    assert accused.counts_on([HOME, THREAD, PARTNERS, "https://www.corp.test/empty"]) == counted


def test_a_host_that_a_finding_clears_is_not_accused_by_it(db, row, reader, store, tenants):
    good, bad = tenants
    for host in tenants:
        capture = reader.captures_at(host)[0]
        store.put_capture(replace(capture, page_class="content"))
    store.flush()
    shown = db.read_sync(lambda c: findings.find_exactly(c, row.id, row.run, FindingId.parse("adult.shop.test")))
    accused = AccusedHosts(
        reader, [SimpleNamespace(**{**shown._mapping, "domain": "farm.test", "content_hosts": [bad]})]
    )
    assert (accused.of(good), len(accused.of(bad))) == ((), 1)
