"""What has to be done, each measure once."""

import pytest

from app.domain.messages import MessageCatalog
from app.domain.recommendations import GUIDE_OF, Advice
from app.domain.takeovers import takeover_snippet
from app.reports.formats.measures import Measures, numbers_text, ranges_text

LANGUAGES = ("en", "zh-CN")


def document(domain, *advice, page="https://www.corp.test/a", via=None, evidence=()):
    return {
        "domain": domain,
        "page_url": page,
        "via": via,
        "evidence": [{"rule": "own.title", "snippet": "", "url": url} for url in evidence],
        "advice": [{"code": code.value} for code in advice],
    }


FOUND = {
    1: document("a.test", Advice.KEEP_EVIDENCE, Advice.CLEAN_HACKED_PAGE, Advice.SCAN_AGAIN),
    2: document(
        "b.test",
        Advice.BLOCK_AT_ONCE,
        Advice.KEEP_EVIDENCE,
        Advice.REMOVE_LINK,
        Advice.WARN_VISITORS,
        Advice.SCAN_AGAIN,
    ),
    3: document(
        "c.test", Advice.KEEP_EVIDENCE, Advice.CLEAN_HACKED_PAGE, Advice.SCAN_AGAIN, page="https://m.corp.test/"
    ),
}


def items_of(joined):
    return joined["params"]["items"]


def test_harm_comes_first_and_the_next_scan_last_and_each_measure_names_its_findings():
    measures = Measures(FOUND.items(), MessageCatalog("en"))
    assert [(one.advice, list(one.findings)) for one in measures.in_order] == [
        (Advice.BLOCK_AT_ONCE, [2]),
        (Advice.KEEP_EVIDENCE, [1, 2, 3]),
        (Advice.CLEAN_HACKED_PAGE, [1, 3]),
        (Advice.REMOVE_LINK, [2]),
        (Advice.WARN_VISITORS, [2]),
        (Advice.SCAN_AGAIN, [1, 2, 3]),
    ]
    assert [measures.letter(advice) for advice in (Advice.BLOCK_AT_ONCE, Advice.SCAN_AGAIN)] == ["A", "F"]
    assert measures.letter(Advice.END_PARTNERSHIP) == ""


def test_the_three_actions_are_repairs_with_their_places():
    actions = Measures(FOUND.items(), MessageCatalog("en")).actions()
    assert [items_of(action.params["findings"]["params"]["numbers"]) for action in actions] == [
        ["2"],
        ["1", "3"],
        ["2"],
    ]
    assert [items_of(action.params["where"]) for action in actions] == [
        ["b.test"],
        ["www.corp.test", "m.corp.test"],
        ["www.corp.test"],
    ]


def test_where_there_are_fewer_repairs_what_is_always_done_follows():
    found = {1: document("a.test", Advice.KEEP_EVIDENCE, Advice.FIX_REDIRECT, Advice.SCAN_AGAIN)}
    actions = Measures(found.items(), MessageCatalog("en")).actions()
    assert [action.key for action in actions] == ["report.action_at", "report.action", "report.action"]


def test_a_partner_and_a_dangling_name_are_named_themselves():
    found = {
        1: document("a.test", Advice.END_PARTNERSHIP, via="partner.test"),
        2: document("corp.test", Advice.FIX_DANGLING_NAME, evidence=["http://expo.corp.test/"]),
    }
    actions = Measures(found.items(), MessageCatalog("en")).actions()
    assert [items_of(action.params["where"]) for action in actions] == [["partner.test"], ["expo.corp.test"]]


def test_a_name_at_a_service_is_named_and_not_the_page_with_the_link_to_it():
    found = document("corp.test", Advice.FIX_DANGLING_NAME, evidence=["https://www.corp.test/links"])
    snippet = takeover_snippet("expo.corp.test", "corp.azurewebsites.net")
    url = "http://expo.corp.test/"
    found["evidence"].append({"rule": "takeover.answer:azure", "snippet": snippet, "url": url})
    (action,) = Measures([(1, found)], MessageCatalog("en")).actions()
    assert items_of(action.params["where"]) == ["expo.corp.test"]


def test_of_many_places_some_are_named_and_the_rest_is_counted():
    found = {n: document("a.test", Advice.REMOVE_LINK, page=f"https://{n}.corp.test/") for n in range(1, 6)}
    (action,) = Measures(found.items(), MessageCatalog("en")).actions()
    assert action.params["where"]["params"]["count"] == 2


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("advice", Advice)
def test_every_measure_has_a_name_and_instructions(language, advice):
    measures = Measures([(1, document("a.test", advice))], MessageCatalog(language))
    assert measures.name(advice)
    steps = measures.steps(advice)
    assert len(steps) > 1 if advice in GUIDE_OF else len(steps) == 1


@pytest.mark.parametrize(("numbers", "shown"), [([3], "3"), ([1, 2, 3, 7], "1–3, 7"), ([4, 2], "2, 4")])
def test_numbers_that_follow_each_other_are_a_range(numbers, shown):
    assert ranges_text(numbers, MessageCatalog("en")) == shown
    assert shown in numbers_text(numbers, MessageCatalog("en"))


def test_of_many_ranges_the_first_are_named_and_the_findings_counted():
    numbers = [1, 2, 5, 8, 11, 14, 17, 20]
    assert numbers_text(numbers, MessageCatalog("en"), most=5) == "8 findings: 1–2, 5, 8, 11, 14, …"
    assert numbers_text(numbers, MessageCatalog("zh-CN"), most=5) == "共 8 项问题：1–2、5、8、11、14 等"
    assert numbers_text(numbers[:6], MessageCatalog("en"), most=5) == "findings 1–2, 5, 8, 11, 14"
