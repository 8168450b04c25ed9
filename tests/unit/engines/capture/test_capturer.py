import contextlib
import ssl

import pytest
import trustme

from app.captures.folder import FolderStorage
from app.domain.scan_facts import DnsOutcome, FetchError, HopKind
from app.engines.capture.capturer import Capturer
from app.engines.capture.scan_contents import ScanContents
from app.engines.model import NetworkConfig
from app.engines.net.client import HttpClient
from app.engines.net.limits import HostLimits
from app.engines.net.policy import AddressPolicy
from app.engines.net.rate_limited_fetcher import RateLimitedFetcher
from app.engines.net.resolver import Resolver
from tests.support.contents import contents_in
from tests.support.parsing import page_parser
from tests.unit.engines.net.servers import dns_server, http_server, response, routes

NETWORK = "127.64.0.0/10"
ZONE = {
    ("a.test", "A"): ["127.64.0.1"],
    ("b.test", "A"): ["127.64.0.1"],
    ("www.a.test", "CNAME"): ["a.test"],
    ("dangling.test", "CNAME"): ["gone.bucket.test"],
    ("broken.test", "A"): "SERVFAIL",
    ("broken.test", "AAAA"): "SERVFAIL",
    ("local.test", "A"): ["127.0.0.1"],
}
LONG = "这是一个普通的网页，内容足够长。" * 30


@contextlib.asynccontextmanager
async def capturing(tmp_path, *, zone=ZONE, silent=False, **config):
    async with dns_server(zone, silent=silent) as names:
        settings = NetworkConfig(allow_networks=(NETWORK,), resolvers=(names.address,), **config)
        policy = AddressPolicy(allow_networks=(NETWORK,), allowed_ports=settings.allowed_ports)
        resolver = Resolver(config=settings, timeout_s=1.0)
        async with HttpClient(config=settings, policy=policy, resolver=resolver) as client:
            capturer = Capturer(
                fetcher=RateLimitedFetcher(client=client, limits=HostLimits(), resolver=resolver),
                resolver=resolver,
                policy=policy,
                config=settings,
                contents=ScanContents(FolderStorage(tmp_path / "content")),
                parser=page_parser(),
            )
            capturer.store = contents_in(tmp_path / "content")
            try:
                yield capturer
            finally:
                await resolver.close()


def capture_and_text(page):
    return page.capture, page.content.text


def page(text, **headers):
    return response(text.encode(), Content_Type="text/html; charset=utf-8", **headers)


async def test_a_capture_holds_dns_page_and_contents(tmp_path):
    html = "<title>商店</title><p>欢迎光临我们的小店</p>"
    async with (
        http_server(routes({"/": page(html)})) as server,
        capturing(tmp_path, port_map={80: server.port}) as capturer,
    ):
        capture, text = capture_and_text(await capturer.capture("a.test", "www.a.test", "http://www.a.test/"))
    assert (capture.domain, capture.host, capture.url) == ("a.test", "www.a.test", "http://www.a.test/")
    assert (capture.status, capture.error, capture.dead, capture.page_class) == (200, None, False, "content")
    assert (capture.title, text) == ("商店", "欢迎光临我们的小店")
    assert capturer.store.get(capture.html_sha256).decode() == html
    assert capturer.store.get(capture.text_sha256).decode() == text
    assert capture.screenshot_sha256 == ""
    assert capture.addresses == ("127.64.0.1",)
    assert capture.dns.cnames == ("a.test",)
    assert capture.tls is None


async def test_gbk_pages_are_read(tmp_path):
    body = ("<meta charset=gbk><p>" + LONG).encode("gbk")
    async with (
        http_server(routes({"/": response(body)})) as server,
        capturing(tmp_path, port_map={80: server.port}) as capturer,
    ):
        page = await capturer.capture("a.test", "a.test", "http://a.test/")
    assert (page.content.text, page.capture.charset) == (LONG, "gb18030")


