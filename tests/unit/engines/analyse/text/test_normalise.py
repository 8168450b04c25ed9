import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.analyse.text import normalise
from app.engines.analyse.text.normalise import CharacterTable, Normaliser

NORMALISER = Normaliser()


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Ｏｎｌｉｎｅ　ＣＡＳＩＮＯ", "online casino"),
        ("百家樂 彩金", "百家乐 彩金"),
        ("赌\u200b场\ufeff与\u00ad彩\u2060金", "赌场与彩金"),
        ("&#36172;&#x535A;&amp;co", "赌博&co"),
        ("百 家 乐 官网", "百家乐 官网"),
        ("百-家-乐", "百家乐"),
        ("百　家　乐", "百家乐"),
        ("cásïno", "casino"),
        ("free--spins", "free spins"),
        ("no\u2011deposit\u2013bonus", "no deposit bonus"),
        ("two\n\n \twords", "two words"),
        ("①②…", "12..."),
        ("", ""),
    ],
)
def test_text_is_folded_to_what_a_person_reads(written, folded):
    assert NORMALISER.fold(written) == folded


def test_ordinary_chinese_words_are_not_joined():
    assert NORMALISER.fold("首页 产品 新闻 关于") == "首页 产品 新闻 关于"


def test_every_character_of_the_fast_ranges_becomes_exactly_one():
    table = CharacterTable()
    pattern = re.compile(f"[{normalise._ONE_TO_ONE}]")
    codes = [code for code in range(0x10000) if pattern.match(chr(code))]
    assert len(codes) > 25_000
    assert [hex(code) for code in codes if len(table[code]) != 1] == []


@pytest.mark.parametrize(
    ("written", "word", "expected"),
    [
        ("前言 賭\u200b場 后记", "赌场", "賭\u200b場"),
        ("看 百 家 乐 吧", "百家乐", "百 家 乐"),
        ("x … &#36172;&#x535A; y", "赌博", "&#36172;&#x535A;"),
        ("一 ①② free--spins", "free spins", "free--spins"),
        ("Ｃａｓｉｎｏ", "casino", "Ｃａｓｉｎｏ"),
    ],
)
def test_a_span_points_at_the_original_characters(written, word, expected):
    result = NORMALISER.normalise(written)
    start = result.text.index(word)
    low, high = result.span(start, start + len(word))
    assert written[low:high] == expected


@given(st.text(max_size=80))
def test_spans_stay_inside_the_original_and_keep_order(written):
    result = NORMALISER.normalise(written)
    spans = [result.span(index, index + 1) for index in range(len(result.text))]
    assert all(0 <= low < high <= len(written) for low, high in spans)
    assert [low for low, _ in spans] == sorted(low for low, _ in spans)


@given(st.text(alphabet="abc 百家乐\u200b…&#;x１-", max_size=60))
def test_folding_twice_is_folding_once_unless_it_uncovers_an_entity(written):
    once = NORMALISER.fold(written)
    if "&" not in once:
        again = NORMALISER.fold(once)
        assert NORMALISER.fold(again) == again


def test_lone_surrogates_are_dropped():
    assert NORMALISER.fold("a\ud800b") == "ab"


def test_every_run_of_white_space_or_hyphens_is_one_blank():
    for char in filter(lambda char: char.isspace() or char in "-_", map(chr, range(0x3100))):
        assert NORMALISER.fold(f"a{char}{char}b") == "a b", hex(ord(char))


@given(st.text(st.sampled_from("aZ9 \t\n-_.·*|/\u3000百家樂赌，Ａé\u200b\u2010\xa0\x01&#;x1"), max_size=40) | st.text())
def test_a_sketch_is_the_folded_text_with_single_blanks(text):
    assert NORMALISER.sketch(text) == " ".join(NORMALISER.fold(text).split())


def test_every_character_is_sketched_as_it_is_folded():
    characters = map(chr, (*range(0x3500), *range(0x3500, 0x9F00, 7), *range(0x9F00, 0x10000, 3)))
    assert [c for c in characters if NORMALISER.sketch(f"a{c}b") != " ".join(NORMALISER.fold(f"a{c}b").split())] == []
