"""Scripts: what they mention."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.extract.script_urls import find_script_urls

MENTIONS = {
    r'var a="http:\/\/evil.test\/x?y=1";': ["http://evil.test/x?y=1"],
    r'b="\x68ttp:\x2f\x2fevil.test/a"': ["http://evil.test/a"],
    r'"\u002f\u002fcdn.evil.test/x.js"': ["//cdn.evil.test/x.js"],
    "s.src='//cdn.evil.test/x.js?'+Math.random()": ["//cdn.evil.test/x.js"],
    "atob('aHR0cDovL2V2aWwudGVzdC94')": ["http://evil.test/x"],
    'atob("Ly9ldmlsLnRlc3QveA==")': ["//evil.test/x"],
    '["https://a.test","https://b.test"]': ["https://a.test", "https://b.test"],
    "见 http://团队.中国/路径。": ["http://团队.中国/路径。"],
    "http://1.2.3.4:8080/x": ["http://1.2.3.4:8080/x"],
    "http:\\\\evil.test": ["http:\\\\evil.test"],
    "See http://evil.test.": ["http://evil.test"],
    "// a comment about www.evil.test": [],
    "x = a //b.test": [],
    "'http://' + host": [],
    "http://localhost/": [],
    "evil.test/path": [],
    "atob('not base64!!')": [],
    "a/b/c": [],
}


@pytest.mark.parametrize("text", MENTIONS)
def test_only_what_is_clearly_a_url_is_mentioned(text):
    assert [url for url, _, _ in find_script_urls(text)] == MENTIONS[text]


def test_mentions_of_one_text_are_bounded():
    assert len(list(find_script_urls('"http://evil.test/" ' * 10_000))) == 2_000


@given(st.text(alphabet="htps:/\\.'\"atob()location=u{}02fx;a", max_size=150))
def test_no_script_raises(text):
    list(find_script_urls(text))
