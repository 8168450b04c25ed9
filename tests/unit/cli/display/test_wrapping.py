from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from app.cli.display.wrapping import CLOSING, OPENING, pad, shorten, wrap, wrap_list

ADDRESS = "https://www.site.example/a/very/long/path/that/fits/nowhere?x=1"


def test_wide_characters_count_two_columns():
    assert wrap("中文一二三四", 8) == ["中文一二", "三四"]
    assert pad("中文", 6) == "中文  "
    assert shorten("中文一二三四", 8) == "中文一…"


def test_an_address_is_never_broken_and_stands_beside_what_fits():
    assert wrap(f"See {ADDRESS} for more", 20) == ["See", ADDRESS, "for more"]
    assert wrap(f"从 {ADDRESS} 中移除，再排查原因", 20) == ["从", ADDRESS, "中移除，再排查原因"]
    assert wrap(f"到{ADDRESS}。再查", 20)[-1].endswith("再查")


def test_no_line_begins_with_a_closing_mark_or_ends_with_an_opening_one():
    lines = wrap("先下线引用，再排查原因（服务器配置、脚本），并检查。" * 3, 11)
    assert not [line for line in lines if line[0] in CLOSING or line[-1] in OPENING]


def test_an_empty_text_is_an_empty_line_and_line_breaks_are_spaces():
    assert wrap("", 10) == [""]
    assert wrap("one\ntwo", 20) == ["one\ntwo"]
    assert shorten(" one\n two ", 20) == "one two"


@given(st.lists(st.sampled_from(["word", "longer-word", "中文", "，", "（", "x"])), st.integers(12, 40))
def test_nothing_is_lost_and_no_line_is_too_wide(words, width):
    text = " ".join(words)
    lines = wrap(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(cell_len(line) <= width or " " not in line.strip() for line in lines)


def test_a_list_is_broken_between_its_items():
    assert wrap_list(["one", "two", "three"], " · ", 10) == ["one · two", "three"]
    assert wrap_list(["其中隐藏 1 处", "主机 2 个"], " · ", 14) == ["其中隐藏 1 处", "主机 2 个"]
    assert wrap_list([], " · ", 10) == []
