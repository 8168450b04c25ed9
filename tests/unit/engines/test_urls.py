"""URLs: read as browsers read them, compared by identity, shown without secrets."""

import pytest
from ada_url import URL
from hypothesis import given
from hypothesis import strategies as st

from app.engines.urls import (
    Base,
    host_of,
    host_of_serialised,
    is_same_page,
    join,
    normalise,
    origin_of,
    request_url,
    resolve,
    strip_secrets,
)

BASE = "http://www.corp.test/a/b.html?q=1"

# What `urllib` and `yarl` call first-party or leave alone, and a browser takes elsewhere.
TRICKS = {
    "http:\\\\evil.test\\a": "http://evil.test/a",
    "///evil.test/a": "http://evil.test/a",
    "/\\evil.test": "http://evil.test/",
    "\\\\evil.test/a": "http://evil.test/a",
    "//evil.test": "http://evil.test/",
    "https:evil.test": "https://evil.test/",
    "http:page": "http://www.corp.test/a/page",
    "http:/page": "http://www.corp.test/page",
    "https:////evil.test//x": "https://evil.test//x",
    "http://0x7f.1/": "http://127.0.0.1/",
    "http://2130706433/": "http://127.0.0.1/",
    "http://0177.0.0.01/": "http://127.0.0.1/",
    "http://１２７.０.０.１/": "http://127.0.0.1/",
    "http://evil。test/": "http://evil.test/",
    "http://%65vil.test/": "http://evil.test/",
    "http://EVIL.test:80/": "http://evil.test/",
    "http://www.corp.test@evil.test/": "http://www.corp.test@evil.test/",
    "http://corp.test:x@evil.test/": "http://corp.test:x@evil.test/",
    "ht\ntp://ev\til.test/\r": "http://evil.test/",
    " \x01 http://evil.test/ ": "http://evil.test/",
    "http://ev\u00adil.test/": "http://evil.test/",
    "http://[::ffff:127.0.0.1]/": "http://[::ffff:7f00:1]/",
    "http://团队.中国/": "http://xn--3bsq58l.xn--fiqs8s/",
    "../c.html#top": "http://www.corp.test/c.html#top",
    "?q=2": "http://www.corp.test/a/b.html?q=2",
    "/a/./b/../c": "http://www.corp.test/a/c",
    "": BASE,
    "javascript:alert(1)": None,
    "JaVa\nScript:alert(1)": None,
    "mailto:a@corp.test": None,
    "data:text/html,x": None,
    "ftp://evil.test/": None,
    "file:///etc/passwd": None,
    "blob:https://evil.test/x": None,
    "http://": None,
    "http://a b/": None,
    "http://evil.test:99999/": None,
    "http://exa<mple.test/": None,
    "\ud800": None,
}


@pytest.mark.parametrize("raw", TRICKS, ids=repr)
def test_a_url_leads_where_a_browser_would_go(raw):
    assert resolve(BASE, raw) == TRICKS[raw]


@given(
    st.text("aZ0-_~./?&=%:#@\\ \n*é", max_size=12),
    st.sampled_from(
        [BASE, "https://corp.test/", "http://corp.test:8080/a/?x=/b#c/d", "http://u:p@corp.test/a", "http://x"]
    ),
)
def test_the_short_way_leads_where_the_parser_does(raw, base):
    assert Base(base).resolve(raw) == resolve(base, raw)


@given(st.text(max_size=80), st.sampled_from([BASE, "https://corp.test/", "not a url", ""]))
def test_no_text_makes_resolve_raise_and_what_it_gives_is_stable(raw, base):
    url = resolve(base, raw)
    if url is not None:
        assert url.startswith(("http://", "https://"))
        assert resolve(url, url) == url
        assert host_of_serialised(url) == host_of(url)


@pytest.mark.parametrize(
    ("url", "host"),
    {
        "http://Corp.test./x": "corp.test",
        "http://u:p@corp.test:8080/x@y": "corp.test",
        "http://[::1]:80/": "::1",
        "http://127.1/": "127.0.0.1",
        "mailto:a@b": "",
        "nothing": "",
    }.items(),
)
def test_a_host_is_lower_case_without_dot_and_brackets(url, host):
    assert host_of(url) == host


def test_an_origin_has_scheme_host_and_an_unusual_port():
    assert origin_of("https://u@corp.test:8443/x") == "https://corp.test:8443"
    assert origin_of("http://corp.test:80/x") == "http://corp.test"
    assert origin_of("nothing") == ""


