import pytest

from app.engines.discover.hostnames import valid_name
from app.engines.discover.word_patterns import expanded, load_words
from app.engines.scope import Scope


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("mail", ["mail"]),
        ("{a,b}", ["a", "b"]),
        ("{a,b}{1..3}", ["a1", "a2", "a3", "b1", "b2", "b3"]),
        ("ns{08..11}", ["ns08", "ns09", "ns10", "ns11"]),
        ("{0..2}", ["0", "1", "2"]),
        ("{api,app}-{dev,test}", ["api-dev", "api-test", "app-dev", "app-test"]),
    ],
)
def test_a_line_stands_for_its_words(line, words):
    assert list(expanded(line)) == words


def test_there_are_five_thousand_words_each_once():
    words = load_words()
    assert len(words) >= 5_000
    assert len(set(words)) == len(words)


def test_the_most_telling_ones_are_first():
    assert {"www", "mail", "api", "sso"} <= set(load_words()[:400])


def test_the_chinese_ones_are_there():
    words = {
        "oa",
        "bbs",
        "wap",
        "mail",
        "hr",
        "jwc",
        "cwc",
        "rsc",
        "zwgk",
        "kefu",
        "zhaopin",
        "gongjijin",
        "yygh",
        "ehall",
    }
    assert words <= set(load_words())


def test_every_word_makes_a_valid_name():
    scope = Scope("a.test")
    assert all(valid_name(f"{word}.a.test", scope) == f"{word}.a.test" for word in load_words())
