"""Strings of scripts, and what of them runs at once."""

import pytest

from app.engines.html.script_text import decode_base64, is_top_level, unescape_script


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"http:\/\/a.test", "http://a.test"),
        (r"\x68ttp\u003a\u{2f}", "http:/"),
        (r"\ud800", r"\ud800"),
        (r"\u{ffffff}", r"\u{ffffff}"),
        ("plain", "plain"),
    ],
)
def test_escapes_of_characters_are_undone_and_no_half_pair_is_made(text, expected):
    assert unescape_script(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("Ly9ldmls", "//evil"), ("Ly 9l\ndmls==", "//evil"), ("not base64!!", ""), ("", "")]
)
def test_base64_is_undone_and_nothing_else(text, expected):
    assert decode_base64(text) == expected


@pytest.mark.parametrize(
    ("before", "expected"),
    [("", True), ("if (a) {", False), ("function f() { }", True), ("a = '{'; // {", True), ("/* { */", True)],
)
def test_code_behind_an_open_brace_does_not_run_at_once(before, expected):
    assert is_top_level(before) is expected
