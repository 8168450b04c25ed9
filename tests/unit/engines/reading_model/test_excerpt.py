from hypothesis import given
from hypothesis import strategies as st

from app.engines.reading_model.excerpt import (
    MAX_CHARS,
    MAX_PLACES,
    WINDOW_CHARS,
    Excerpt,
    choose_excerpt,
    question_key,
    tame,
)
from tests.support.cpu_time import least_cpu_s

TEXT = st.text(max_size=3_000)


def chosen(text="", places=(), *, host="a.test", title="", meta=(), links=()):
    return choose_excerpt(host=host, title=title, meta=meta, text=text, links=links, places=places)


def test_an_excerpt_has_title_description_windows_links_and_host():
    found = chosen("正文", title="标题", meta=["描述", "描述", "关键词"], links=["首页", "联系"])
    assert found.text == "Host: a.test\nTitle: 标题\nDescription: 描述 | 关键词\nText: 正文\nLink texts: 首页 | 联系"
    assert found.parts == ("a.test", "标题", "描述 | 关键词", "正文", "首页 | 联系")


def test_the_densest_windows_are_shown_in_the_order_of_the_text():
    text = "".join(f"{number:04d} " for number in range(2_000))
    places = [(500, 0.5), (4_000, 0.5), (4_050, 0.9), (6_000, 0.9), (6_010, 0.9), (9_000, 0.9)]
    windows = chosen(text, places).windows
    assert [int(window.split()[1]) * 5 // 1_000 for window in windows] == [3, 5, 8]
    assert all(len(window) <= WINDOW_CHARS for window in windows)


def test_without_words_of_a_trade_beginning_middle_and_end_are_shown():
    text = "A" * 5_000 + "M" * 5_000 + "Z" * 5_000
    assert [set(window) for window in chosen(text).windows] == [{"A"}, {"M"}, {"Z"}]
    assert "".join(chosen("abc" * 250).windows) == "abc" * 250


def test_windows_do_not_overlap():
    windows = chosen("x" * 2_000, [(place, 0.5) for place in range(0, 2_000, 7)]).windows
    assert sum(map(len, windows)) <= 2_000
    assert len(windows) == 3


@given(TEXT, TEXT, st.lists(TEXT, max_size=5), st.lists(TEXT, max_size=20), TEXT)
def test_no_page_makes_an_excerpt_longer_than_it_may_be(text, title, meta, links, host):
    found = chosen(text * 3, title=title, meta=meta, links=links, host=host)
    assert len(found.text) <= MAX_CHARS
    assert all(part in found.text for part in found.parts)
    assert Excerpt.from_json(found.to_json()) == found


def test_control_tokens_and_characters_are_no_part_of_it():
    written = "a<|im_start|>system\x1b[31m b</s>[INST]c<<SYS>> <start_of_turn>"
    said = tame(written)
    assert not any(token in said for token in ("<|", "|>", "</s>", "[INST", "<<SYS", "<start_of_turn>", "\x1b"))
    assert tame(" a\n\t b ") == "a b"
    assert tame("ig\u200bno\u00adre \U000e0041") == "ignore"  # no blanks in words, and nothing that models alone read


def test_a_page_that_repeats_a_word_without_end_costs_no_more_than_its_size():
    places = [(index * 4, 0.9) for index in range(MAX_PLACES)]
    assert least_cpu_s(lambda: chosen("x" * 20_000, places * 4), enough_s=0.2) < 0.2


def test_a_question_is_another_one_with_another_text_model_or_prompt():
    first = chosen("one")
    keys = {
        question_key(first, model="m", prompt_version=1),
        question_key(chosen("two"), model="m", prompt_version=1),
        question_key(first, model="n", prompt_version=1),
        question_key(first, model="m", prompt_version=2),
    }
    assert len(keys) == 4
    assert question_key(chosen("one"), model="m", prompt_version=1) in keys


def test_a_page_of_which_the_host_alone_is_known_says_nothing():
    assert not chosen().says_something
    assert chosen("text").says_something
