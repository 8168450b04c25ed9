"""Whatever a scan warns of is said in the deployment's language."""

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

from app.engines.phrases import PHRASES, Phrases

ENGINES = Path(__file__).parents[3] / "app" / "engines"


def test_no_warning_is_written_where_it_is_given():
    literal = [
        f"{path.relative_to(ENGINES)}:{call.lineno}"
        for path in sorted(ENGINES.rglob("*.py"))
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "warning"
        if any(isinstance(text, ast.Constant | ast.JoinedStr) for text in call.args[1:2])  # a log's event stands alone
    ]
    assert literal == []


@pytest.mark.parametrize("key", PHRASES)
def test_both_languages_name_the_same_facts(key):
    chinese, english = ({field for _, field, _, _ in Formatter().parse(text) if field} for text in PHRASES[key])
    assert chinese == english
    assert re.search(r"[一-鿿]", PHRASES[key][0])


def test_a_phrase_is_said_in_the_language_that_was_chosen():
    assert Phrases("en")("crawl_time", limit_s=60) == "The time limit of 60 s ended the crawl."
    assert Phrases("zh-CN")("crawl_time", limit_s=60) == "爬取因 60 秒的时间限制提前结束"
