from app.engines.discover.names import valid_name
from app.engines.discover.words import load_words
from app.engines.scope import Scope


def test_there_are_at_least_five_hundred_words_each_once():
    words = load_words()
    assert len(words) >= 500
    assert len(set(words)) == len(words)


def test_the_chinese_ones_are_there():
    assert {"oa", "bbs", "wap", "mail", "hr", "jwc", "cwc", "rsc", "zwgk", "kefu", "zhaopin"} <= set(load_words())


def test_every_word_makes_a_valid_name():
    scope = Scope("a.test")
    assert all(valid_name(f"{word}.a.test", scope) == f"{word}.a.test" for word in load_words())
