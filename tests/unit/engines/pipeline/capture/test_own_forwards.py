"""Own addresses that forward to what violates, and redirects that are nobody's fault here."""

from dataclasses import replace
from unittest.mock import Mock

import pytest

from app.domain.scan_facts import Capture, Reference, Relation
from app.domain.tampering import TamperSign, sign_of
from app.domain.violations import Evidence, Layer, ViolationFact, ViolationKey
from app.engines.capture.capturer import CapturedPage
from app.engines.pipeline.capture.own_forwards import OwnForwards
from app.engines.pipeline.capture_selector import CaptureSelector, CaptureTarget
from app.engines.pipeline.third_party.third_parties import ThirdPartyIndex
from app.engines.ports import ScanStore
from app.engines.scope import Scope

GO = "https://www.corp.test/go?to=1"
GOAL = "https://bets.example/"
HOP = Reference(GO, GOAL, GOAL, Relation.REDIRECT, "redirect:http")
TARGET = CaptureTarget("bets.example", "bets.example", GOAL)
PAGE = CapturedPage(Capture("bets.example", "bets.example", GOAL, GOAL, status=200, title="Bets"))
QUOTE = Evidence(Layer.TEXT, "lexicon.gambling", 0.9, "200% welcome bonus")
FACT = ViolationFact("bets.example", ViolationKey.GAMBLING, 0.9, "", (QUOTE,), False, GOAL, GO)


def found(*references, fact=FACT, target=TARGET, signs=()):
    scope = Scope("corp.test")
    parties = ThirdPartyIndex(scope=scope, store=Mock(spec=ScanStore), selector=CaptureSelector())
    parties.signs += signs
    parties.add([Reference("https://www.corp.test/", GOAL, GOAL, Relation.LINK, "a[href]"), *references])
    forwards = OwnForwards(third_parties=parties, scope=scope)
    forwards.note(target, PAGE, [fact])
    return forwards.find(), forwards


def test_an_own_address_that_forwards_to_what_violates_is_a_sign_with_what_is_shown_there():
    (sign,), forwards = found(HOP)
    assert (sign.page_url, sign.url, sign.raw) == (GO, GO, GOAL)
    assert sign_of(sign.kind) is TamperSign.FORWARDS
    assert sign.snippet == "https://bets.example/; Bets; 200% welcome bonus"
    assert forwards.find() == []


def test_what_is_to_be_reviewed_there_is_to_be_reviewed_here():
    (sign,), _ = found(HOP, fact=replace(FACT, confidence_score=0.6, needs_review=True))
    assert sign_of(sign.kind) is TamperSign.FORWARDS_UNSURE


def test_a_capture_that_met_the_redirect_names_the_address_that_sent_it():
    (sign,), _ = found(replace(HOP, page_url="https://www.corp.test/", via=GO))
    assert sign.page_url == GO


@pytest.mark.parametrize(
    "reference",
    [
        replace(HOP, relation=Relation.LINK, kind="a[href]"),
        replace(HOP, via="https://partner.example/out"),
        replace(HOP, kind="redirect:http@robot"),
        replace(HOP, url="https://www.bets.example/", raw="https://www.bets.example/"),
    ],
)
def test_links_partners_and_what_some_visitors_are_shown_are_no_forwards(reference):
    assert found(reference)[0] == []


@pytest.mark.parametrize("key", [ViolationKey.HIDDEN_LINK, ViolationKey.TAKEOVER])
def test_it_counts_what_a_visitor_is_shown(key):
    assert found(HOP, fact=replace(FACT, violation_key=key))[0] == []


def test_a_page_of_the_site_itself_is_no_goal():
    assert found(HOP, target=replace(TARGET, own=True))[0] == []


def test_what_an_earlier_attempt_has_found_is_not_found_again():
    assert found(HOP, signs=found(HOP)[0])[0] == []
