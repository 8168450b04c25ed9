import asyncio
import contextlib
import gzip
import ssl
import zlib

import pytest
import trustme

from app.domain.scan_facts import FetchError, HopKind
from app.engines.model import NetworkConfig
from app.engines.net.body import STEP_BYTES, MinimumSpeed
from app.engines.net.client import HttpClient, location_target
from app.engines.net.policy import AddressPolicy
from app.engines.net.resolver import Resolver
from tests.unit.engines.net.servers import dns_server, http_server, response, routes

NETWORK = "127.64.0.0/10"


@contextlib.asynccontextmanager
async def fetching(*, speed=None, allow=(NETWORK,), **config):
    settings = NetworkConfig(allow_networks=allow, **config)
    policy = AddressPolicy(allow_networks=allow, allowed_ports=settings.allowed_ports)
    resolver = Resolver(config=settings, timeout_s=1.0)
    async with HttpClient(config=settings, policy=policy, resolver=resolver, speed=speed) as client:
        try:
            yield client
        finally:
            await resolver.close()


@contextlib.asynccontextmanager
async def site(handler, *, ssl_context=None, scheme_port=80, **config):
    """One server that answers for www.test and other.test on the URL's default port."""
    async with http_server(handler, ssl=ssl_context) as server:
        hosts = dict.fromkeys(("www.test", "other.test"), ("127.64.0.1", None))
        async with fetching(static_hosts=hosts, port_map={scheme_port: server.port}, **config) as client:
            yield client, server


async def test_a_page_comes_with_status_headers_body_and_address():
    async with site(routes({"/a?b=c": response(b"<p>hi", X_Test="1")})) as (client, server):
        result = await client.fetch("http://user:secret@www.test/a?b=c#part")
    assert (result.status, result.body, result.error) == (200, b"<p>hi", None)
    assert result.header("x-test") == "1"
    assert result.address == "127.64.0.1"
    assert result.final_url == "http://www.test/a?b=c"
    assert result.url == "http://user:secret@www.test/a?b=c#part"
    assert "secret" not in server.heads[0]
    assert "Authorization" not in server.heads[0]


async def test_a_body_that_nobody_wants_is_not_received():
    table = {
        "/film": response(bytes(1_000_000), Content_Type="video/mp4"),
        "/page": response(b"<p>hi", Content_Type="text/html"),
        "/hop": response(b"moved", status="302 Found", Location="/film"),
    }

    def is_page(headers):
        return ("content-type", "text/html") in headers

    async with site(routes(table)) as (client, _):
        film = await client.fetch("http://www.test/film", wants_body=is_page)
        page = await client.fetch("http://www.test/page", wants_body=is_page)
        hop = await client.fetch("http://www.test/hop", wants_body=is_page)
    assert (film.status, film.body, film.truncated, film.error) == (200, b"", True, None)
    assert (page.body, page.truncated) == (b"<p>hi", False)
    assert (hop.final_url, hop.body, len(hop.hops)) == ("http://www.test/film", b"", 1)


async def test_the_port_map_leaves_url_and_host_header_untouched():
    async with site(routes({"/": response(b"x")})) as (client, server):
        await client.fetch("http://www.test/")
        assert "\r\nHost: www.test\r\n" in server.heads[0]
        literal = await client.fetch("http://127.64.0.1/")
        assert literal.status == 200
        assert "\r\nHost: 127.64.0.1\r\n" in server.heads[1]


async def test_percent_encoding_reaches_the_server_as_written():
    async with site(routes({})) as (client, server):
        await client.fetch("http://www.test/%2e%2f%C4%E3/a%20b;x=1?q=%zz&r=%2F+'")
    assert server.heads[0].startswith("GET /%2e%2f%C4%E3/a%20b;x=1?q=%zz&r=%2F+%27 HTTP/1.1")


async def test_the_user_agent_names_the_product_and_can_be_changed_for_one_request():
    async with site(routes({}), user_agent="Scanner/1 (contact)") as (client, server):
        await client.fetch("http://www.test/")
        await client.fetch("http://www.test/", headers={"User-Agent": "Baiduspider"})
    assert "User-Agent: Scanner/1 (contact)" in server.heads[0]
    assert "User-Agent: Baiduspider" in server.heads[1]


