"""One finding in a report."""

from dataclasses import asdict, replace

import pytest

from app.domain.scan_facts import Capture
from app.reports.formats.blocks import Beside, Facts, Heading, Quote, Table, Text, Tone
from app.reports.formats.capture_register import CaptureRegister
from app.reports.formats.extent import HTML_EXTENT, PDF_EXTENT
from app.reports.formats.finding_screenshots import FindingScreenshots
from app.reports.formats.finding_section import MAX_CHAINS, FindingSection, shown_parts
from app.reports.formats.measures import Measures
from tests.support.said import said
from tests.unit.findings.evidence.conftest import CASINO, HOME, PARTNER, PARTNERS

SOURCE = "3" * 64


def section(report, finding_id, **extent):
    bounds = replace(HTML_EXTENT, **extent)
    document = shown_parts(report.finding(finding_id), bounds)
    parts = {
        "measures": Measures([(1, document)], report.texts),
        "screenshots": FindingScreenshots(report, width=960),
        "register": CaptureRegister(report),
    }
    return FindingSection(report, bounds, **parts), document


def blocks(report, finding_id, *, pictures=True, **extent):
    """Return the blocks, those in columns as well."""
    shown, document = section(report, finding_id, **extent)
    found = shown.blocks(1, document, pictures=pictures)
    return [one for block in found for one in ((*block.left, *block.right) if isinstance(block, Beside) else (block,))]


def facts(found):
    return {name: value for block in found if isinstance(block, Facts) for name, value in block.rows}


def test_it_says_what_where_how_one_gets_there_why_and_what_to_do(make_report):
    report = make_report()
    found = blocks(report, "gambling.casino.test")
    (heading,) = [block for block in found if isinstance(block, Heading)]
    assert heading.text == "1. Gambling: casino.test"
    assert (heading.badge, heading.risk) == ("Dismissed 50", "")
    rows = facts(found)
    steps = rows[report.texts("report.chain")].split("\n")
    assert [step.split(": ")[1].split(" ")[0] for step in steps] == [PARTNERS, "http://partner.test/", CASINO]
    assert steps[1].endswith("HTTP 302; 192.0.2.1")
    first, *rest = blocks(report, "fraud.corp.test")
    assert (first.badge, first.risk) == ("critical 100", "critical")
    ours = facts(rest)
    assert ours[report.texts("report.what_to_do")].startswith("A. ")
    assert rows[report.texts("report.evidence")]
    assert "99%" in rows[report.texts("report.found_at")] or "confidence" in rows[report.texts("report.found_at")]


def test_captures_and_hashes_are_left_to_the_appendix(make_report, store):
    store.put_capture(Capture("casino.test", "casino.test", CASINO, CASINO, 200, html_sha256=SOURCE))
    store.flush()
    report = make_report()
    shown, document = section(report, "gambling.casino.test")
    assert SOURCE not in repr(list(shown.blocks(1, document, pictures=True)))
    (table,) = [block for block in shown._register.blocks() if isinstance(block, Table)]
    assert any(SOURCE in row[2] for row in table.rows)


def test_a_factor_that_adds_nothing_to_the_risk_is_left_out(make_report):
    report = make_report()
    found = report.finding("gambling.casino.test")
    nothing = {"code": "place.deep", "points": 0, "text": said("risk.place.deep"), "params": {}}
    risk = {**found["risk"], "reasons": [*found["risk"]["reasons"], nothing]}
    report.finding = lambda _id: {**found, "risk": risk}
    why = facts(blocks(report, "gambling.casino.test"))[report.texts("report.why")]
    assert said("risk.place.deep") not in why
    assert why.count("+") == sum(reason["points"] > 0 for reason in found["risk"]["reasons"])


def test_what_was_dismissed_has_no_action(make_report):
    report = make_report()
    assert report.finding("gambling.casino.test")["state"] == "dismissed"
    assert report.texts("report.what_to_do") not in facts(blocks(report, "gambling.casino.test"))


def test_what_needs_a_person_says_so_and_a_hidden_link_how_it_is_hidden(make_report):
    report = make_report()
    found = blocks(report, "adult.shop.test")
    assert Text(report.texts("report.needs_review"), Tone.WARNING) in found
    assert report.texts("hidden_by.display_none") in facts(found)[report.texts("report.how")]


def test_the_places_beyond_the_bound_are_counted(make_report):
    report = make_report()
    shown = facts(blocks(report, "adult.shop.test", references=1))
    assert shown[report.texts("report.also_on")] == report.texts("report.more_references", count=1)


