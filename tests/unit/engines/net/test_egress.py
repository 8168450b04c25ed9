import asyncio
import base64
import contextlib
import ssl

import aiohttp
import pytest
import trustme

from app.engines.model import NetworkConfig
from app.engines.net.egress import MAX_CONNECTIONS, REFUSAL_HEADER, EgressProxy
from app.engines.net.policy import AddressPolicy
from app.engines.net.resolver import Resolver
from tests.unit.engines.net.servers import dns_server, http_server, response, routes

NETWORK = "127.64.0.0/10"


@contextlib.asynccontextmanager
async def proxying(**config):
    settings = NetworkConfig(allow_networks=(NETWORK,), **config)
    resolver = Resolver(config=settings, timeout_s=1.0)
    policy = AddressPolicy(allow_networks=(NETWORK,), allowed_ports=settings.allowed_ports)
    proxy = EgressProxy(policy=policy, resolver=resolver)
    proxy.url = await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.close()
        await resolver.close()


async def say(proxy, data, *, authorised=True):
    """Send bytes to the proxy; everything that comes back until it closes."""
    host, _, port = proxy.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(data.replace(b"\r\n\r\n", credentials(proxy) + b"\r\n\r\n", 1) if authorised else data)
        return await asyncio.wait_for(reader.read(), 60)
    finally:
        writer.close()


def credentials(proxy):
    token = base64.b64encode(f"{proxy.username}:{proxy.password}".encode())
    return b"\r\nProxy-Authorization: Basic " + token


async def test_a_plain_request_goes_through_without_the_proxys_own_headers():
    async with (
        http_server(routes({"/a%2fb?c": response(b"hello")})) as server,
        proxying(static_hosts={"www.test": ("127.64.0.1", None)}, port_map={80: server.port}) as proxy,
    ):
        answer = await say(proxy, b"GET http://www.test/a%2fb?c#d HTTP/1.1\r\nHost: www.test\r\nA: b\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert answer.endswith(b"hello")
    assert server.heads[0].startswith("GET /a%2fb?c HTTP/1.1\r\n")
    assert "proxy" not in server.heads[0].lower()
    assert "host: www.test\r\na: b\r\n" in server.heads[0]


async def test_a_request_body_is_passed_on():
    async def echo(head, writer):
        writer.write(response(b"got it"))

    async with http_server(echo) as server, proxying(port_map={80: server.port}) as proxy:
        request = b"POST http://127.64.0.1/ HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"
        assert (await say(proxy, request)).endswith(b"got it")
    assert "content-length: 4" in server.heads[0]


async def test_a_server_that_keeps_the_connection_is_not_believed():
    table = {"/": response(b"x", Connection="keep-alive", Keep_Alive="timeout=5")}
    async with http_server(routes(table)) as server, proxying(port_map={80: server.port}) as proxy:
        answer = await say(proxy, b"GET http://127.64.0.1/ HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"connection: close" in answer
    assert b"keep-alive" not in answer.lower()


async def test_no_server_says_that_the_policy_has_refused_it():
    """The header tells a render what was kept from the page: it is the proxy's own, in both directions."""
    table = {"/": response(b"x", X_Egress_Refusal="blocked name")}
    async with http_server(routes(table)) as server, proxying(port_map={80: server.port}) as proxy:
        request = b"GET http://127.64.0.1/ HTTP/1.1\r\nHost: x\r\n" + REFUSAL_HEADER.encode() + b": y\r\n\r\n"
        answer = await say(proxy, request)
    assert answer.startswith(b"HTTP/1.1 200")
    assert REFUSAL_HEADER not in answer.decode().lower() + server.heads[0].lower()


async def test_a_second_request_behind_the_first_reaches_no_server():
    async with http_server(routes({"/": response(b"x")})) as server, proxying(port_map={80: server.port}) as proxy:
        one = b"GET http://127.64.0.1/ HTTP/1.1\r\nHost: x\r\n\r\n"
        await say(proxy, one + one.replace(b"/ HTTP", b"/second HTTP"))
    assert len(server.heads) == 1


async def test_interim_answers_are_swallowed():
    table = {"/": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + response(b"final")}
    async with http_server(routes(table)) as server, proxying(port_map={80: server.port}) as proxy:
        answer = await say(proxy, b"GET http://127.64.0.1/ HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")


async def test_tls_goes_through_a_tunnel_to_the_mapped_port(tmp_path):
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("www.test").configure_cert(context)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    async with (
        http_server(routes({"/": response(b"secret")}), ssl=context) as server,
        proxying(static_hosts={"www.test": ("127.64.0.1", None)}, port_map={443: server.port}) as proxy,
        aiohttp.ClientSession() as session,
    ):
        auth = aiohttp.encode_basic_auth(proxy.username, proxy.password)
        async with session.get(
            "https://www.test/", proxy=proxy.url, proxy_headers={"Proxy-Authorization": auth}, ssl=client
        ) as answer:
            assert await answer.read() == b"secret"


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "local.test", "169.254.169.254", "localtest"],
)
@pytest.mark.parametrize("form", [b"GET http://%s:%d/ HTTP/1.1\r\nHost: x\r\n\r\n", b"CONNECT %s:%d HTTP/1.1\r\n\r\n"])
async def test_a_forbidden_address_is_reached_by_neither_form(host, form):
    zone = {("local.test", "A"): ["127.0.0.1"], ("localtest", "AAAA"): ["::1"]}
    async with (
        http_server(routes({}), address="127.0.0.1") as victim,
        dns_server(zone) as names,
        proxying(resolvers=(names.address,)) as proxy,
    ):
        answer = await say(proxy, form % (host.encode(), victim.port))
        assert answer.startswith(b"HTTP/1.1 403")
        assert proxy.blocked_count == 1
    assert victim.connections == 0


