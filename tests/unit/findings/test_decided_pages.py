"""What a local reader learns from: pages of findings that people confirmed or dismissed, each text once."""

from dataclasses import replace

import pytest

from app.domain.local_reading import DecidedPage
from app.domain.violations import Evidence, Layer
from app.findings.decided_pages import PER_DOMAIN, DecidedPageReader
from app.scanstore.scan_folder import ScanFolder
from tests.support.decided import RULE, DecidedWorld

BAD = DecidedPage("bets.example", "娱乐", "线上娱乐城", "gambling", needs_review=False)
GOOD = DecidedPage("pumps.example", "水泵", "水泵和阀门", "")


@pytest.fixture
def world(db, clock, tmp_path):
    return DecidedWorld(db, clock, tmp_path)


@pytest.fixture
def read(world, tmp_path):
    def work():
        reader = DecidedPageReader(db=world.db, stores=ScanFolder(tmp_path / "scans"), contents=world.contents)
        found = reader.read()
        return sorted(found.pages, key=lambda page: page.domain), {k: n for k, n in found.left_out.items() if n}

    return work


def test_without_decisions_there_is_nothing(world, read):
    world.scan("corp.test", [BAD, GOOD])
    assert read() == ([], {})


def test_confirmed_pages_have_their_class_and_dismissed_ones_none(world, read):
    world.fill([BAD, GOOD])
    assert read() == ([BAD, GOOD], {})


@pytest.mark.parametrize(("state", "learnt"), [("mending", [BAD]), ("open", [])])
def test_what_is_being_mended_was_confirmed_and_what_is_open_again_was_not(world, read, state, learnt):
    world.scan("corp.test", [BAD])
    world.decide("corp.test", BAD, state)
    assert read() == (learnt, {})


def test_a_finding_that_the_newest_scan_has_no_more_is_found_in_one_before(world, read):
    world.fill([BAD])
    world.clock.advance(100)
    world.scan("corp.test", [])
    assert read() == ([BAD], {})


def test_what_is_not_kept_is_counted(world, read):
    world.scan("corp.test", [BAD], keeps=False)
    world.decide("corp.test", BAD)
    world.decide("gone.test", GOOD)
    assert read() == ([], {"not_kept": 2})


@pytest.mark.parametrize(
    "evidence", [(Evidence(Layer.REPUTATION, "block", 0.95),), (RULE, replace(RULE, layer="image"))]
)
def test_what_lists_and_pictures_say_is_not_of_the_page_s_words(world, read, evidence):
    world.scan("corp.test", [BAD], evidence=evidence)
    world.decide("corp.test", BAD)
    assert read() == ([], {"not_kept": 1})


def test_facts_are_nothing_to_learn_from(world, read):
    fact = replace(BAD, cause="takeover")
    world.scan("corp.test", [fact])
    world.decide("corp.test", fact, key="takeover")
    assert read() == ([], {})


def test_a_text_counts_once_whoever_shows_it(world, read):
    mirror = replace(BAD, domain="mirror.example")
    world.fill([BAD, mirror])
    assert read() == ([BAD], {"repeated": 1})


def test_a_text_that_was_confirmed_and_dismissed_counts_not_at_all(world, read):
    world.fill([BAD])
    world.fill([replace(BAD, domain="other.example", cause="")], "b.test")
    assert read() == ([], {"repeated": 1, "contradictory": 1})


def test_of_a_domain_to_which_many_refer_a_few_pages_count(world, read):
    for number in range(PER_DOMAIN + 2):
        world.fill([replace(BAD, text=f"线上娱乐城 {number}")], f"t{number}.test")
    pages, left_out = read()
    assert (len(pages), left_out) == (PER_DOMAIN, {"domain_full": 2})


def test_a_damaged_store_costs_its_own_findings_alone(world, read, tmp_path):
    world.fill([BAD])
    (path,) = (tmp_path / "scans").glob("*.db")
    path.write_bytes(b"no database" * 500)
    world.fill([GOOD], "b.test")
    assert read() == ([GOOD], {"not_kept": 1})