SAME = [
    ("http://corp.test/a#top", "http://corp.test/a"),
    ("http://CORP.test:80/a", "http://corp.test/a"),
    ("http://corp.test./a", "http://corp.test/a"),
    ("http://u:p@corp.test/a", "http://corp.test/a"),
    ("http://corp.test/a?", "http://corp.test/a"),
    ("http://corp.test/%7euser/%e4%b8%ad", "http://corp.test/~user/%E4%B8%AD"),
    ("http://corp.test/a;jsessionid=0F3C?x=1", "http://corp.test/a?x=1"),
    ("http://corp.test/a?PHPSESSID=1&x=1&utm_source=w&spm=a.b", "http://corp.test/a?x=1"),
    ("http://corp.test", "http://corp.test/"),
]
DIFFERENT = [
    ("http://corp.test/a", "https://corp.test/a"),
    ("http://corp.test/a", "http://corp.test/a/"),
    ("http://corp.test/a?x=1&y=2", "http://corp.test/a?y=2&x=1"),
    ("http://corp.test/a%2Fb", "http://corp.test/a/b"),
    ("http://corp.test/A", "http://corp.test/a"),
    ("http://corp.test:8080/a", "http://corp.test/a"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_of_one_document_have_one_identity(one, other):
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_documents_have_different_identities(one, other):
    assert normalise(one) != normalise(other)


@given(st.text(max_size=80))
def test_normalising_twice_changes_nothing(text):
    once = normalise(resolve(BASE, text) or text)
    assert normalise(once) == once


SECRETS = {
    "https://user:pass@corp.test/a": "https://corp.test/a",
    "//user:pass@corp.test/a": "//corp.test/a",
    "http://u@h@corp.test/": "http://corp.test/",
    "https://corp.test/?token=abc&q=hello": "https://corp.test/?token=***&q=hello",
    "https://corp.test/?access_token=abc": "https://corp.test/?access_token=***",
    "https://corp.test/?api-key=1&apikey=2&X-Amz-Signature=3": "https://corp.test/?api-key=***&apikey=***&X-Amz-Signature=***",
    "https://corp.test/?OSSAccessKeyId=1&Expires=2": "https://corp.test/?OSSAccessKeyId=***&Expires=2",
    "https://corp.test/#access_token=abc&state=1": "https://corp.test/#access_token=***&state=1",
    "https://corp.test/a;jsessionid=ABC?x=1": "https://corp.test/a;jsessionid=***?x=1",
    "https://corp.test/?d=eyJhbGciOiJIUzI1NiJ9.e30.c2ln": "https://corp.test/?d=***",
    "https://corp.test/?v=d41d8cd98f00b204e9800998ecf8427e": "https://corp.test/?v=***",
    "corp.test?password=1": "corp.test?password=***",
    "https://corp.test/?page=2&monkey=1&author=me&zipcode=9": "https://corp.test/?page=2&monkey=1&author=me&zipcode=9",
    "https://corp.test/?q=a-long-search-phrase-that-people-type": "https://corp.test/?q=a-long-search-phrase-that-people-type",
    "https://corp.test/?token=": "https://corp.test/?token=",
}


@pytest.mark.parametrize("url", SECRETS)
def test_secrets_are_stripped_and_nothing_else(url):
    assert strip_secrets(url) == SECRETS[url]


@given(st.text(alphabet="abcXYZ0189-._~", min_size=1, max_size=30), st.text(max_size=30))
def test_a_password_never_shows(secret, rest):
    shown = strip_secrets(f"https://someone:Q{secret}Q@corp.test/?password=Q{secret}Q&x=" + rest.replace(secret, ""))
    assert f"Q{secret}Q" not in shown


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("http://u:p@A.test:80/x#f", "http://a.test/x"),
        ("http:\\\\evil.test\\a", "http://evil.test/a"),
        ("https://０x7f.1/", "https://127.0.0.1/"),
        ("ftp://a.test/", None),
        ("mailto:a@b.test", None),
        ("/relative", None),
    ],
)
def test_what_is_asked_for_is_what_a_browser_would_ask_for(url, asked):
    assert request_url(url) == asked


@given(st.text())
def test_no_text_raises_on_its_way_to_a_request(text):
    join(BASE, text)
    request_url(text)


_LABELS = st.sampled_from(
    ["a", "www", "xn--p1ai", "xn--", "0x7f", "127", "1", "com", "-a", "a-", "ab--cd", "a1", "y" * 64]
)
_TAILS = ("", "/", "/a/b.html", "/a//b", "/..", "/.a", "/a;sid=1", "/a%41", "/a?b=c", "/?", "/a?sid=1", "/a#f", "/~x.")


@given(
    st.sampled_from(["http://", "https://", "HTTP://", "http://u@"]),
    st.lists(_LABELS, min_size=1, max_size=4).map(".".join),
    st.sampled_from(["", ".", ":80", ":8080"]),
    st.sampled_from(_TAILS),
)
def test_plain_urls_are_read_without_the_parser_as_it_reads_them(scheme, host, port, tail):
    url = f"{scheme}{host}{port}{tail}"
    try:
        parsed = URL(url)
    except ValueError:
        assert (host_of(url), origin_of(url), request_url(url), normalise(url)) == ("", "", None, url)
        return
    assert host_of(url) == parsed.hostname.rstrip(".")
    assert origin_of(url) == f"{parsed.protocol}//{parsed.host}"
    parsed.username = parsed.hash = ""
    assert request_url(url) == parsed.href
    assert normalise(url) == normalise(parsed.href)
    if not parsed.search and "%" not in url and ";" not in url:
        end = parsed.host.removesuffix(f":{parsed.port}") if parsed.port else parsed.host
        number = f":{parsed.port}" if parsed.port else ""
        assert normalise(url) == f"{parsed.protocol}//{end.rstrip('.')}{number}{parsed.pathname}"


def test_addresses_of_one_document_are_the_same_page():
    assert is_same_page("http://b.test/?utm_source=x#top", "http://b.test/")
    assert not is_same_page("http://b.test/", "https://b.test/")
