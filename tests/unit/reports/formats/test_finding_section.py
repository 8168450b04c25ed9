"""One finding in a report."""

from dataclasses import replace

from app.domain.recommendations import Advice
from app.domain.scan_facts import Capture
from app.reports.formats.blocks import Facts, Heading, Items, Quote, Table, Text, Tone
from app.reports.formats.extent import HTML_EXTENT
from app.reports.formats.finding_section import FindingSection
from tests.support.said import said
from tests.unit.findings.evidence.conftest import CASINO, HOME, PARTNER, PARTNERS

SOURCE = "3" * 64


def blocks(report, finding_id, *, pictures=True, **extent):
    return list(FindingSection(report, replace(HTML_EXTENT, **extent)).blocks(finding_id, pictures=pictures))


def test_it_says_what_where_how_one_gets_there_why_and_what_to_do(make_report):
    report = make_report()
    found = blocks(report, "gambling.casino.test")
    headings = [block.text for block in found if isinstance(block, Heading)]
    keys = ("what_to_do", "where", "begins", "chain", "evidence", "captures", "why")
    assert headings == ["Gambling · casino.test", *(report.texts(f"report.{key}") for key in keys)]
    chain, risk = [block for block in found if isinstance(block, Table)]
    assert [row[2] for row in chain.rows] == ["https://www.corp.test/partners", "http://partner.test/", CASINO]
    assert [row[3] for row in chain.rows][1] == "HTTP 302; 192.0.2.1"
    assert int(risk.rows[-1][1]) == sum(int(row[1]) for row in risk.rows[:-1])
    (steps,) = [block for block in found if isinstance(block, Items)]
    assert steps.numbered


def test_a_factor_that_adds_nothing_to_the_risk_is_left_out(make_report):
    report = make_report()
    found = report.finding("gambling.casino.test")
    nothing = {"code": "place.deep", "points": 0, "text": said("risk.place.deep"), "params": {}}
    risk = {**found["risk"], "reasons": [*found["risk"]["reasons"], nothing]}
    report.finding = lambda _id: {**found, "risk": risk}
    table = [block for block in blocks(report, "gambling.casino.test") if isinstance(block, Table)][-1]
    assert said("risk.place.deep") not in [row[0] for row in table.rows]


def test_it_remembers_what_it_has_advised(make_report):
    section = FindingSection(make_report(), HTML_EXTENT)
    list(section.blocks("gambling.casino.test", pictures=False))
    assert {Advice.END_PARTNERSHIP, Advice.SCAN_AGAIN} <= section.advised
    assert Advice.CLEAN_HACKED_PAGE not in section.advised


def test_what_needs_a_person_says_so_and_a_hidden_link_how_it_is_hidden(make_report):
    report = make_report()
    found = blocks(report, "adult.shop.test")
    assert Text(report.texts("report.needs_review"), Tone.WARNING) in found
    facts = next(block for block in found if isinstance(block, Facts))
    assert (report.texts("report.hidden"), report.texts("hidden_by.display_none")) in facts.rows


def test_the_places_beyond_the_bound_are_counted(make_report):
    report = make_report()
    assert Text(report.texts("report.more_references", count=1), Tone.NOTE) in blocks(
        report, "adult.shop.test", references=1
    )


def test_the_source_around_a_link_is_quoted_with_its_place(make_report, store, contents):
    store.put_capture(Capture("corp.test", "www.corp.test", HOME, HOME, 200, html_sha256=SOURCE))
    store.flush()
    contents[SOURCE] = b"<p>\n<a href='http://shop.test/b'>x</a>"
    found = blocks(make_report(), "adult.shop.test")
    assert Quote("<p>\n<a href='http://shop.test/b'>x</a>") in found
    place = ("In the source", said("report.at", line=1, offset=0))
    assert place in [row for block in found if isinstance(block, Facts) for row in block.rows]


def test_the_link_on_our_own_page_that_leads_to_a_forwarder_is_where_it_stands_too(make_report):
    """A third party that is reached only through a partner's redirect has no link of its own."""
    report = make_report()
    found = blocks(report, "gambling.casino.test")
    begins = found.index(Heading(report.texts("report.begins"), 4))
    rows = dict(found[begins + 1].rows)
    assert rows["Referring page"] == PARTNERS
    assert (rows["Redirecting URL"], rows["Link text"]) == (PARTNER, "Partner")
    assert rows["Location"] == "html > body > a:nth-child(1)"
    direct = blocks(report, "adult.shop.test")
    assert Heading(report.texts("report.begins"), 4) not in direct  # what stands above is not said again


def test_the_page_that_links_to_our_own_address_which_forwards_is_named(make_report):
    report = make_report()
    found = report.finding("gambling.casino.test")
    page = {"page_url": "https://www.corp.test/map", "page_title": "Map"}
    report.finding = lambda _id: {**found, "chains": [{**found["chains"][0], "linked_from": page}]}
    shown = blocks(report, "gambling.casino.test")
    begins = shown.index(Heading(report.texts("report.begins"), 4))
    assert shown[begins + 1].rows[:2] == [("Referring page", page["page_url"]), ("Page title", "Map")]


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
    terms = [
        value for block in shown if isinstance(block, Facts) for name, value in block.rows if name == "Matched terms"
    ]
    assert terms == ["video"]
