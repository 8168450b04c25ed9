"""Findings, third parties and pages, joined from the violations and the file of a scan."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import orjson
import pytest

from app.core.db import Database
from app.core.errors import NotFound
from app.core.paging import Paging
from app.domain.decisions import DecisionState
from app.domain.findings import FindingFilter, FindingId, group
from app.domain.scan_facts import Capture, ThirdParty
from app.domain.violations import Evidence, Layer, RiskLevel, ViolationKey
from app.findings.evidence.exposures import Assessor, Site
from app.findings.evidence.scan_evidence import CHUNK, ScanEvidence
from app.findings.queries import decisions, findings
from app.findings.queries.violations import known_violations
from app.findings.run_findings import RunFindings, found_violation
from app.findings.schemas.findings import FindingDetail, FindingPage, PageDetail, ReferencePage, ThirdPartyDetail
from tests.support.clock import FakeClock
from tests.support.databases import create_tables
from tests.support.rows import add_user
from tests.support.violations import new_violation, write_violations
from tests.unit.findings.evidence.conftest import CASINO, HOME, PARTNERS, link
from tests.unit.findings.queries.test_violations import add_task

SOURCE = "1" * 64


def violation(domain, key, number, *, needs_review=False, url=None):
    evidence = (Evidence(Layer.TEXT, f"lexicon.{key}", 0.9),)
    fields = {"violation_key": ViolationKey(key), "needs_review": needs_review, "evidence": evidence, "found_on": HOME}
    return new_violation(domain, violation_id=f"v{number}", url=url or f"http://{domain}/", **fields)


VIOLATIONS = (
    violation("partner.test", "gambling", 1),
    violation("casino.test", "gambling", 2),
    violation("shop.test", "adult", 3, needs_review=True),
    violation("shop.test", "hidden_link", 4),
    violation("corp.test", "fraud", 5, url=HOME),
)
DECISION = {
    "kinds": ["gambling"],
    "state": "dismissed",
    "reason": "ours",
    "decided_by": "mei",
    "decided_by_name": "mei",
    "decided_at": datetime(2026, 1, 2, tzinfo=UTC),
}


def fill(db, reader):
    """Write the violations of the small scan, and the findings as they are assessed by what it collected."""
    clock, at = FakeClock(), datetime(2026, 1, 1, tzinfo=UTC)
    user_id = add_user(db, clock, "mei")
    task_id = add_task(db, user_id, clock.now(), target_domain="corp.test")

    def work(connection):
        for number, found in enumerate(VIOLATIONS, 1):
            write_violations(connection, task_id, found, at=at + timedelta(seconds=number))
        casino = FindingId(ViolationKey.GAMBLING, "casino.test")
        decisions.put(connection, user_id, "corp.test", casino, DECISION, version=0)
        grouped = group(known_violations(connection, task_id, 1))
        findings.put(connection, task_id, 1, Assessor(reader, Site("corp.test")).assess(grouped), at)

    db.write_sync(work)
    found = {"total": 4, "critical": 2, "high": 1, "medium": 1, "low": 0, "needs_review": 1}
    return SimpleNamespace(
        id=task_id, run=1, attempt=1, user_id=user_id, target_domain="corp.test", finding_counts=found
    )


@pytest.fixture
def contents():
    return {}


@pytest.fixture
def db(tmp_path):
    db = Database(f"sqlite:///{tmp_path / 'rows.db'}")
    create_tables(db)
    yield db
    asyncio.run(db.close())


@pytest.fixture
def row(db, reader):
    return fill(db, reader)


@pytest.fixture
def evidence(reader, db, row, contents):
    return ScanEvidence(
        row=row, reader=reader, db=db, site=Site("corp.test"), language="en", read=contents.get, is_shared=False
    )


def document(pieces, model):
    found = orjson.loads(b"".join(pieces))
    model.model_validate(found)
    return found


def ids(evidence, paging=None, **wanted):
    found = document(evidence.findings(paging or Paging(), FindingFilter(**wanted)), FindingPage)
    return [item["finding_id"] for item in found["items"]]


def test_findings_come_the_worst_first(evidence):
    assert ids(evidence) == ["fraud.corp.test", "adult.shop.test", "gambling.casino.test", "gambling.partner.test"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"risk_level": RiskLevel.CRITICAL}, ["fraud.corp.test", "adult.shop.test"]),
        ({"violation_key": ViolationKey.GAMBLING}, ["gambling.casino.test", "gambling.partner.test"]),
        ({"violation_key": ViolationKey.HIDDEN_LINK}, []),
        ({"needs_review": True}, ["adult.shop.test"]),
        ({"needs_review": False, "paging": Paging(q="CASINO")}, ["gambling.casino.test"]),
        ({"paging": Paging(2, 3)}, ["gambling.partner.test"]),
        ({"decision": DecisionState.DISMISSED}, ["gambling.casino.test"]),
        ({"decision": DecisionState.OPEN}, ["fraud.corp.test", "adult.shop.test", "gambling.partner.test"]),
    ],
)
def test_they_are_filtered_and_paged(evidence, wanted, expected):
    assert ids(evidence, **wanted) == expected


@pytest.mark.parametrize("wanted", [{}, {"decision": DecisionState.DISMISSED}, {"needs_review": True}])
def test_whatever_they_are_filtered_by_the_numbers_say_what_is_open(evidence, wanted):
    page = document(evidence.findings(Paging(), FindingFilter(**wanted)), FindingPage)
    assert page["open_counts"] == {"total": 3, "critical": 2, "high": 0, "medium": 1, "low": 0, "needs_review": 1}
    assert (page["open_domains"], page["dismissed"]) == (3, 1)


def test_a_finding_holds_all_that_speaks_for_it(evidence):
    found = document(evidence.finding("gambling.casino.test"), FindingDetail)
    assert [step["url"] for step in found["chains"][0]["steps"]] == [PARTNERS, "http://partner.test/", CASINO]
    assert [capture["url"] for capture in found["captures"]] == [CASINO]
    assert found["via"] == "partner.test"
    assert found["reference_count"] == len(found["references"]) == 1
    assert found["third_party"]["domain"] == "casino.test"
    assert "end_partnership" in [step["code"] for step in found["advice"]]


def test_a_hidden_links_own_id_leads_to_the_finding_that_it_belongs_to(evidence):
    found = document(evidence.finding("hidden_link.shop.test"), FindingDetail)
    assert found["finding_id"] == "adult.shop.test"
    assert [item["hidden_by"] for item in found["references"]] == ["display_none", None]
    assert found["advice"][0]["code"] == "confirm_first"


def test_a_finding_of_one_host_shows_nothing_of_another(evidence, db, row, reader, tenants):
    told = RunFindings()
    told.note_page(violation("farm.test", "gambling", 9, url=f"https://{tenants[0]}/").fact)
    new = violation("farm.test", "gambling", 9, url=f"https://{tenants[0]}/")
    grouped = told.grouped("farm.test", found_violation(new.fact, new.id))
    (assessed,) = Assessor(reader, Site("corp.test")).assess(grouped)

    def work(connection):
        write_violations(connection, row.id, new, at=datetime(2026, 1, 3, tzinfo=UTC))
        findings.put(connection, row.id, 1, [assessed], datetime(2026, 1, 3, tzinfo=UTC))

    db.write_sync(work)
    found = document(evidence.finding("gambling.farm.test"), FindingDetail)
    assert (found["page_url"], found["hidden_by"]) == (PARTNERS, None)
    assert [item["url"] for item in found["references"]] == [f"https://{tenants[0]}/"]
    assert found["reference_count"] == 1
    assert [chain["final_url"] for chain in found["chains"]] == [f"https://{tenants[0]}/"]
    assert [capture["url"] for capture in found["captures"]] == [f"https://{tenants[0]}/"]
    assert found["screenshot"]["sha256"] == "a" * 64


def test_every_reference_names_the_third_party_that_it_leads_to(evidence, store):
    store.put_third_party(ThirdParty("co.test", ("co.test",)))
    store.put_third_party(ThirdParty("bet.co.test", ("www.bet.co.test",)))
    hosts = ("www.bet.co.test", "co.test", "mentioned.co.test", "192.0.2.1", "localhost")
    store.add_references([link("https://www.corp.test/x", f"http://{host}/") for host in hosts])
    store.flush()
    items = document(evidence.references(Paging(), None), ReferencePage)["items"]
    named = {item["url"]: item["third_party"] for item in items if item["page_url"].endswith("/x")}
    assert list(named.values()) == ["bet.co.test", "co.test", None, None, None]
    assert {item["third_party"] for item in items} == {
        *("partner.test", "casino.test", "shop.test"),
        *named.values(),
    }


def test_what_the_site_itself_shows_has_no_third_party(evidence):
    found = document(evidence.finding("fraud.corp.test"), FindingDetail)
    assert (found["embedding"], found["third_party"], found["references"]) == ("own_content", None, [])
    assert HOME in found["advice"][2]["text"]


@pytest.mark.parametrize("wanted", ["adult.casino.test", "gambling.unknown.test", "nonsense", ""])
def test_what_is_no_finding_is_not_found(evidence, wanted):
    with pytest.raises(NotFound):
        evidence.finding(wanted)


def test_the_place_of_a_reference_is_shown_in_the_stored_source_of_its_page(evidence, store, contents):
    store.put_capture(replace(Capture("corp.test", "www.corp.test", HOME, HOME, 200), html_sha256=SOURCE))
    store.flush()
    contents[SOURCE] = b"<p>\n<a href='http://shop.test/b'></a>"
    found = document(evidence.finding("adult.shop.test"), FindingDetail)
    places = {item["page_url"]: item["source"] for item in found["references"]}
    place = {"offset": 0, "line": 2, "column": 1, "marks": [{"start": 4, "end": 37}]}
    assert places.pop(HOME) == {"excerpt": "<p>\n<a href='http://shop.test/b'></a>", **place}
    assert set(places.values()) == {None}
    assert [capture["url"] for capture in found["site_captures"]] == [HOME]


def test_a_source_that_was_lost_costs_the_place_alone(evidence, store):
    store.put_capture(replace(Capture("corp.test", "www.corp.test", HOME, HOME, 200), html_sha256=SOURCE))
    store.flush()
    found = document(evidence.finding("adult.shop.test"), FindingDetail)
    assert [item["source"] for item in found["references"]] == [None, None]


def test_any_third_party_is_shown_in_the_same_way(evidence):
    found = document(evidence.third_party("partner.test"), ThirdPartyDetail)
    assert [item["finding_id"] for item in found["findings"]] == ["gambling.partner.test"]
    assert found["chains"][0]["final_url"] == CASINO
    with pytest.raises(NotFound):
        evidence.third_party("unknown.test")


def test_a_page_is_shown_with_its_references(evidence):
    found = document(evidence.page(2, Paging(1, 1)), PageDetail)
    assert (found["url"], found["reference_count"], len(found["references"])) == (PARTNERS, 2, 1)
    with pytest.raises(NotFound):
        evidence.page(99, Paging())


def test_references_are_had_by_pages_and_whole(evidence):
    assert document(evidence.references(Paging(2, 3), None), ReferencePage)["total"] == 4
    assert document(evidence.references(Paging(), "shop.test"), ReferencePage)["total"] == 2
    assert [len(chunk) for chunk in evidence.all_references(None)] == [4]
    assert [len(chunk) for chunk in evidence.all_references("shop.test")] == [2]
    for ask in (lambda: evidence.references(Paging(), "unknown.test"), lambda: next(evidence.all_references("x.test"))):
        with pytest.raises(NotFound):
            ask()


def test_the_references_to_one_third_party_are_read_to_the_end_over_all_its_hosts(evidence, store):
    store.put_third_party(ThirdParty("farm.test", ("a.farm.test", "b.farm.test")))
    urls = [f"http://{host}.farm.test/{number}" for number in range(CHUNK + 1) for host in "ba"]
    store.add_references([link(HOME, url) for url in urls])
    store.flush()
    chunks = list(evidence.all_references("farm.test"))
    assert [len(chunk) for chunk in chunks] == [CHUNK, 1, CHUNK, 1]
    listed = orjson.loads(b"".join(evidence.references(Paging(1, 200), "farm.test")))
    assert [item["url"] for item in chunks[0][:200]] == [item["url"] for item in listed["items"]]
    assert sorted(item["url"] for chunk in chunks for item in chunk) == sorted(urls)


def test_the_place_of_a_reference_on_a_page_that_forwards_is_shown_in_its_own_source(evidence, store, contents):
    own = Capture("corp.test", "www.corp.test", HOME, CASINO, 200, html_sha256="2" * 64, charset="utf-8")
    store.put_capture(replace(own, source_sha256=SOURCE, source_charset="gbk"))
    store.flush()
    contents[SOURCE] = "<p>请稍候</p><a href='http://shop.test/b'></a>".encode("gbk")
    found = document(evidence.finding("adult.shop.test"), FindingDetail)
    place = next(item["source"] for item in found["references"] if item["page_url"] == HOME)
    assert place["excerpt"].startswith("<p>请稍候</p>")
    assert found["site_captures"][0]["source"]["sha256"] == SOURCE