async def test_redirects_of_every_kind_are_followed_and_kept(tmp_path):
    table = {
        "/": page("", Location="/refresh").replace(b"200 OK", b"302 Found"),
        "/refresh": page("soon", Refresh="0; url=/meta"),
        "/meta": page("<meta http-equiv=refresh content='1;url=/script'>"),
        "/script": page("<script>location.replace('http://b.test/end')</script>"),
        "/end": page("<p>the end of it</p>"),
    }
    async with (
        http_server(routes(table)) as server,
        capturing(tmp_path, port_map={80: server.port}) as capturer,
    ):
        capture, text = capture_and_text(await capturer.capture("a.test", "a.test", "http://a.test/"))
    assert [hop.kind for hop in capture.hops] == [
        HopKind.HTTP,
        HopKind.REFRESH_HEADER,
        HopKind.META,
        HopKind.SCRIPT,
    ]
    assert all(hop.address == "127.64.0.1" for hop in capture.hops)
    assert (capture.final_url, text) == ("http://b.test/end", "the end of it")
    assert (capture.last_status, capture.last_address) == (200, "127.64.0.1")


@pytest.mark.parametrize(
    "looping",
    [
        page("", Location="/").replace(b"200 OK", b"302 Found"),
        page("<meta http-equiv=refresh content='0;url=/?again'>"),
    ],
)
async def test_loops_end_after_ten_hops(tmp_path, looping):
    table = {"/": looping, "/?again": looping.replace(b"/?again", b"/      ")}
    async with (
        http_server(routes(table)) as server,
        capturing(tmp_path, port_map={80: server.port}) as capturer,
    ):
        capture = (await capturer.capture("a.test", "a.test", "http://a.test/")).capture
    assert capture.error is FetchError.TOO_MANY_REDIRECTS
    assert len(capture.hops) == 11
    assert server.connections == 11


async def test_a_redirect_into_the_scanners_network_is_blocked(tmp_path):
    async with http_server(routes({}), address="127.0.0.1") as victim:
        location = f"http://local.test:{victim.port}/"
        async with (
            http_server(routes({"/": page(f"<script>location='{location}'</script>")})) as server,
            capturing(tmp_path, port_map={80: server.port}) as capturer,
        ):
            capture = (await capturer.capture("a.test", "a.test", "http://a.test/")).capture
    assert (capture.error, capture.status, capture.page_class) == (FetchError.BLOCKED, 0, "error")
    assert [hop.location for hop in capture.hops] == [location]
    assert victim.connections == 0


async def test_a_redirect_to_an_app_is_kept_and_not_followed(tmp_path):
    table = {"/": page("", Location="weixin://x").replace(b"200 OK", b"302 Found")}
    async with (
        http_server(routes(table)) as server,
        capturing(tmp_path, port_map={80: server.port}) as capturer,
    ):
        capture = (await capturer.capture("a.test", "a.test", "http://a.test/")).capture
    assert capture.error is FetchError.BAD_URL
    assert [hop.location for hop in capture.hops] == ["weixin://x"]


async def test_a_name_that_is_gone_is_dead_with_its_chain(tmp_path):
    async with capturing(tmp_path) as capturer:
        gone = (await capturer.capture("gone.test", "gone.test", "http://gone.test/")).capture
        dangling = (await capturer.capture("dangling.test", "dangling.test", "http://dangling.test/")).capture
    assert (gone.dead, gone.error, gone.dns.outcome) == (True, FetchError.DNS, DnsOutcome.NXDOMAIN)
    assert (gone.page_class, gone.html_sha256) == ("error", "")
    assert dangling.dead
    assert dangling.dns.cnames == ("gone.bucket.test",)


async def test_a_silent_resolver_makes_nobody_dead(tmp_path):
    async with capturing(tmp_path, silent=True) as capturer:
        capture = (await capturer.capture("gone.test", "gone.test", "http://gone.test/")).capture
    assert (capture.dead, capture.error) == (False, FetchError.DNS_UNREACHABLE)


async def test_a_broken_zone_is_not_dead(tmp_path):
    async with capturing(tmp_path) as capturer:
        capture = (await capturer.capture("broken.test", "broken.test", "http://broken.test/")).capture
    assert (capture.dead, capture.error, capture.dns.outcome) == (False, FetchError.DNS, DnsOutcome.SERVFAIL)


