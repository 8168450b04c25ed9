"""Evidence as a reader sees it: in their language, and with nothing in it that acts."""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from app.domain.authorship import authorship_of
from app.domain.findings import AssessedFinding, FindingId
from app.domain.messages import MessageCatalog
from app.domain.recommendations import Advice
from app.domain.risk import Embedding, Exposure, Place, assess
from app.domain.scan_facts import (
    Capture,
    DnsAnswer,
    DnsOutcome,
    DnsRecord,
    FetchError,
    Reference,
    Registration,
    RegistrationState,
    Relation,
    TlsFacts,
)
from app.domain.violations import ViolationKey
from app.findings.evidence.chains import Chain, Step
from app.findings.evidence.exposures import Site
from app.findings.evidence.kept_contents import Excerpt
from app.findings.evidence.source_elements import Span
from app.findings.evidence.views import EvidenceViews
from app.findings.schemas.evidence import CaptureItem, EvidenceItem, FindingSummary, RedirectChain, ReferenceItem
from app.scanstore.evidence_reader import StoredReference
from tests.support.said import said

SITE, TASK = Site("corp.test"), "01a216cc"
EN, ZH = (EvidenceViews(language, task_id=TASK, attempt=1, site=SITE) for language in ("en", "zh-CN"))
HOSTILE = "<script>alert(1)</script>\x1b[2J\u202e\x00"


def violation(key="gambling", evidence=(), **more):
    values = {
        "id": "v1",
        "domain": "casino.test",
        "violation_key": key,
        "confidence_score": 0.9,
        "needs_review": False,
        "url": "http://casino.test/",
        "created_at": datetime(2026, 1, 1, tzinfo=UTC),
        "evidence": evidence,
    }
    return SimpleNamespace(**{**values, **more})


def assessed(exposure, *keys, url="http://casino.test/"):
    cause = ViolationKey(keys[0])
    return AssessedFinding(
        FindingId(cause, "casino.test"), keys, "v1", assess(cause, exposure), exposure,
        "https://www.corp.test/a?token=abc", url, 0.9, needs_review=False,
    )  # fmt: skip


def summary(views, exposure, *keys, **more):
    kinds = keys or ("gambling",)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    made_of = [violation(key) for key in kinds]
    document = views.finding(assessed(exposure, *kinds, **more), made_of, found_at=at, last_seen_at=at, state="open")
    FindingSummary.model_validate(document)
    return document


def reference(**more):
    fact = Reference(
        "https://www.corp.test/", "http://casino.test/", "//casino.test/", Relation.LINK, "a[href]", **more
    )
    return StoredReference(5, fact, 3, 0, "Home")


@pytest.mark.parametrize(
    ("exposure", "key", "values"),
    [
        (
            Exposure(Embedding.LINK, Place.NEAR, "display_none", depth=1),
            "hidden",
            {"hidden_by": "hidden_by.display_none"},
        ),
        (
            Exposure(Embedding.LINK, Place.NEAR, authorship=authorship_of("http://bbs.corp.test/"), depth=1),
            "user_post",
            {},
        ),
        (
            Exposure(Embedding.PARTNER_REDIRECT, Place.NEAR, depth=1, via="partner.test"),
            "partner_redirect",
            {"via": "partner.test"},
        ),
    ],
)
def test_a_finding_is_one_sentence_in_the_readers_language(exposure, key, values):
    for views, language in ((EN, "en"), (ZH, "zh-CN")):
        texts = MessageCatalog(language)
        told = {name: texts(value) if value in texts else value for name, value in values.items()}
        sentence = said(f"finding.{key}", language, site=texts("site.gambling"), domain="casino.test", **told)
        assert summary(views, exposure)["summary"] == sentence