async def test_every_hop_is_kept():
    table = {
        "/1": response(status="301 Moved", Location="/2"),
        "/2": response(status="302 Found", Location="http://other.test/3"),
        "/3": response(b"end"),
    }
    async with site(routes(table)) as (client, _):
        result = await client.fetch("http://www.test/1")
    assert [(h.url, h.status, h.address, h.kind, h.location) for h in result.hops] == [
        ("http://www.test/1", 301, "127.64.0.1", HopKind.HTTP, "http://www.test/2"),
        ("http://www.test/2", 302, "127.64.0.1", HopKind.HTTP, "http://other.test/3"),
    ]
    assert (result.final_url, result.body) == ("http://other.test/3", b"end")


async def test_a_redirect_loop_ends_after_ten():
    async with site(routes({"/": response(status="302 Found", Location="/")})) as (client, server):
        result = await client.fetch("http://www.test/")
    assert result.error is FetchError.TOO_MANY_REDIRECTS
    assert len(result.hops) == 11
    assert server.connections == 11


async def test_no_redirects_means_that_the_redirect_is_the_answer():
    async with site(routes({"/": response(b"see", status="302 Found", Location="//other.test/")})) as (client, _):
        result = await client.fetch("http://www.test/", max_redirects=0)
    assert (result.status, result.error, result.final_url, result.body) == (302, None, "http://www.test/", b"see")
    assert [hop.location for hop in result.hops] == ["http://other.test/"]


async def test_a_redirect_that_may_not_be_followed_is_recorded_and_not_asked():
    async with site(routes({"/": response(status="302 Found", Location="http://other.test/x")})) as (client, server):
        result = await client.fetch("http://www.test/", may_follow=lambda url: "www.test" in url)
    assert result.error is FetchError.OUT_OF_SCOPE
    assert (result.final_url, result.status) == ("http://www.test/", 302)
    assert [hop.location for hop in result.hops] == ["http://other.test/x"]
    assert server.connections == 1


async def test_a_location_in_raw_bytes_is_followed_as_browsers_do():
    table = {"/": response(status="302 Found", Location="/\xc4\xe3"), "/%C4%E3": response(b"found")}
    async with site(routes(table)) as (client, _):
        assert (await client.fetch("http://www.test/")).body == b"found"


@pytest.mark.parametrize(
    "location", ["weixin://dl/business", "javascript:alert(1)", "file:///etc/passwd", "http://a b/"]
)
async def test_a_redirect_to_another_scheme_is_not_followed(location):
    async with site(routes({"/": response(status="302 Found", Location=location)})) as (client, _):
        result = await client.fetch("http://www.test/")
    assert result.status == 302
    assert result.error is (None if location == "http://a b/" else FetchError.BAD_URL)


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:{port}/",
        "http://0x7f.1:{port}/",
        "http://2130706433:{port}/",
        "http://[::1]:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://１２７.0.0.1:{port}/",
        "http://local.test:{port}/",
        "http://mapped.test:{port}/",
        "http://169.254.169.254/latest/meta-data/",
        "http:\\\\127.0.0.1:{port}\\",
    ],
)
async def test_a_redirect_to_a_forbidden_address_is_blocked_and_reaches_nothing(location):
    zone = {("local.test", "A"): ["127.0.0.1"], ("mapped.test", "AAAA"): ["::ffff:7f00:1"]}
    async with http_server(routes({}), address="127.0.0.1") as victim, dns_server(zone) as names:
        table = {"/": response(status="302 Found", Location=location.format(port=victim.port).replace("１２７", "127"))}
        async with site(routes(table), resolvers=(names.address,)) as (client, _):
            redirected = await client.fetch("http://www.test/")
            direct = await client.fetch(location.format(port=victim.port))
    assert (redirected.error, direct.error) == (FetchError.BLOCKED, FetchError.BLOCKED)
    assert "address policy" in direct.error_detail
    assert (len(redirected.hops), redirected.status) == (1, 0)
    assert victim.connections == 0


