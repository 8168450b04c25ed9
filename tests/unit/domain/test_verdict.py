"""What a scan may claim, from what it saw."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.coverage import EXCLUDED, LOST, Coverage, CrawlCutoff, Seen, coverage_of
from app.domain.messages import MessageCatalog
from app.domain.third_parties import Outcome, PartyCoverage
from app.domain.verdict import (
    CUTS,
    DECISIVE,
    Reason,
    Result,
    Verdict,
    completion_message,
    main_reasons,
    reach_verdict,
    reason_name,
    share_of,
)

CLEAN = Coverage({"a.example": {Seen.JUDGED: 100}}, start_page=True)


def seen(start_page=True, cut=None, **counts):
    return Coverage({"a.example": {Seen(name): number for name, number in counts.items()}}, start_page, cut)


def test_a_site_that_was_seen_is_clean_without_reasons():
    assert reach_verdict(CLEAN, 0) == reach_verdict(seen(judged=1), 0)
    assert reach_verdict(CLEAN, 0).result is Result.CLEAN
    assert reach_verdict(CLEAN, 0).reasons == ()


def test_a_violation_is_one_however_little_was_seen():
    verdict = reach_verdict(seen(start_page=False, server_error=1), 1)
    assert verdict.result is Result.VIOLATIONS
    assert Reason.START_PAGE in verdict.reasons


def test_nothing_said_is_nothing_seen():
    assert reach_verdict(Coverage(), 0).result is Result.INCONCLUSIVE
    assert reach_verdict(Coverage(), 0).reasons == (Reason.START_PAGE,)


def test_a_domain_without_an_address_is_said_to_have_none():
    verdict = reach_verdict(Coverage(resolved=False), 0)
    assert (verdict.result, verdict.reasons) == (Result.INCONCLUSIVE, (Reason.UNRESOLVED,))


@pytest.mark.parametrize("lost", LOST)
def test_five_in_a_hundred_may_be_lost_and_no_more(lost):
    assert reach_verdict(seen(judged=95, **{lost.value: 5}), 0).result is Result.CLEAN
    verdict = reach_verdict(seen(judged=94, **{lost.value: 6}), 0)
    assert verdict.result is Result.INCONCLUSIVE
    assert verdict.reasons == (Reason.LOW_COVERAGE, Reason(lost.value))


@pytest.mark.parametrize("apart", [one for one in EXCLUDED if one is not Seen.SIGN_IN])
def test_what_the_site_or_our_limits_refuse_is_named_apart(apart):
    verdict = reach_verdict(seen(judged=1, **{apart.value: 10_000}), 0)
    assert verdict.result is Result.CLEAN
    assert verdict.reasons == (Reason(apart.value),)


def test_files_missing_pages_and_names_that_do_not_resolve_cost_nothing():
    assert reach_verdict(seen(judged=1, not_html=50, gone=50, no_host=50), 0) == reach_verdict(CLEAN, 0)


def test_a_site_that_lies_behind_its_sign_in_is_not_clean():
    assert reach_verdict(seen(judged=10, sign_in=40), 0).result is Result.CLEAN
    verdict = reach_verdict(seen(judged=2, sign_in=40), 0)
    assert verdict.result is Result.INCONCLUSIVE
    assert verdict.reasons[0] is Reason.BEHIND_SIGN_IN


@pytest.mark.parametrize("cut", CrawlCutoff)
def test_the_limit_that_cut_a_scan_stands_in_place_of_what_it_left_over(cut):
    assert reach_verdict(seen(judged=19, limit=2_398, cut=cut), 0).reasons == (Reason(cut.value),)


def test_every_cost_is_a_reason_with_words_in_both_languages():
    assert {one.value for one in (*LOST, *EXCLUDED)} | {one.value for one in CrawlCutoff} <= set(Reason)
    assert set(CUTS) | DECISIVE <= set(Reason)
    assert all(reason_name(reason, "en").isascii() and not reason_name(reason, "zh-CN").isascii() for reason in Reason)


def test_costs_name_host_and_number_the_largest_first():
    coverage = Coverage({"a": {Seen.ROBOTS: 1, Seen.NO_ANSWER: 2}, "b": {Seen.ROBOTS: 7, Seen.JUDGED: 9}}, True)
    assert list(coverage.costs()) == [(Seen.NO_ANSWER, "a", 2), (Seen.ROBOTS, "b", 7), (Seen.ROBOTS, "a", 1)]
    assert dict(coverage.total) == {Seen.JUDGED: 9, Seen.NO_ANSWER: 2, Seen.ROBOTS: 8}


@pytest.mark.parametrize(
    ("result", "reasons", "en", "zh"),
    [
        (Result.CLEAN, (), "Scan completed", "扫描已完成"),
        (Result.VIOLATIONS, (Reason.ROBOTS,), "Scan completed", "扫描已完成"),
        (
            Result.CLEAN,
            (Reason.PAGE_LIMIT,),
            "Scan completed with limited scope: the page limit was reached",
            "扫描已完成，但范围受限：达到页面数上限",
        ),
        (
            Result.INCONCLUSIVE,
            (Reason.START_PAGE, Reason.DEPTH, Reason.ROBOTS),
            (
                "Scan completed without a conclusion: the start page had no content that could be checked; "
                "beyond the depth limit"
            ),
            "扫描已完成，但无法得出结论：起始页面没有可检查的内容；超出深度上限",
        ),
    ],
)
def test_what_decides_and_what_cut_it_short_is_said(result, reasons, en, zh):
    verdict = Verdict(result, reasons)
    assert completion_message(verdict, MessageCatalog("en")) == en
    assert completion_message(verdict, MessageCatalog("zh-CN")) == zh


def parties(omitted=0, unseen=0, **counts):
    return PartyCoverage({Outcome(name): number for name, number in counts.items()}, omitted, unseen)


def test_third_parties_that_limits_left_out_leave_a_scan_without_a_conclusion():
    few = reach_verdict(CLEAN, 0, parties(examined=90, gone=5, not_examined=5))
    assert (few.result, few.reasons) == (Result.CLEAN, (Reason.PARTIES_NOT_EXAMINED,))
    many = reach_verdict(CLEAN, 0, parties(examined=4_999, not_examined=25_001))
    assert many.result is Result.INCONCLUSIVE
    assert many.reasons == (Reason.LOW_PARTY_COVERAGE, Reason.PARTIES_NOT_EXAMINED)
    assert "25001 third parties were not checked" in completion_message(many, MessageCatalog("en"))
    assert "25001 个第三方未检查" in completion_message(many, MessageCatalog("zh-CN"))
    assert reach_verdict(CLEAN, 1, parties(not_examined=9)).result is Result.VIOLATIONS


def test_third_parties_that_people_are_led_to_and_that_show_nothing_are_named_with_their_number():
    verdict = reach_verdict(CLEAN, 0, parties(examined=1, gone=2, unreachable=9, unseen=3))
    assert (verdict.result, verdict.counts) == (Result.CLEAN, {Reason.PARTIES_UNREACHABLE: 3})
    texts = MessageCatalog("en")
    assert completion_message(verdict, texts) == texts("task_noted", reasons=main_reasons(verdict, "en"))
    assert "3 linked third parties" in completion_message(verdict, texts)


def test_of_domains_beyond_the_limit_no_number_is_known():
    verdict = reach_verdict(CLEAN, 0, parties(examined=1, omitted=40))
    assert (verdict.result, verdict.counts) == (Result.INCONCLUSIVE, {})
    assert "limits left out third parties" in completion_message(verdict, MessageCatalog("en"))


def test_a_verdict_comes_back_from_json_as_it_was():
    verdict = reach_verdict(CLEAN, 0, parties(unseen=3, not_examined=1))
    stored = {"result": verdict.result.value, "reasons": list(verdict.reasons), "counts": dict(verdict.counts)}
    assert Verdict.from_json(stored) == verdict
    assert Verdict.from_json({"result": "clean", "reasons": ["robots"]}) == Verdict(Result.CLEAN, (Reason.ROBOTS,))


COUNTS = st.dictionaries(st.sampled_from(list(Seen)), st.integers(1, 50), max_size=5)


@given(st.dictionaries(st.text(max_size=5), COUNTS, max_size=4), st.booleans(), st.sampled_from([None, *CrawlCutoff]))
def test_a_coverage_comes_back_from_json_as_it_was(hosts, start_page, cut):
    coverage = Coverage(hosts, start_page, cut)
    assert coverage_of(coverage.to_json()) == coverage
    share = share_of(coverage.total)
    assert share is None or 0 <= share <= 1
