"""Scope: what may be scanned, what belongs to it, and who owns a host."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.messages import MessageCatalog
from app.engines.scope import (
    InvalidTarget,
    Scope,
    Target,
    display_name,
    domain_in_url,
    parse_target,
    registered_domain,
    registrable_domain,
)

ACCEPTED = {
    "corp.test": ("corp.test", "corp.test", "corp.test"),
    "  Corp.TEST. ": ("corp.test", "corp.test", "corp.test"),
    "www.shop.com.cn": ("www.shop.com.cn", "www.shop.com.cn", "shop.com.cn"),
    "团队.中国": ("xn--3bsq58l.xn--fiqs8s", "团队.中国", "xn--3bsq58l.xn--fiqs8s"),
    "xn--3bsq58l.xn--fiqs8s": ("xn--3bsq58l.xn--fiqs8s", "团队.中国", "xn--3bsq58l.xn--fiqs8s"),
    "团队。中国": ("xn--3bsq58l.xn--fiqs8s", "团队.中国", "xn--3bsq58l.xn--fiqs8s"),
    "ｃｏｒｐ．ｔｅｓｔ": ("corp.test", "corp.test", "corp.test"),
    "user.github.io": ("user.github.io", "user.github.io", "user.github.io"),
    "a" * 63 + ".test": ("a" * 63 + ".test",) * 3,
}

REFUSED = {
    "": "target_empty",
    "   ": "target_empty",
    "not a domain": "target_not_a_domain",
    "a..test": "target_not_a_domain",
    "-a.test": "target_not_a_domain",
    "a_b.test": "target_not_a_domain",
    "%65vil.test": "target_not_a_domain",
    "xn--a.test": "target_not_a_domain",
    "corp.test..": "target_not_a_domain",
    ".": "target_not_a_domain",
    "foo.1": "target_not_a_domain",
    "192.0.2.1": "target_ip_address",
    "2130706433": "target_ip_address",
    "0x7f.1": "target_ip_address",
    "１２７.０.０.１": "target_ip_address",
    "::1": "target_ip_address",
    "[2001:db8::1]": "target_ip_address",
    "localhost": "target_local_name",
    "app.localhost": "target_local_name",
    "printer.local": "target_local_name",
    "intranet": "target_local_name",
    "com": "target_public_suffix",
    "com.cn": "target_public_suffix",
    "github.io": "target_public_suffix",
    "中国": "target_public_suffix",
    "a" * 300 + ".test": "target_too_long",
    "例." * 120 + "test": "target_too_long",
    "a" * 64 + ".test": "target_label_too_long",
    "例" * 60 + ".test": "target_label_too_long",
    "corp\x00.test": "target_control_characters",
    "corp.test\r\nHost: x": "target_control_characters",
    "co\u200brp.test": "target_control_characters",
    "\u202ecorp.test": "target_control_characters",
    "\ud800.test": "target_control_characters",
    "https://corp.test/": "target_is_url",
    "corp.test/path": "target_is_url",
    "corp.test:443": "target_is_url",
    "user@corp.test": "target_is_url",
}


@pytest.mark.parametrize("text", ACCEPTED)
def test_a_domain_is_read_in_every_spelling(text):
    assert parse_target(text) == Target(*ACCEPTED[text])


@pytest.mark.parametrize("text", REFUSED, ids=repr)
def test_what_is_no_scannable_domain_is_refused_with_a_stable_code(text):
    with pytest.raises(InvalidTarget) as caught:
        parse_target(text)
    assert caught.value.code == REFUSED[text]
    assert MessageCatalog("en")(f"error.{REFUSED[text]}", **caught.value.params)


@given(st.text(max_size=300))
def test_any_text_is_either_a_target_or_refused(text):
    try:
        target = parse_target(text)
    except InvalidTarget as error:
        assert error.code.startswith("target_")  # noqa: PT017 - both outcomes are legal
    else:
        assert parse_target(target.name) == target
        assert parse_target(target.display).name == target.name


@pytest.mark.parametrize(
    ("host", "expected"),
    {
        "www.corp.test": "corp.test",
        "corp.test": "corp.test",
        "WWW.Corp.Test.": "corp.test",
        "a.b.shop.com.cn": "shop.com.cn",
        "a.user.github.io": "user.github.io",
        "github.io": "github.io",
        "com.cn": "com.cn",
        "com": "com",
        "localhost": "localhost",
        "192.0.2.1": "192.0.2.1",
        "[2001:db8::1]": "2001:db8::1",
        "2001:db8::1": "2001:db8::1",
        "a.xn--fiqs8s": "a.xn--fiqs8s",
        "www.ck": "www.ck",
        "x.unknown-tld-zzz": "x.unknown-tld-zzz",
    }.items(),
)
def test_the_registrable_domain_is_one_label_below_the_public_suffix(host, expected):
    assert registrable_domain(host) == expected


def test_a_scope_holds_its_name_and_what_lies_below():
    scope = Scope("corp.test")
    assert scope.contains("corp.test")
    assert scope.contains("A.B.Corp.test.")
    assert not scope.contains("notcorp.test")
    assert not scope.contains("corp.test.evil.test")


def test_a_sibling_of_a_narrow_scope_is_outside_but_no_third_party():
    scope = Scope("www.corp.test")
    assert not scope.contains("mail.corp.test")
    assert scope.is_own("mail.corp.test")
    assert not scope.is_own("corp.example")


def test_names_are_shown_in_unicode():
    assert display_name("www.xn--3bsq58l.xn--fiqs8s") == "www.团队.中国"
    assert display_name("corp.test") == "corp.test"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("www.a.example.com", "example.com"),
        ("www.example.co.uk", "example.co.uk"),
        ("someone.github.io", "github.io"),
        ("bucket.s3.amazonaws.com", "amazonaws.com"),
        ("www.party.test", "party.test"),
        ("com", None),
        ("localhost", None),
        ("192.0.2.1", None),
        ("[2001:db8::1]", None),
    ],
)
def test_a_registry_knows_the_name_without_the_private_section(host, expected):
    assert registered_domain(host) == expected


def test_own_domains_are_no_third_parties_and_not_in_scope():
    scope = Scope("www.corp.example", frozenset({"sister.example", "cdn.host.test"}))
    assert all(map(scope.is_own, ("corp.example", "sister.example", "a.b.Sister.example.", "x.cdn.host.test")))
    assert not any(map(scope.is_own, ("host.test", "notsister.example", "example", "")))
    assert not any(map(scope.contains, ("sister.example", "cdn.host.test")))


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("https://corp.test/about", "corp.test"),
        ("HTTPS://Corp.Test:8443", "corp.test"),
        ("//corp.test/x", "corp.test"),
        ("corp.test/path?x#y", "corp.test"),
        ("  http://例子.公司.cn./关于 ", "例子.公司.cn"),
        ("https://%63orp.test/", "corp.test"),  # as browsers read it
        ("corp.test", None),  # it is one
        ("https://corp.test@elsewhere.test/", None),
        ("mail@corp.test", None),
        ("https://10.0.0.1/", None),
        ("https://localhost/", None),
        ("https://com/", None),
        ("https:///", None),
        ("javascript:alert(1)", None),
        ("two words/x", None),
    ],
)
def test_a_domain_is_taken_from_the_address_that_was_typed_for_it(text, domain):
    assert domain_in_url(text) == domain


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("https://10.0.0.1/", "target_ip_address"),
        ("http://localhost:8000/", "target_local_name"),
        ("https://co.uk/", "target_public_suffix"),
        ("https:///", "target_not_a_domain"),
    ],
)
def test_an_address_of_what_is_no_target_says_why(text, code):
    with pytest.raises(InvalidTarget) as refused:
        parse_target(text)
    assert refused.value.code == code


def test_the_refusal_of_an_address_names_the_domain_in_it():
    with pytest.raises(InvalidTarget) as refused:
        parse_target("https://www.corp.test/about?secret=1")
    assert (refused.value.code, refused.value.params) == ("target_is_url", {"domain": "www.corp.test"})