async def test_a_name_that_rebinds_between_two_requests_is_blocked_at_the_second():
    zone = {("bind.test", "A"): ["127.64.0.1"]}
    async with (
        http_server(routes({"/": response(b"x")})) as server,
        dns_server(zone) as names,
        fetching(resolvers=(names.address,), port_map={80: server.port}) as client,
    ):
        assert (await client.fetch("http://bind.test/")).status == 200
        names.zone["bind.test", "A"] = ["127.0.0.1"]
        assert (await client.fetch("http://bind.test/")).error is FetchError.BLOCKED


async def test_a_port_outside_the_policy_is_blocked():
    async with fetching(allow=(), static_hosts={"out.test": ("93.184.216.34", None)}) as client:
        result = await client.fetch("http://out.test:22/")
    assert result.error is FetchError.BLOCKED
    assert "port" in result.error_detail


@pytest.mark.parametrize(
    "url", ["ftp://www.test/", "javascript:1", "", "http://", "http://a b/", "//www.test/", "http://x:99999/"]
)
async def test_what_is_no_web_address_is_a_bad_url(url):
    async with fetching() as client:
        result = await client.fetch(url)
    assert result.error is FetchError.BAD_URL
    assert result.status == 0


@pytest.mark.parametrize(("silent", "error"), [(False, FetchError.DNS), (True, FetchError.DNS_UNREACHABLE)])
async def test_a_dead_name_and_a_dead_resolver_are_told_apart(silent, error):
    async with dns_server({}, silent=silent) as names, fetching(resolvers=(names.address,)) as client:
        assert (await client.fetch("http://gone.test/")).error is error


async def test_a_closed_port_is_a_connect_error():
    async with fetching() as client:
        assert (await client.fetch("http://127.64.0.1:9/")).error is FetchError.CONNECT


async def test_a_gzip_bomb_is_cut_off_early():
    bomb = gzip.compress(b"\0" * 20_000_000)
    async with site(routes({"/": response(bomb, Content_Encoding="gzip")})) as (client, _):
        result = await client.fetch("http://www.test/")
    assert result.truncated
    assert len(result.body) <= 100 * len(bomb) + STEP_BYTES
    assert (result.status, result.error) == (200, None)


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress, lambda data: zlib.compress(data, wbits=-15)])
async def test_compressed_pages_are_decoded(compress):
    page = b"".join(b"<p>%d</p>" % number for number in range(20_000))
    coding = "gzip" if compress is gzip.compress else "deflate"
    async with site(routes({"/": response(compress(page), Content_Encoding=coding)})) as (client, _):
        result = await client.fetch("http://www.test/")
    assert result.body == page
    assert not result.truncated


@pytest.mark.parametrize(
    ("body", "coding", "expected"),
    [
        (b"plain", "gzip", b"plain"),
        (b"plain", "utf-8", b"plain"),
        (gzip.compress(b"a", mtime=0) + gzip.compress(b"b", mtime=0) + b"\0\0", "gzip", b"ab"),
        (gzip.compress(b"cut off" * 99, mtime=0)[:-8], "gzip", b"cut off" * 99),
    ],
    ids=["plain as gzip", "plain as a charset", "two members and padding", "no trailer"],
)
async def test_servers_mistakes_with_codings_are_forgiven(body, coding, expected):
    async with site(routes({"/": response(body, Content_Encoding=coding)})) as (client, _):
        result = await client.fetch("http://www.test/")
    assert (result.body, result.error) == (expected, None)


@pytest.mark.parametrize(("body", "coding"), [(b"\x1f\x8bgarbage", "gzip"), (b"x", "br")])
async def test_a_body_that_cannot_be_decoded_is_a_protocol_error_with_its_status(body, coding):
    async with site(routes({"/": response(body, Content_Encoding=coding)})) as (client, _):
        result = await client.fetch("http://www.test/")
    assert (result.status, result.error) == (200, FetchError.PROTOCOL)


