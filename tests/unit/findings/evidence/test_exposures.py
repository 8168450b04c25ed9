"""References as what a risk is made of."""

from dataclasses import asdict, replace

import pytest

from app.domain.authorship import Author
from app.domain.findings import Finding, FindingId, FoundViolation
from app.domain.risk import UNKNOWN, Embedding, Place
from app.domain.scan_facts import Capture, FetchError, PageFact, Reference, Relation, ThirdParty
from app.domain.violations import RiskLevel, ViolationKey
from app.findings.evidence.exposures import (
    Assessor,
    Scales,
    Site,
    as_shown,
    cleared_hosts,
    exposure_of,
    risk_of,
    strongest_first,
    via_of,
    without_hosts,
)
from app.scanstore.evidence_reader import StoredReference
from tests.unit.findings.evidence.conftest import CASINO, HOME, PARTNER, PARTNERS, THREAD, link, redirect

SITE = Site("corp.test")
A, B = "a.partner.test", "b.partner.test"


def stored(fact, *, page_id=1, depth=1):
    return StoredReference(1, fact, page_id, depth, "")


@pytest.mark.parametrize(
    ("host", "own"), [("corp.test", True), ("a.b.corp.test", True), ("evilcorp.test", False), ("corp.test.evil", False)]
)
def test_what_belongs_to_the_site(host, own):
    assert SITE.owns(host) is own


@pytest.mark.parametrize(
    ("fact", "via"),
    [
        (redirect(PARTNERS, CASINO, PARTNER), PARTNER),
        (redirect(PARTNERS, CASINO), ""),
        (redirect(HOME, CASINO, "https://www.corp.test/go"), ""),
        (link(PARTNERS, CASINO, snippet=PARTNER), ""),
        (Reference(HOME, CASINO, CASINO, Relation.REDIRECT, "redirect:http", snippet=PARTNER), ""),
    ],
)
def test_whose_redirect_it_is(fact, via):
    assert via_of(stored(fact), SITE) == via


@pytest.mark.parametrize(
    ("fact", "embedding"),
    [
        (redirect(PARTNERS, CASINO, PARTNER), Embedding.PARTNER_REDIRECT),
        (redirect(PARTNERS, CASINO), Embedding.OWN_REDIRECT),
        (link(PARTNERS, CASINO), Embedding.LINK),
        (Reference(HOME, CASINO, CASINO, Relation.SCRIPT, "iframe[src]"), Embedding.CODE),
        (Reference(HOME, CASINO, CASINO, Relation.EMBED, "img[src]"), Embedding.RESOURCE),
        (Reference(HOME, CASINO, CASINO, Relation.MENTION, "comment"), Embedding.MENTION),
    ],
)
def test_how_it_is_embedded(fact, embedding):
    assert exposure_of(stored(fact), SITE, pages=1, pages_in_all=9).embedding is embedding


def test_a_style_sheet_stands_on_the_whole_site():
    fact = Reference("https://www.corp.test/all.css", CASINO, CASINO, Relation.EMBED, "css:url")
    exposure = exposure_of(stored(fact, page_id=None, depth=None), SITE, pages=1, pages_in_all=400)
    assert exposure.place is Place.WHOLE_SITE


def test_a_domain_is_weighed_by_all_its_references(reader):
    weighed = Scales(reader, SITE).weigh(["shop.test", "casino.test", "unknown.test"])
    exposures = {item.reference.fact.page_url: item.exposure for item in weighed["shop.test"]}
    assert exposures[HOME].hidden == "display_none"
    assert exposures[HOME].place is Place.START_PAGE
    assert exposures[THREAD].authorship.author is Author.USER
    assert [item.exposure.via for item in weighed["casino.test"]] == ["partner.test"]
    assert weighed["unknown.test"] == []


def test_what_stands_on_most_pages_stands_on_the_whole_site(store, reader):
    pages = [f"https://www.corp.test/{number}" for number in range(20)]
    for page in pages:
        store.add_page(PageFact(page, 4, 200, parsed=True))
    store.put_third_party(ThirdParty("foot.test", ("foot.test",)))
    store.add_references([link(page, "http://foot.test/") for page in pages])
    store.flush()
    (first, *_) = Scales(reader, SITE).weigh(["foot.test"])["foot.test"]
    assert first.exposure.place is Place.WHOLE_SITE


def test_the_risk_comes_with_the_reference_that_makes_it(reader):
    weighed = Scales(reader, SITE).weigh(["shop.test"])["shop.test"]
    _, exposure, worst = risk_of(ViolationKey.ADULT, weighed)
    assert worst.reference.fact.page_url == HOME
    assert worst.exposure is exposure
    assert [item.reference.fact.page_url for item in strongest_first(ViolationKey.ADULT, weighed)] == [HOME, THREAD]
    assert risk_of(ViolationKey.ADULT, [])[2] is None


