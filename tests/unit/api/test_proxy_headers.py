import pytest

from app.api.proxy_headers import ProxyHeaders

KEY = "k7Jc0Yw4s9mB2vT6xQ1eR8uN3aL5dF0g"
FORWARDED = [(b"x-forwarded-for", b"198.51.100.9"), (b"x-forwarded-proto", b"https")]


async def seen(*headers, key, client="127.0.0.1", kind="http"):
    """Client and scheme, as the application sees them."""
    scopes = []

    async def application(scope, receive, send):
        scopes.append(scope)

    scope = {"type": kind, "scheme": "http", "client": (client, 1), "headers": [*FORWARDED, *headers]}
    await ProxyHeaders(application, proxies=["127.0.0.1"], key=key)(scope, None, None)
    return scopes[0]["client"][0], scopes[0]["scheme"]


def shown(value):
    return (b"x-compliance-proxy-key", value)


@pytest.mark.parametrize("kind", ["http", "websocket"])
async def test_a_trusted_address_is_believed_where_no_key_is_asked_for(kind):
    assert await seen(key=None, kind=kind) == ("198.51.100.9", "https" if kind == "http" else "wss")
    assert await seen(key=None, kind=kind, client="192.0.2.7") == ("192.0.2.7", "http")


@pytest.mark.parametrize(
    "headers",
    [(), (shown(b""),), (shown(b"wrong"),), (shown(b"\xff\xff"),), (shown(KEY.encode()), shown(b"wrong"))],
    ids=["none", "empty", "wrong", "no text", "two"],
)
async def test_another_program_with_the_address_of_the_proxy_is_not_believed(headers):
    assert await seen(*headers, key=KEY) == ("127.0.0.1", "http")


async def test_the_proxy_that_shows_the_key_is_believed_from_its_address_alone():
    assert await seen(shown(KEY.encode()), key=KEY) == ("198.51.100.9", "https")
    assert await seen(shown(KEY.encode()), key=KEY, client="192.0.2.7") == ("192.0.2.7", "http")


async def test_the_lifespan_has_no_headers_and_is_handed_on():
    calls = []

    async def application(scope, receive, send):
        calls.append(scope["type"])

    await ProxyHeaders(application, proxies=["127.0.0.1"], key=KEY)({"type": "lifespan"}, None, None)
    assert calls == ["lifespan"]
