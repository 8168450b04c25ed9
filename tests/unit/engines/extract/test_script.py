"""Scripts: what they mention, and where they send the window."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.extract.script import find_location, find_urls

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
LOCATIONS = {
    'location.href="http://evil.test/";': ("http://evil.test/", "http://evil.test/"),
    "window . location = '/x'": ("/x", "/x"),
    r"top.location='http:\/\/evil.test\/'": ("http://evil.test/", "http://evil.test/"),
    "location.assign(`/y`)": ("/y", "/y"),
    "{} location.replace('/z')": ("/z", "/z"),
    "a='{';location='/x'": ("/x", "/x"),
    "location.href=atob('aHR0cDovL2V2aWwudGVzdC94')": ("http://evil.test/x", "http://evil.test/x"),
    "if(a){location='/x'}": (None, "/x"),
    "function go(){window.location.replace('/y')}": (None, "/y"),
    "location.href='/a?b='+c": (None, None),
    "mylocation='/a'": (None, None),
    "my.location='/a'": (None, None),
    "if (location == '/a') {}": (None, None),
    "location.href=url": (None, None),
}


@pytest.mark.parametrize("text", MENTIONS)
def test_only_what_is_clearly_a_url_is_mentioned(text):
    assert [url for url, _, _ in find_urls(text)] == MENTIONS[text]


@pytest.mark.parametrize("text", LOCATIONS)
def test_a_constant_target_of_the_window_is_found(text):
    top_level, nested = LOCATIONS[text]
    assert find_location(text, nested=False) == top_level
    assert find_location(text, nested=True) == nested


def test_mentions_of_one_text_are_bounded():
    assert len(list(find_urls('"http://evil.test/" ' * 10_000))) == 2_000


@given(st.text(alphabet="htps:/\\.'\"atob()location=u{}02fx;a", max_size=150))
def test_no_script_raises(text):
    list(find_urls(text))
    find_location(text, nested=True)