def test_content_of_the_sites_own_page_is_placed_by_that_page(reader):
    scales = Scales(reader, SITE)
    assert scales.of_own_page(HOME).place is Place.START_PAGE
    assert scales.of_own_page(THREAD).authorship.author is Author.USER
    assert scales.of_own_page("https://www.corp.test/unknown").depth is None


def test_a_finding_is_assessed_by_the_reference_that_weighs_most(reader):
    def finding(cause, domain, url="", needs_review=False):
        violation = FoundViolation("v", domain, cause.value, 0.9, needs_review, url, HOME)
        return Finding(FindingId(cause, domain), (violation,))

    malware, fraud, unknown = Assessor(reader, SITE).assess(
        [
            finding(ViolationKey.MALWARE, "shop.test", needs_review=True),
            finding(ViolationKey.FRAUD, "corp.test", url=HOME),
            finding(ViolationKey.GAMBLING, "unknown.test"),
        ]
    )
    assert (malware.risk.level, malware.page_url, malware.needs_review) == (RiskLevel.CRITICAL, HOME, True)
    assert malware.kinds == ("malware",)
    assert (fraud.exposure.embedding, fraud.exposure.place) == (Embedding.OWN_CONTENT, Place.START_PAGE)
    assert (unknown.exposure, unknown.page_url) == (UNKNOWN, HOME)


@pytest.mark.parametrize(
    ("accused", "page", "hidden"),
    [
        ({"a.farm.test"}, PARTNERS, None),
        ({"b.farm.test"}, HOME, "display_none"),
        ({"a.farm.test", "b.farm.test"}, HOME, "display_none"),
        (None, HOME, "display_none"),
    ],
)
def test_a_finding_of_one_host_is_not_assessed_by_what_leads_to_another(reader, tenants, accused, page, hidden):
    violation = FoundViolation("v", "farm.test", "gambling", 0.9, False, f"https://{tenants[0]}/", PARTNERS)
    content_hosts = None if accused is None else frozenset(accused)
    finding = Finding(FindingId(ViolationKey.GAMBLING, "farm.test"), (violation,), content_hosts)
    (found,) = Assessor(reader, SITE).assess([finding])
    assert (found.page_url, found.exposure.hidden) == (page, hidden)
    assert found.content_hosts == content_hosts


def test_a_host_that_was_not_judged_is_not_cleared(reader, store, tenants):
    third = "https://c.farm.test/"
    store.put_third_party(ThirdParty("farm.test", (*tenants, "c.farm.test")))
    store.add_references([link(THREAD, third, hidden="off_screen")])
    store.flush()
    violation = FoundViolation("v", "farm.test", "gambling", 0.9, False, f"https://{tenants[0]}/", PARTNERS)
    finding = Finding(FindingId(ViolationKey.GAMBLING, "farm.test"), (violation,), frozenset(tenants[:1]))
    (found,) = Assessor(reader, SITE).assess([finding])
    assert (found.page_url, found.exposure.hidden) == (THREAD, "off_screen")


def test_a_finding_that_only_a_cleared_host_leads_to_keeps_its_references(reader, tenants):
    weighed = Scales(reader, SITE).weigh(["farm.test"])["farm.test"]
    assert without_hosts(weighed[1:], frozenset(tenants[1:])) == weighed[1:]


def test_a_link_that_a_browser_has_shown_to_be_seen_is_weighed_as_one():
    hidden = stored(link(HOME, CASINO, hidden="same_colour"))
    elsewhere = stored(link(PARTNERS, CASINO, hidden="same_colour"))
    shown = stored(replace(link(HOME, CASINO), kind="shown:a[href]"))
    weighed = as_shown([hidden, elsewhere, shown])
    assert [one.fact.hidden for one in weighed] == [None, "same_colour", None]


def capture(host, final_url="", **fields):
    return asdict(Capture("partner.test", host, f"https://{host}/", final_url or f"https://{host}/", **fields))


@pytest.mark.parametrize(
    ("captured", "cleared"),
    [
        (capture(B), {B}),
        (capture(B, f"https://{A}/home"), set()),
        (capture(B, error=FetchError.TIMEOUT), set()),
        (capture(B, page_class="empty"), set()),
        (capture(B, dead=True), set()),
    ],
)
def test_a_host_is_cleared_by_a_page_of_its_own_that_was_judged(captured, cleared):
    assert cleared_hosts([capture(A), captured], frozenset({A})) == cleared


def test_a_host_that_forwards_to_the_content_is_accused_as_well():
    captures = [capture(A, "https://casino.test/"), capture(B)]
    assert cleared_hosts(captures, frozenset({"casino.test"})) == {B}


def test_a_finding_about_a_domain_as_a_whole_clears_no_host():
    assert cleared_hosts([capture(A), capture(B)], None) == frozenset()