@pytest.mark.parametrize(
    ("url", "end"),
    [
        ("http://end.test/x", "end.test"),
        ("http://www.casino.test/x", None),
        ("http://casino.test/x", None),
        ("", None),
    ],
)
def test_a_domain_that_only_leads_on_is_not_said_to_show_what_is_found(url, end):
    document = summary(EN, Exposure(Embedding.LINK, Place.NEAR, depth=1), url=url)
    link = said("finding.link", site=said("site.gambling"), domain="casino.test")
    assert document["summary"] == (said("finding.forwards", said=link, domain="casino.test", end=end) if end else link)


@pytest.mark.parametrize("embedding", Embedding)
@pytest.mark.parametrize("hidden", [None, "display_none", "a kind of later"])
def test_every_kind_of_finding_has_its_texts(embedding, hidden):
    for views in (EN, ZH):
        for key in ViolationKey:
            document = summary(views, Exposure(embedding, Place.DEEP, hidden, via="p.test"), key.value)
            assert document["summary"]
            assert all(reason["text"] for reason in document["risk"]["reasons"])


def test_a_name_of_the_site_that_was_left_behind_is_not_said_to_show_anything():
    own = Exposure(Embedding.OWN_CONTENT, Place.DEEP)
    for views, language in ((EN, "en"), (ZH, "zh-CN")):
        for url, host in (("http://expo.casino.test/x", "expo.casino.test"), ("", "casino.test")):
            document = summary(views, own, "takeover", url=url)
            assert document["summary"] == said("finding.own_takeover", language, host=host)
    link = summary(EN, Exposure(Embedding.LINK, Place.DEEP), "takeover")
    assert link["summary"] == said("finding.link", site=said("site.takeover"), domain="casino.test")


def test_the_reasons_of_a_risk_are_said_in_words():
    reasons = summary(EN, Exposure(Embedding.LINK, Place.INNER, "zero_font", depth=2))["risk"]["reasons"]
    assert [reason["text"] for reason in reasons] == [
        said("risk.type", name=said("violation.gambling")),
        said("risk.embedding.link"),
        said("risk.place.inner", depth=2),
        said("risk.hidden", hidden_by=said("hidden_by.zero_font")),
    ]


def test_all_violations_of_a_finding_are_named_and_the_first_of_them_dates_it():
    document = summary(EN, Exposure(Embedding.LINK, Place.DEEP, "marquee"), "gambling", "hidden_link")
    assert [item["violation_key"] for item in document["violations"]] == ["gambling", "hidden_link"]
    assert document["found_at"] == "2026-01-01T00:00:00.000Z"
    assert document["author_text"] == "the site's own content"
    assert (document["hidden_by"], document["hidden_text"]) == ("marquee", said("hidden_by.marquee"))
    assert summary(EN, Exposure(Embedding.LINK, Place.DEEP))["hidden_text"] is None
    assert document["page_url"].startswith("https://www.corp.test/a?token=")
    assert "abc" not in document["page_url"]


@pytest.mark.parametrize("views", [EN, ZH])
def test_every_piece_of_advice_has_its_text(views):
    said = views.advice(Advice, domain="casino.test", page="", via="")
    assert [item["code"] for item in said] == list(Advice)
    assert all(item["text"] for item in said)


def test_evidence_says_whose_page_is_quoted_and_how_the_link_is_hidden():
    text = {
        "layer": "text",
        "rule": "lexicon.gambling",
        "score": 0.9,
        "terms": ["a", "b"],
        "snippet": "a\nb",
        "offset": 4,
    }
    link = {
        "layer": "structure",
        "rule": "hidden_link.target",
        "score": 0.9,
        "terms": ["gambling"],
        "provenance": "lexicon 1",
        "guards": ["x"],
        "hidden_by": "tiny_box",
        "page_url": "https://www.corp.test/a on b",
    }
    first, second = EN.evidence([violation(evidence=[text, link])])
    for item in (first, second):
        EvidenceItem.model_validate(item)
    assert (first["whose"], first["snippet"], first["offset"], first["hidden_by"]) == ("third_party", "a\nb", 4, None)
    assert first["url"] == "http://casino.test/"
    assert first["text"] == "The third party's page uses several gambling terms (a, b)"
    assert (second["whose"], second["hidden_by"]) == ("site", "tiny_box")
    assert second["url"] == "https://www.corp.test/a on b"
    hidden_by, site = said("hidden_by.tiny_box"), said("site.gambling")
    assert second["text"] == said("evidence.hidden_link.target", hidden_by=hidden_by, site=site)
    assert second["source"] == said("source.guarded", version="1", guards="x")