async def endless(head, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def dripping(head, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\nstart")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def mute(head, writer):
    await asyncio.sleep(60)


async def test_an_endless_body_stops_at_the_limit():
    async with site(endless) as (client, _):
        result = await client.fetch("http://www.test/", max_bytes=200_000)
    assert (len(result.body), result.truncated, result.error) == (200_000, True, None)


async def test_a_body_that_drips_is_too_slow_and_what_came_is_kept():
    async with site(dripping, speed=MinimumSpeed(bytes_per_s=1000, window_s=0.2)) as (client, _):
        result = await client.fetch("http://www.test/")
    assert (result.status, result.error) == (200, FetchError.TOO_SLOW)
    assert result.body.startswith(b"start")


async def test_a_body_that_stops_is_too_slow():
    async def stalling(head, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nstart")
        await mute(head, writer)

    async with site(stalling, speed=MinimumSpeed(window_s=0.1)) as (client, _):
        assert (await client.fetch("http://www.test/")).error is FetchError.TOO_SLOW


async def test_the_timeout_is_for_everything_and_keeps_the_hops():
    async def handler(head, writer):
        if head.startswith(b"GET /first"):
            writer.write(response(status="302 Found", Location="/second"))
        else:
            await mute(head, writer)

    async with site(handler) as (client, _):
        result = await client.fetch("http://www.test/first", timeout_s=1.0)  # the first hop is in it
    assert result.error is FetchError.TIMEOUT
    assert (len(result.hops), result.final_url, result.status) == (1, "http://www.test/second", 0)


async def test_cancelling_a_fetch_cancels_it():
    async with site(mute) as (client, _):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await client.fetch("http://www.test/")


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"", FetchError.CONNECT),
        (b"nonsense\r\n\r\n", FetchError.PROTOCOL),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", FetchError.PROTOCOL),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", FetchError.PROTOCOL),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 300_000 + b"\r\n\r\n", FetchError.PROTOCOL),
    ],
)
async def test_broken_answers_are_facts_not_exceptions(raw, error):
    async with site(routes({"/": raw})) as (client, _):
        result = await client.fetch("http://www.test/")
    assert result.error is error
    assert result.error_detail.isprintable()


async def test_a_bad_certificate_is_a_tls_error_and_can_still_be_looked_at():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("www.test").configure_cert(context)
    handler = routes({"/": response(b"shown anyway")})
    async with site(handler, ssl_context=context, scheme_port=443) as (client, _):
        refused = await client.fetch("https://www.test/")
        looked = await client.fetch("https://www.test/", verify=False)
    assert (refused.error, refused.status) == (FetchError.TLS, 0)
    assert (looked.error, looked.body) == (None, b"shown anyway")


async def test_the_deployments_own_certificates_are_trusted_for_the_right_name_only(tmp_path):
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("www.test").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    handler = routes({"/": response(b"trusted")})
    config = {"ssl_context": context, "scheme_port": 443, "ca_file": str(tmp_path / "ca.pem")}
    async with site(handler, **config) as (client, _):
        assert (await client.fetch("https://www.test/")).body == b"trusted"
        assert (await client.fetch("https://other.test/")).error is FetchError.TLS


async def test_cookies_are_neither_kept_nor_sent():
    table = {"/": response(status="302 Found", Location="/next", Set_Cookie="a=b"), "/next": response(b"x")}
    async with site(routes(table)) as (client, server):
        await client.fetch("http://www.test/")
    assert all("Cookie" not in head for head in server.heads)


async def test_a_head_request_has_no_body():
    async def handler(head, writer):
        writer.write(response(b"12345").removesuffix(b"12345"))

    async with site(handler) as (client, server):
        result = await client.fetch("http://www.test/", method="HEAD")
    assert (result.status, result.body, result.error) == (200, b"", None)
    assert server.heads[0].startswith("HEAD / ")


def test_only_redirect_statuses_with_a_location_redirect():
    assert location_target(302, "/x", "http://a.test/dir/page") == "http://a.test/x"
    assert location_target(200, "/x", "http://a.test/dir/page") is None
    assert location_target(302, "", "http://a.test/dir/page") is None
    assert location_target(304, "/x", "http://a.test/dir/page") is None


async def test_a_closed_port_is_told_from_a_connection_that_was_cut():
    async def hang_up(head, writer):
        writer.close()

    async with site(hang_up) as (client, server):
        closed = await client.fetch("http://127.64.0.1:9/")
        cut = await client.fetch("http://www.test/")
    assert (closed.error, closed.unreached) == (FetchError.CONNECT, True)
    assert (cut.error, cut.unreached) == (FetchError.CONNECT, False)
    assert server.connections >= 1
