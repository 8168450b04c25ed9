"""What a few words offer is told by their weights."""

import math
from array import array

import pytest

from app.engines.analyse.shipped_data import shipped_data, shipped_passages
from app.engines.analyse.text.classifier import (
    ANY,
    BITS,
    ClassifierError,
    Head,
    Mixture,
    number_of,
    write_classifier,
)
from app.engines.analyse.text.passages import Passages, load_passages

WORDS = {
    "jackpot": 100, "casino": 80, "casino jackpot": 60, "jackpot tonight": 1, "tonight club": 1, "club casino": 1,
    "garden": -90, "rowing": -50, "club": -10, "tonight": 5, "rowing club": -1, "club garden": -1, "garden tonight": -1,
    "tonight rowing": -1, "rowing garden": -1, "garden club": -1, "spin": 3, "tonight spin": 1, "spin club": 1,
}  # fmt: skip


def head(words=WORDS):
    weights = array("b", bytes(1 << BITS))
    for word, weight in words.items():
        weights[number_of(word)] = weight
    return Head(0.05, -1.0, weights)


@pytest.fixture
def passages():
    return Passages("1", head(), shipped_data().normaliser.sketch)


def test_the_words_of_the_trade_speak_for_it_and_others_against_it(passages):
    bad, good = map(
        passages.margin, ("Casino jackpot tonight, spin club casino", "Rowing club garden tonight, rowing garden club")
    )
    assert bad > 0 > good


@pytest.mark.parametrize("text", ["", "jackpot", "casino jackpot", "слова которых никто здесь не знает совсем ничего"])
def test_of_a_word_or_two_and_of_languages_that_were_not_learnt_nothing_is_said(passages, text):
    assert passages.margin(text) == -math.inf


def test_the_words_that_counted_most_are_named_without_marks_and_numbers(passages):
    assert passages.terms("Casino jackpot 2026 tonight in the garden") == ("jackpot", "casino", "tonight")


def test_a_file_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "passages.bin"
    path.write_bytes(write_classifier("1", {"gambling": head()}, Mixture(0, 1, 0, 0), {}))
    with pytest.raises(ClassifierError):
        load_passages(str.lower, path)


def test_what_is_written_is_read_again(tmp_path):
    path = tmp_path / "passages.bin"
    path.write_bytes(write_classifier("1", {ANY: head()}, Mixture(0, 1, 0, 0), {}))
    found = load_passages(str.lower, path)
    assert found.version == "1"
    assert found.margin("Casino jackpot tonight, spin club casino") > 0


@pytest.mark.parametrize(
    ("text", "offers"),
    [
        ("菠菜平台注册送彩金 - 真人视讯电子游艺官方网站登录入口", True),
        ("Best offshore slots no wagering | crypto sportsbook sign up bonus | live dealer roulette", True),
        ("第一中学 - 关于做好期末考试工作的通知 - 教务处", False),
        ("Rowing club: squads, boat hire, learn to row courses for adults and juniors", False),
    ],
)
def test_the_shipped_one_tells_offers_from_notices(text, offers):
    assert (shipped_passages().margin(text) > 0) is offers
