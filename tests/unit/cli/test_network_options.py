from pathlib import Path

import pytest

from app.cli.misused import Misused
from app.cli.network_options import NetworkOptions, check_network, check_resolve, check_resolver, parse_socket_address
from app.core.config import Settings


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("10.0.0.1", ("10.0.0.1", None)),
        ("10.0.0.1:53", ("10.0.0.1", 53)),
        ("::1", ("::1", None)),
        ("2001:db8::7", ("2001:db8::7", None)),
        ("[2001:db8::7]", ("2001:db8::7", None)),
        ("[2001:db8::7]:8080", ("2001:db8::7", 8_080)),
        ("10.0.0.1:65535", ("10.0.0.1", 65_535)),
    ],
)
def test_an_address_comes_with_a_port_perhaps(text, place):
    assert parse_socket_address(text) == place


@pytest.mark.parametrize(
    "text",
    ["", "host", "10.0.0.256", "10.0.0.1:", "10.0.0.1:0", "10.0.0.1:65536", "10.0.0.1:x", "[::1]x", "[::1]:", "[x]:1"],
)
def test_all_else_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        parse_socket_address(text)


@pytest.mark.parametrize("value", ["host", "host=", "=10.0.0.1", "host=other", "host=10.0.0.1:0"])
def test_a_bad_resolve_is_named(value):
    with pytest.raises(Misused, match="resolve"):
        check_resolve(["a.example=10.0.0.1", value])


@pytest.mark.parametrize("value", ["resolver.example", "10.0.0.1:dns", ""])
def test_a_bad_resolver_is_named(value):
    with pytest.raises(Misused, match="resolver"):
        check_resolver([value])


@pytest.mark.parametrize("value", ["10.0.0.1/8", "10.0.0.0/33", "here"])
def test_a_bad_network_is_named(value):
    with pytest.raises(Misused):
        check_network([value])


def test_nothing_given_is_fine():
    assert check_resolve(None) == check_resolver(None) == check_network(None) == []


def test_options_add_to_what_is_there_or_take_its_place():
    base = {
        "resolvers": ("127.9.0.53:53",),
        "allow_networks": ("127.9.0.0/16",),
        "ca_file": "/a.pem",
        "port_map": ("80=81",),
    }
    options = NetworkOptions(["a.example=10.0.0.1:81"], ["10.0.0.2:53"], ["10.0.0.0/8"], Path("/b.pem"))
    assert options.over(base) == {
        "resolvers": ("10.0.0.2:53",),
        "allow_networks": ("127.9.0.0/16", "10.0.0.0/8"),
        "ca_file": Path("/b.pem"),
        "port_map": ("80=81",),
        "static_hosts": ("a.example=10.0.0.1:81",),
    }
    assert Settings(**options.over(base)).static_hosts == ("a.example=10.0.0.1:81",)


def test_without_options_the_base_stands():
    assert NetworkOptions().over({"resolvers": ("x",)}) == {"resolvers": ("x",)}
