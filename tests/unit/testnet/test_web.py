import codecs
import gzip
import socket
import ssl
import zlib

import pytest

from testnet.bomb import BOMB_BYTES
from testnet.ground import HTTP_PORT, HTTPS_PORT


def test_https_shows_a_certificate_for_the_name_that_was_asked_for(fetch):
    answer = fetch("https://www.corp.test/")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")


def test_a_name_that_no_host_has_is_refused_in_the_handshake(world, trust):
    address = world.hosts["www.corp.test"].address
    with (
        socket.create_connection((address, HTTPS_PORT), timeout=60) as plain,
        pytest.raises(ssl.SSLError, match=r"(?i)eof|unrecognized"),
    ):
        trust.wrap_socket(plain, server_hostname="nobody.test")


def test_an_expired_certificate_is_shown_as_it_is(fetch):
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        fetch("https://www.city-hospital.test/")


def test_http_sends_on_to_https_with_path_and_query(fetch):
    answer = fetch("http://shop.corp.test/item/1?a=b")
    assert (answer.status, answer.headers["location"]) == (301, "https://shop.corp.test/item/1?a=b")


def test_a_host_without_https_does_not_listen_there(world):
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((world.hosts["bbs.corp.test"].address, HTTPS_PORT), timeout=60)


def test_nothing_of_the_test_internet_listens_on_the_machines_own_address(running):
    with socket.socket() as own:
        own.bind(("127.0.0.1", HTTP_PORT))


def test_a_host_answers_at_its_own_address_only(fetch, world):
    assert fetch("http://bbs.corp.test/", address=world.hosts["m.corp.test"].address).status == 421


def test_every_name_below_the_wildcard_shows_the_same_page(fetch, world):
    address = world.hosts["*.dev.corp.test"].address
    one, two = (fetch(f"http://{label}.dev.corp.test/", address=address) for label in ("x1", "x2"))
    assert one.body == two.body
    assert one.body != fetch("http://api.dev.corp.test/").body


def test_missing_paths_are_404_and_odd_methods_405(fetch):
    assert fetch("http://m.corp.test/nothing").status == 404
    assert fetch("http://m.corp.test/", "DELETE").status == 405


def test_head_gives_headers_alone(fetch):
    answer = fetch("http://m.corp.test/", "HEAD")
    assert (answer.status, answer.body) == (200, b"")
    assert int(answer.headers["content-length"]) > 0


@pytest.mark.parametrize(
    ("url", "charset", "title"),
    [
        ("http://bbs.corp.test/", "gbk", "华创用户论坛"),
        ("http://archive.corp.test/gb18030.html", "gb18030", "国标编码的档案㐀"),
        ("http://archive.corp.test/big5.html", "big5", "繁體中文檔案"),
        ("http://archive.corp.test/utf16.html", "utf-16", "双字节档案"),
        ("http://archive.corp.test/wrong.html", "gbk", "声明错误的档案"),
    ],
)
def test_old_charsets_are_really_sent(fetch, url, charset, title):
    assert f"<title>{title}</title>" in fetch(url).body.decode(charset)


def test_charsets_are_declared_in_the_ways_that_exist(fetch):
    assert fetch("http://bbs.corp.test/").headers["content-type"] == "text/html; charset=gbk"
    assert b'<meta charset="big5">' in fetch("http://archive.corp.test/big5.html").body
    assert fetch("http://archive.corp.test/utf16.html").body.startswith(codecs.BOM_UTF16)
    assert fetch("http://archive.corp.test/wrong.html").headers["content-type"] == "text/html; charset=utf-8"


def test_redirects_keep_their_status(fetch):
    statuses = [fetch(f"https://www.corp.test/r/{number}").status for number in range(1, 5)]
    assert statuses == [301, 302, 307, 308]
    assert fetch("https://www.corp.test/r/4").headers["location"] == "/r/end.html"


def test_an_expired_partner_leads_to_the_buyer(fetch):
    assert fetch("http://www.huaxin-partner.test/").headers["location"] == "https://www.lucky-slots.test/"


def test_the_bomb_is_small_on_the_wire_and_bounded_when_opened(fetch):
    answer = fetch("https://www.corp.test/backup/site.html")
    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.body) < 200_000
    opened, unpacker = 0, zlib.decompressobj(16 + zlib.MAX_WBITS)
    chunk = unpacker.decompress(answer.body, 1 << 20)
    while chunk:
        opened += len(chunk)
        chunk = unpacker.decompress(unpacker.unconsumed_tail, 1 << 20)
    assert BOMB_BYTES <= opened < BOMB_BYTES + 1_000


def test_the_packed_sitemap_opens(fetch):
    answer = fetch("https://www.corp.test/sitemap-news.xml.gz")
    assert gzip.decompress(answer.body).count(b"<loc>https://www.corp.test/news/") == 72


def test_the_calendar_goes_on_without_end(fetch):
    assert "/calendar/10000-01.html" not in fetch("https://www.corp.test/calendar/2024-05.html").body.decode()
    assert "/calendar/2025-01.html" in fetch("https://www.corp.test/calendar/2024-12.html").body.decode()


def test_files_of_third_parties_have_their_types(fetch):
    assert fetch("https://files.docs-share.test/corp/annual-2023.pdf").headers["content-type"] == "application/pdf"
    assert fetch("https://js.fast-cdn.test/lib.js").headers["content-type"].startswith("text/javascript")


def test_every_request_is_in_the_log(fetch, running):
    before = running.last_seq()
    fetch("http://oa.corp.test/notice.html?q=1")
    (entry,) = running.requests("oa.corp.test", after_seq=before)
    assert {"scheme": "http", "method": "GET", "target": "/notice.html?q=1", "status": 200}.items() <= entry.items()
    assert running.requests("nobody.corp.test") == []


def test_a_host_with_faces_shows_each_visitor_what_is_meant_for_them(fetch):
    usual = fetch("http://spider.shade.test/")
    robot = fetch("http://spider.shade.test/", headers={"User-Agent": "Mozilla/5.0 (compatible; Baiduspider/2.0)"})
    search = fetch("http://search.shade.test/", headers={"Referer": "https://www.baidu.com/s?wd=x"})
    newcomer, known = (
        fetch("http://first.shade.test/welcome.html", headers=headers) for headers in ({}, {"Cookie": "seen=1"})
    )
    assert "银河" not in usual.body.decode()
    assert "银河国际娱乐城官网" in robot.body.decode()
    assert (search.status, search.headers["location"]) == (302, "http://royal-bets.test/win")
    assert "meiyan-video.test" in newcomer.body.decode()
    assert "meiyan-video.test" not in known.body.decode()


def test_a_site_in_trial_shows_another_page_from_visit_to_visit(fetch):
    assert len({fetch("http://trial.shade.test/").body for _ in range(12)}) > 1
