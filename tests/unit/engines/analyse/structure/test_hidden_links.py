from dataclasses import replace

import pytest

from app.domain.violations import ViolationKey

CASINO = "真人百家乐，注册送彩金，首存优惠，老虎机与龙虎斗，提款秒到账。"
HIDDEN = ViolationKey.HIDDEN_LINK


def found(analyser, subject):
    return {fact.violation_key: fact for fact in analyser.analyse(subject)}


def test_a_hidden_link_to_violating_content_is_a_violation_with_the_same_confidence(
    analyser, make_subject, make_reference
):
    references = [make_reference("了解更多"), make_reference("了解更多", hidden="display_none", page="/news")]
    facts = found(analyser, make_subject(CASINO, references=references, hidden=1))
    assert facts[HIDDEN].confidence_score == facts[ViolationKey.GAMBLING].confidence_score
    assert facts[HIDDEN].found_on == "https://corp.example/news"
    assert facts[HIDDEN].evidence[0].hidden_by == "display_none"


def test_a_hidden_anchor_with_terms_of_the_trade_is_a_violation_whatever_the_target_shows(
    analyser, make_subject, make_reference
):
    for text, certain in (("澳门百家乐开户 注册送彩金", True), ("no deposit bonus", False)):
        facts = found(analyser, make_subject("Hello", references=[make_reference(text, hidden="off_screen")], hidden=1))
        assert set(facts) == {HIDDEN}
        assert facts[HIDDEN].needs_review is not certain


def test_it_also_works_when_the_target_is_dead(analyser, make_subject, make_reference):
    references = [make_reference("时时彩开户 送彩金", hidden="zero_font")]
    assert set(found(analyser, make_subject(dead=True, references=references, hidden=1))) == {HIDDEN}


@pytest.mark.parametrize(
    ("text", "hidden", "category"),
    [
        ("时时彩开户 送彩金", None, "unknown"),  # visible: no hidden link
        ("Products", "display_none", "unknown"),  # a menu
        ("Skip to content", "clip", "unknown"),  # for screen readers
        ("反诈骗宣传 防范刷单返利", "display_none", "unknown"),  # a guard word beside it
        ("casino", "display_none", "unknown"),  # a topic term alone
        ("no deposit bonus", "display_none", "analytics"),  # a known harmless party
    ],
)
def test_menus_known_parties_and_warnings_stay_clean(analyser, make_subject, make_reference, text, hidden, category):
    subject = make_subject("Hello", references=[make_reference(text, hidden=hidden)], category=category, hidden=1)
    assert found(analyser, subject) == {}


def test_allow_listed_parties_stay_clean(analyser, make_subject, make_reference):
    url = "https://www.baidu.com/"
    references = [make_reference("百家乐开户 注册送彩金", hidden="display_none", url=url)]
    assert found(analyser, make_subject("百度一下", url=url, references=references, hidden=1)) == {}


def test_a_link_that_a_browser_has_shown_to_be_hidden_says_so(analyser, make_subject, make_reference):
    link = replace(make_reference("时时彩开户 送彩金", hidden="covered"), kind="rendered:a[href]")
    (evidence, *_) = found(analyser, make_subject("Hello", references=[link], hidden=1))[HIDDEN].evidence
    assert (evidence.hidden_by, evidence.rendered, evidence.page_url) == ("covered", True, link.page_url)