@pytest.mark.parametrize(
    "header", [b"", b"\r\nProxy-Authorization: Basic c2NhbjpndWVzcw==", b"\r\nProxy-Authorization: Bearer x"]
)
async def test_without_the_credentials_nothing_goes(header):
    async with http_server(routes({})) as server, proxying(port_map={80: server.port}) as proxy:
        request = b"GET http://127.64.0.1/ HTTP/1.1\r\nHost: x%s\r\n\r\n" % header
        answer = await say(proxy, request, authorised=False)
    assert answer.startswith(b"HTTP/1.1 407")
    assert b"Proxy-Authenticate: Basic" in answer
    assert server.connections == 0


async def test_every_proxy_has_its_own_password():
    async with proxying() as one, proxying() as other:
        assert one.password != other.password
        assert one.url != other.url


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
        (b"GET https://127.64.0.1/ HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
        (b"GET http://a b/ HTTP/1.1\r\nHost: x\r\n\r\n", b"502"),
        (b"CONNECT :0:0 HTTP/1.1\r\n\r\n", b"400"),
        (b"CONNECT x@y@:443 HTTP/1.1\r\n\r\n", b"400"),
        (b"POST http://127.64.0.1/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"411"),
        (b"POST http://127.64.0.1/ HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"411"),
        (b"GET http://gone.test/ HTTP/1.1\r\nHost: x\r\n\r\n", b"502"),
        (b"CONNECT 127.64.0.1:9 HTTP/1.1\r\n\r\n", b"502"),
    ],
)
async def test_what_cannot_be_passed_on_gets_a_clear_status(request_head, status):
    async with dns_server({}) as names, proxying(resolvers=(names.address,)) as proxy:
        answer = await say(proxy, request_head)
    assert answer.split(b" ")[1] == status


async def test_a_tunnel_carries_bytes_both_ways_and_ends_with_either_side():
    async def shout(reader, writer):
        while line := await reader.readline():
            writer.write(line.upper())
        writer.close()

    upstream = await asyncio.start_server(shout, "127.64.0.1", 0)
    async with upstream, proxying() as proxy:
        port = upstream.sockets[0].getsockname()[1]
        host, _, own_port = proxy.url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(own_port))
        writer.write(b"CONNECT 127.64.0.1:%d HTTP/1.1%s\r\n\r\n" % (port, credentials(proxy)))
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        for word in (b"one\n", b"two\n"):
            writer.write(word)
            assert await reader.readline() == word.upper()
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(), 60) == b""
        writer.close()


async def test_closing_cuts_what_is_open():
    async with proxying() as proxy:
        host, _, port = proxy.url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET ")
        await asyncio.sleep(0)
        await proxy.close()
        assert await asyncio.wait_for(reader.read(), 60) == b""
        writer.close()
        with pytest.raises(OSError, match="Connect"):
            await asyncio.open_connection(host, int(port))


async def test_closing_is_no_error_in_anybodys_log():
    """Before 3.12 asyncio reports a handler that is cancelled as a mistake."""
    said = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context["message"]))
    async with proxying() as proxy:
        host, _, port = proxy.url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"CONNECT a.test:443 HTTP/1.1\r\n\r\nwithout credentials")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 407")
        others, other = await asyncio.open_connection(host, int(port))
        other.write(b"GET ")
        await asyncio.sleep(0.01)  # now its session waits for the rest
        await proxy.close()
        assert await asyncio.wait_for(others.read(), 60) == b""
        writer.close()
        other.close()
    assert said == []


async def test_connections_are_bounded():
    async with proxying() as proxy, contextlib.AsyncExitStack() as open_connections:
        host, _, port = proxy.url.removeprefix("http://").partition(":")
        for _ in range(MAX_CONNECTIONS):
            _, writer = await asyncio.open_connection(host, int(port))
            open_connections.callback(writer.close)
        answer = await say(proxy, b"GET http://127.64.0.1/ HTTP/1.1\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 503")


async def test_an_endless_head_is_cut_off():
    async with proxying() as proxy:
        with contextlib.suppress(ConnectionError):
            assert await say(proxy, b"GET http://127.64.0.1/ HTTP/1.1\r\nA: " + b"a" * 300_000, authorised=False) == b""


async def test_a_browser_reaches_no_blocked_name():
    async with (
        http_server(routes({"/": response(b"hello")})) as server,
        proxying(static_hosts={"oa.corp.test": ("127.64.0.1", server.port)}, blocked_names=("oa.corp.test",)) as proxy,
    ):
        for request in (b"GET http://oa.corp.test/ HTTP/1.1\r\n\r\n", b"CONNECT oa.corp.test:443 HTTP/1.1\r\n\r\n"):
            answer = await say(proxy, request)
            assert answer.startswith(b"HTTP/1.1 403 ")
            assert b"x-egress-refusal: blocked name" in answer
        assert proxy.blocked_count == 2
    assert server.connections == 0