def test_evidence_of_a_rule_that_has_no_sentence_is_shown_as_it_is():
    (item,) = EN.evidence([violation(evidence=[{"layer": "model", "rule": "new", "score": 0.5, "snippet": "{x}"}])])
    assert item["text"] == "{x}"


def test_of_the_sites_own_content_the_site_is_said_to_be_the_author():
    (item,) = EN.evidence(
        [violation(domain="corp.test", evidence=[{"layer": "text", "rule": "lexicon.x", "score": 1.0}])]
    )
    assert item["whose"] == "site"


def test_a_request_of_a_rendered_page_says_who_loaded_it():
    loaded = replace(reference().fact, loaded_by=("https://tags.test/t.js?token=abc", "https://www.corp.test/\x1b"))
    document = EN.reference(replace(reference(), fact=loaded), authorship_of(""))
    ReferenceItem.model_validate(document)
    first, page = document["loaded_by"]
    assert first.startswith("https://tags.test/t.js?token=")
    assert "abc" not in first
    assert "\x1b" not in page
    assert EN.reference(reference(), authorship_of(""))["loaded_by"] == []


def test_a_reference_says_where_it_is_and_who_wrote_it():
    excerpt = Excerpt("a\nb", 7, 2, 1, (Span(2, 3),))
    document = EN.reference(reference(hidden="off_screen"), authorship_of("x", "ugc"), excerpt)
    ReferenceItem.model_validate(document)
    marks = [{"start": 2, "end": 3}]
    assert document["source"] == {"excerpt": "a\nb", "offset": 7, "line": 2, "column": 1, "marks": marks}
    assert document["hidden_text"] == said("hidden_by.off_screen")
    assert document["author_text"] == f"{said('author.user')}; {said('author_sign.rel_ugc')}"


@pytest.mark.parametrize("text", ["<i a='?token=abcdef'>", "😀<i a='?token=abcdef'>\x00"])
def test_the_marks_of_a_source_fit_what_is_shown_of_it(text):
    start = len(text)
    excerpt = Excerpt(
        f"{text}<b a='?token=abcdef'>/x</b>rest", 7, 2, 1, (Span(start, start + 21), Span(start + 23, start + 27))
    )
    source = EN.reference(reference(), authorship_of("x"), excerpt)["source"]
    shown = [source["excerpt"][mark["start"] : mark["end"]] for mark in source["marks"]]
    assert shown == ["<b a='?token=***'>", "</b>"]


def test_a_secret_beyond_a_mark_of_a_source_is_masked_and_nothing_is_marked():
    source = EN.reference(reference(), authorship_of("x"), Excerpt("?token=abcdef", 7, 2, 1, (Span(8, 10),)))["source"]
    assert (source["excerpt"], source["marks"]) == ("?token=***", [])


def test_a_chain_names_each_step():
    steps = (
        Step("https://www.corp.test/"),
        Step("http://a.test/", "script", "iframe[src]", 302, "192.0.2.1"),
        Step("http://b.test/", "script"),
    )
    origin = EN.reference(reference(), authorship_of(""))
    document = EN.chain(Chain(reference(), reference(), steps, "http://b.test/", is_complete=True), origin)
    RedirectChain.model_validate(document)
    assert [step["how_name"] for step in document["steps"]] == [None, "script or frame", "script redirect"]
    assert [step["own"] for step in document["steps"]] == [True, False, False]
    assert document["final_url"] == "http://b.test/"