def test_the_source_around_a_link_is_quoted_with_its_place(make_report, store, contents):
    store.put_capture(Capture("corp.test", "www.corp.test", HOME, HOME, 200, html_sha256=SOURCE))
    store.flush()
    contents[SOURCE] = b"<p>\n<a href='http://shop.test/b'>x</a>"
    found = blocks(make_report(), "adult.shop.test")
    assert Quote("<p>\n<a href='http://shop.test/b'>x</a>") in found
    assert said("report.at", line=2) in facts(found)["Reference type"]


def test_the_link_on_our_own_page_that_leads_to_a_forwarder_is_where_it_stands_too(make_report):
    """A third party that is reached only through a partner's redirect has no link of its own."""
    report = make_report()
    rows = facts(blocks(report, "gambling.casino.test"))
    assert rows[report.texts("report.begins")] == f"{PARTNERS} · Partner"
    assert rows["Location"] == "html > body > a:nth-child(1)"
    assert PARTNER in rows[report.texts("report.chain")]
    direct = facts(blocks(report, "adult.shop.test"))
    assert report.texts("report.begins") not in direct  # what stands above is not said again


def test_the_page_that_links_to_our_own_address_which_forwards_is_named(make_report):
    report = make_report()
    found = report.finding("gambling.casino.test")
    page = {"page_url": "https://www.corp.test/map", "page_title": "Map"}
    report.finding = lambda _id: {**found, "chains": [{**found["chains"][0], "linked_from": page}]}
    rows = facts(blocks(report, "gambling.casino.test"))
    assert rows[report.texts("report.begins")] == "https://www.corp.test/map · Map"


def test_pictures_can_be_left_out(make_report, store, contents):
    store.put_capture(Capture("casino.test", "casino.test", CASINO, CASINO, 200))
    store.flush()
    said = [blocks(make_report(), "gambling.casino.test", pictures=pictures) for pictures in (True, False)]
    about = [[block for block in found if isinstance(block, Text) and "screenshot" in block.text] for found in said]
    assert [len(found) for found in about] == [1, 0]


def test_no_key_of_a_kind_of_content_is_shown_as_a_term(make_report):
    report = make_report()
    found = report.finding("adult.shop.test")
    item = {**found["evidence"][0], "rule": "hidden_link.target", "terms": ["adult"]}
    words = {**item, "rule": "hidden_link.anchor", "terms": ["video"]}
    report.finding = lambda _id: {**found, "evidence": [item, words]}
    shown = blocks(report, "adult.shop.test")
    said_of = facts(shown)[report.texts("report.evidence")]
    assert "Matched terms: video" in said_of
    assert "Matched terms: adult" not in said_of


def test_paper_has_the_first_reasons_and_counts_the_rest(make_report):
    report = make_report()
    found = report.finding("adult.shop.test")
    report.finding = lambda _id: {**found, "evidence": found["evidence"][:1] * 3}
    said_of = facts(blocks(report, "adult.shop.test", evidence=2, quotes=False))[report.texts("report.evidence")]
    assert said_of.count(found["evidence"][0]["text"]) == 2
    assert report.texts("report.more_evidence", count=1) in said_of


@pytest.mark.parametrize("extent", [HTML_EXTENT, PDF_EXTENT])
@pytest.mark.parametrize("count", [0, 1, 50])
def test_a_bounded_number_of_references_and_paths_is_kept_and_shown_and_the_others_are_counted(
    make_report, extent, count
):
    report = make_report()
    shown, found = section(report, "gambling.casino.test", **asdict(extent))
    (reference,), (chain,) = found["references"], found["chains"]
    own = [{**reference, "reference_id": n, "page_url": f"https://www.corp.test/{n}"} for n in range(1, count + 1)]
    begins = [{**chain["origin"], "reference_id": n, "link_text": f"to {n}"} for n in range(0, 80, 10)]
    ways = [{**chain, "origin": origin, "complete": number % 2 == 0} for number, origin in enumerate(begins)]
    full = {**found, "references": own, "reference_count": count + 7, "chains": ways}
    kept = shown_parts(full, extent)
    assert kept["references"][:1] == own[:1]
    assert [one["page_url"] for one in kept["references"]] == [one["page_url"] for one in own[: extent.references]]
    assert kept["chains"] == ways[:MAX_CHAINS]
    rows = facts(shown.blocks(1, kept, pictures=False))
    others = [one["page_url"] for one in own[1 : extent.references]]
    rest = report.texts("report.more_references", count=count + 7 - min(count, extent.references))
    assert rows.get(report.texts("report.also_on")) == ("\n".join([*others, rest]) if count else None)
    assert [set(one) for one in kept["references"][1:]] == [{"reference_id", "page_url"}] * len(kept["references"][1:])
