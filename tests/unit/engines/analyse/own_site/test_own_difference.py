import pytest

from app.domain.tampering import TamperSign
from app.engines.analyse.analyser import Analyser


@pytest.fixture(scope="module")
def analyser():
    return Analyser(scope_target="corp.example")


@pytest.mark.parametrize(
    ("added", "sign"),
    [
        ("澳门百家乐 时时彩投注", TamperSign.SHOWN_OFFER),
        ("Buy Xanax Online Overnight", TamperSign.SHOWN_OFFER),
        ("今日时时彩走势", TamperSign.SHOWN_WORD),
    ],
)
def test_one_product_is_a_suspicion_and_two_or_an_offer_are_more(analyser, added, sign):
    found = analyser.examine_difference(f"欢迎光临\n{added}\n联系我们", "")
    assert (found.sign, found.snippet) == (sign, added)


@pytest.mark.parametrize(
    "added",
    [
        "",
        "您是通过搜索来到本页的",
        "警方通报：捣毁一时时彩赌博窝点",  # a guard word beside it
        "新人专享：首单立减二十元，立即领取",
    ],
)
def test_other_lines_say_nothing(analyser, added):
    assert analyser.examine_difference(added, "") is None


def test_guard_words_of_other_lines_do_not_speak_for_a_line(analyser):
    assert analyser.examine_difference("警方通报 研究 教育\n澳门百家乐 时时彩投注", "") is not None


def test_a_word_that_everybody_is_shown_is_no_difference(analyser):
    assert analyser.examine_difference("今日时时彩走势 第三版", "今日时时彩走势 第二版") is None
