"""Which host or URL an entry means, or why it is not used."""

import pytest

from app.domain.reputation_lists import ListKind
from app.domain.violations import ViolationKey
from app.engines.lists.names import Judge, NameReader


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("*.casino.example", "casino.example"),
        (".casino.example", "casino.example"),
        ("casino.example:443", "casino.example"),
        ("博彩.casino.example", "xn--9kro4z.casino.example"),
        ("xn--9kro4z.casino.example", "xn--9kro4z.casino.example"),
        ("http://BÜCHER.casino.example:80/a/../b?x=1#part", "http://xn--bcher-kva.casino.example/b?x=1"),
        ("https://user:word@casino.example:8443/x", "https://casino.example:8443/x"),
        ("93.184.215.14", "93.184.215.14"),
        ("http://93.184.215.14/bin.sh", "http://93.184.215.14/bin.sh"),
        ("2606:2800:21f::1", "2606:2800:21f::1"),
        ("alice.github.io", "alice.github.io"),
        ("https://raw.githubusercontent.com/a/b/dropper.exe", "https://raw.githubusercontent.com/a/b/dropper.exe"),
    ],
)
def test_an_entry_is_read_as_browsers_would(compile_list, text, key):
    _, file = compile_list(text)
    assert list(file.keys()) == [key]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("university.example/~somebody/casino.html", "not_an_entry"),
        ("somebody@university.example", "not_an_entry"),
        ("university.example?page=casino", "not_an_entry"),
        ("university.example\\casino", "not_an_entry"),
        ("*.www.casino.example", "wildcard"),
        ("www*.casino.example", "wildcard"),
        ("http://*.casino.example/", "wildcard"),
        ("com", "local_name"),
        ("printer.lan", "local_name"),
        ("http://localhost/x", "local_name"),
        ("co.uk", "public_suffix"),
        ("github.io", "public_suffix"),
        ("*.github.io", "public_suffix"),
        ("公司.cn", "public_suffix"),
        ("casino.example:8443", "port"),
        ("10.0.0.1", "address"),
        ("http://169.254.169.254/latest/meta-data", "address"),
        ("http://0x7f.1/", "address"),
        ("jsdelivr.net", "known_service"),
        ("www.google-analytics.com", "known_service"),
        ("www.baidu.com", "known_service"),
        ("https://github.com/", "known_service"),
        ("10.0.0.0/8", "not_an_entry"),
        ("two words", "not_an_entry"),
        ("a..casino.example", "not_an_entry"),
        ("http://", "not_an_entry"),
        ("x" * 64 + ".com", "not_an_entry"),
        ("x" * 9_000, "not_an_entry"),
    ],
)
def test_what_would_accuse_too_much_or_means_nothing_is_counted_and_shown(compile_list, text, reason):
    result, file = compile_list(f"fine.casino.example\n{text}\n")
    assert list(file.keys()) == ["fine.casino.example"]
    assert result.refused == {reason: 1}
    if reason != "local_name":
        assert result.examples == [(2, text[:120], reason)]


def test_an_address_of_a_network_that_the_deployment_scans_may_be_listed(compile_list):
    _, file = compile_list("10.0.0.1\n", names=NameReader(allow_networks=["10.0.0.0/8"]))
    assert file.find("10.0.0.1") is not None


def test_entries_that_an_allow_list_has_are_refused_however_exact(compile_list, tmp_path):
    _, allow = compile_list(
        "partner.example\nhttps://shop.casino.example/a\n", kind=ListKind.ALLOW, category=ViolationKey.OTHER
    )
    result, file = compile_list(
        "partner.example\nwww.partner.example\nhttps://partner.example/x\n"
        "https://shop.casino.example/a\nhttps://shop.casino.example/b\nnotpartner.example\n",
        judge=Judge([allow], services=()),
    )
    assert result.refused == {"allowed": 4}
    assert list(file.keys()) == ["https://shop.casino.example/b", "notpartner.example"]


def test_an_allow_list_may_name_known_services(compile_list):
    result, file = compile_list("jsdelivr.net\n", kind=ListKind.ALLOW)
    assert list(file.keys()) == ["jsdelivr.net"]
    assert not result.refused