async def test_a_bad_certificate_keeps_facts_and_content(tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("other.test").configure_cert(context)
    async with (
        http_server(routes({"/": page("<p>still readable</p>")}), ssl=context) as server,
        capturing(tmp_path, port_map={443: server.port}) as capturer,
    ):
        capture, text = capture_and_text(await capturer.capture("a.test", "a.test", "https://a.test/"))
    assert (capture.error, capture.status, text) == (FetchError.TLS, 200, "still readable")
    assert not capture.tls.valid
    assert capture.tls.names == ("other.test",)


async def test_an_address_as_host_needs_no_dns(tmp_path):
    async with (
        http_server(routes({"/": page("<p>on an address</p>")})) as server,
        capturing(tmp_path, port_map={80: server.port}) as capturer,
    ):
        capture, text = capture_and_text(await capturer.capture("127.64.0.1", "127.64.0.1", "http://127.64.0.1/"))
    assert (capture.dns, capture.addresses, text) == (None, ("127.64.0.1",), "on an address")


async def test_a_picture_is_content_without_text(tmp_path):
    async with (
        http_server(routes({"/": response(b"\x89PNG", Content_Type="image/png")})) as server,
        capturing(tmp_path, port_map={80: server.port}) as capturer,
    ):
        capture, text = capture_and_text(await capturer.capture("a.test", "a.test", "http://a.test/"))
    assert (capture.page_class, text, capture.html_sha256) == ("content", "", "")


async def test_a_page_that_starts_a_download_is_what_was_captured(tmp_path):
    html = (
        '<title>update</title><meta http-equiv="refresh" content="1;url=/setup.exe"><p>Your player is out of date</p>'
    )
    files = {"/": page(html), "/setup.exe": response(b"MZ", Content_Type="application/octet-stream")}
    async with http_server(routes(files)) as server, capturing(tmp_path, port_map={80: server.port}) as capturer:
        capture = (await capturer.capture("a.test", "a.test", "http://a.test/")).capture
    assert (capture.final_url, capture.title) == ("http://a.test/", "update")
    assert [hop.location for hop in capture.hops] == ["http://a.test/setup.exe"]


async def test_the_own_document_of_a_page_that_sends_the_browser_on_is_kept_with_its_charset(tmp_path):
    """It is what has to be repaired; the capture shows where it leads."""
    sending = "<meta charset=gbk><p>请稍候<meta http-equiv=refresh content='0;url=/end'>".encode("gbk")
    pages = {
        "/moved": page("nobody sees this", Location="/end").replace(b"200 OK", b"302 Found"),
        "/sending": response(sending, Content_Type="text/html"),
        "/end": page(LONG),
    }
    async with (
        http_server(routes(pages)) as server,
        capturing(tmp_path, port_map={80: server.port}) as capturer,
    ):
        sent = (await capturer.capture("a.test", "a.test", "http://a.test/sending")).capture
        moved = (await capturer.capture("a.test", "a.test", "http://a.test/moved")).capture
        end = (await capturer.capture("a.test", "a.test", "http://a.test/end")).capture
    assert (sent.final_url, sent.source_charset) == ("http://a.test/end", "gb18030")
    assert capturer.store.get(sent.source_sha256) == sending
    assert capturer.store.get(sent.html_sha256).decode() == LONG
    assert {(one.source_sha256, one.source_charset) for one in (moved, end)} == {("", "")}


@pytest.mark.parametrize(("status", "is_read"), [("404 Not Found", True), ("200 OK", False)])
async def test_what_a_service_says_of_nothing_is_read_in_json_too(tmp_path, status, is_read):
    said = response(b'{"code":"NoSuchBucket"}', status=status, Content_Type="application/json; charset=utf-8")
    async with http_server(routes({"/": said})) as server, capturing(tmp_path, port_map={80: server.port}) as capturer:
        capture, text = capture_and_text(await capturer.capture("a.test", "a.test", "http://a.test/"))
    assert ("NoSuchBucket" in text, bool(capture.html_sha256)) == (is_read, is_read)
    assert capture.page_class == ("error" if is_read else "content")