def test_a_capture_says_when_where_from_and_with_which_certificate():
    dns = DnsAnswer("a.test", DnsOutcome.ANSWER, (DnsRecord("a.test", "A", "192.0.2.1", 60),))
    tls = TlsFacts("a.test", "CA", ("a.test",), valid=False, error="certificate has expired")
    capture = Capture("a.test", "a.test", "https://a.test/", "https://a.test/", 200, dns=dns, tls=tls, captured_at=0.5)
    document = EN.capture(capture)
    CaptureItem.model_validate(document)
    assert document["captured_at"] == "1970-01-01T00:00:00.500Z"
    told = document["certificate"]
    assert (told["error"], told["error_code"]) == ("it has expired", "expired")
    assert told["error_detail"] == "certificate has expired"
    assert document["html"] is None
    old = Capture("a.test", "a.test", "u", "u", html_sha256="f" * 64, error=FetchError.DNS)
    assert EN.capture(old)["html"] == {
        "sha256": "f" * 64,
        "href": f"/api/v1/tasks/{TASK}/captures/{'f' * 64}?attempt=1",
    }
    assert (EN.capture(old)["captured_at"], EN.capture(old)["error"]) == (None, "dns")


def test_a_capture_says_whose_its_domain_is():
    found = Registration("a.test", RegistrationState.REGISTERED, "rdap.test", "2026-11-26", registrar="N\x1bames")
    document = EN.capture(Capture("a.test", "a.test", "u", "u", registration=found))
    CaptureItem.model_validate(document)
    assert (document["registration"]["state"], document["registration"]["source"]) == ("registered", "rdap.test")
    assert "\x1b" not in document["registration"]["registrar"]
    assert EN.capture(Capture("a.test", "a.test", "u", "u"))["registration"] is None


def test_what_a_page_wrote_steers_nothing_and_betrays_nothing():
    """Mark-up stays text (JSON is no page); what turns a terminal around and what is secret goes."""
    fact = Reference(HOSTILE, "http://a.test/?token=s3cret", HOSTILE, Relation.LINK, HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    document = EN.reference(StoredReference(1, fact, None, None, HOSTILE), authorship_of(""))
    shown = str(document)
    assert "s3cret" not in shown
    assert "<script>" in document["link_text"]
    assert all(character.isprintable() for value in document.values() if isinstance(value, str) for character in value)


@pytest.mark.parametrize(
    ("kind", "place", "english", "chinese"),
    [
        ("pdf:link", "page:12", "page 12", "第 12 页"),
        ("xlsx:field", "sheet:费用!B7", "sheet 费用!B7", "工作表 费用!B7"),
        ("docx:link", "", None, None),
    ],
)
def test_where_in_a_document_a_reference_stands_is_said_in_words(kind, place, english, chinese):
    fact = Reference("https://www.corp.test/x", "http://casino.test/", "", Relation.LINK, kind, dom_path=place)
    shown = [
        views.reference(StoredReference(5, fact, 3, 0, ""), authorship_of(fact.page_url))["dom_path"]
        for views in (EN, ZH)
    ]
    assert shown == [english, chinese]


def test_a_place_in_a_document_cannot_act():
    fact = Reference("https://www.corp.test/x", "http://casino.test/", "", Relation.LINK, "xlsx:link")
    hostile = replace(fact, dom_path=f"sheet:{HOSTILE}{{name.__class__}}")
    shown = EN.reference(StoredReference(5, hostile, 3, 0, ""), authorship_of(fact.page_url))["dom_path"]
    assert not any(char in shown for char in "\x1b\u202e\x00")
    assert "{name.__class__}" in shown


def test_a_cause_is_found_by_a_part_of_its_name_in_the_readers_language():
    assert ZH.causes_named("钓鱼") == (ViolationKey.FRAUD,)
    assert EN.causes_named("PHISH") == (ViolationKey.FRAUD,)
    assert EN.causes_named("钓鱼") == EN.causes_named("") == ()
