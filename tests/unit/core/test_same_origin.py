import pytest
from starlette.datastructures import Headers

from app.core.same_origin import origin_is_allowed


def said(*origins: str, host: str = "app.example:8000") -> Headers:
    pairs = [("origin", origin) for origin in origins] + [("host", host)]
    return Headers(raw=[(name.encode(), value.encode()) for name, value in pairs])


@pytest.mark.parametrize("origin", ["http://app.example:8000", "https://app.example:8000", "https://APP.example:8000"])
def test_the_origin_asked_for_is_our_own_whatever_ends_tls(origin):
    assert origin_is_allowed(said(origin))


@pytest.mark.parametrize(
    "origins",
    [
        (),
        ("null",),
        ("https://app.example",),
        ("https://app.example:8001",),
        ("https://evil.app.example:8000",),
        ("https://app.example:8000.evil.example",),
        ("https://app.example:8000@evil.example",),
        ("https://app.example:8000", "https://app.example:8000"),
        ("http://[",),
    ],
)
def test_every_other_is_not_nor_is_none(origins):
    assert not origin_is_allowed(said(*origins))


def test_a_request_without_a_host_has_no_origin_of_its_own():
    assert not origin_is_allowed(said("null", host=""))


def test_others_may_be_named():
    assert origin_is_allowed(said("https://console.example"), ("https://console.example",))
    assert not origin_is_allowed(said("https://console.example.evil"), ("https://console.example",))
