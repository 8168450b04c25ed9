from unittest.mock import Mock

from app.domain.violations import ViolationFact, ViolationKey
from app.engines.pipeline.capture.capture_stage import CaptureStage
from app.engines.pipeline.capture.own_evidence import OwnEvidence
from app.engines.pipeline.capture_selector import MAX_EVIDENCE_PAGES, CaptureSelector, CaptureTarget
from app.engines.pipeline.third_party.third_parties import ThirdPartyIndex
from app.engines.ports import ScanStore
from app.engines.scope import Scope


def open_evidence():
    captures = Mock(spec=CaptureStage)
    scope, selector = Scope("corp.test"), CaptureSelector()
    parties = ThirdPartyIndex(scope=scope, store=Mock(spec=ScanStore), selector=selector)
    return OwnEvidence(scope=scope, selector=selector, captures=captures, parties=parties), captures


def fact(*, url="https://bets.example/", found_on="https://www.corp.test/a"):
    return ViolationFact(
        domain="bets.example",
        violation_key=ViolationKey.GAMBLING,
        confidence_score=0.9,
        description="",
        evidence=(),
        needs_review=False,
        url=url,
        found_on=found_on,
    )


def added(captures):
    return [target for call in captures.add.call_args_list for target in call.args[0]]


def test_the_page_that_refers_to_a_violation_is_captured_once_and_first():
    evidence, captures = open_evidence()
    target, page = CaptureTarget("bets.example", "bets.example", "https://bets.example/"), Mock()
    evidence.keep(target, page, [fact(), fact()])
    captures.render.assert_called_once_with(target, page, violates=True)
    captures.prefer.assert_called_with("https://www.corp.test/a")
    assert [(one.url, one.evidence, one.own) for one in added(captures)] == [("https://www.corp.test/a", True, False)]


def test_a_page_of_somebody_else_that_refers_to_it_is_no_evidence_of_ours():
    evidence, captures = open_evidence()
    evidence.keep(Mock(), Mock(), [fact(found_on="https://partner.example/")])
    assert added(captures) == []


def test_pages_that_were_tampered_with_are_evidence_up_to_a_number():
    evidence, captures = open_evidence()
    for number in range(MAX_EVIDENCE_PAGES + 3):
        evidence.keep_tampered(fact(url=f"https://www.corp.test/{number}"))
    assert len(added(captures)) == MAX_EVIDENCE_PAGES


def test_a_start_page_is_the_sites_own():
    evidence, captures = open_evidence()
    evidence.choose("https://www.corp.test/")
    assert [(one.domain, one.own, one.evidence) for one in added(captures)] == [("corp.test", True, False)]
