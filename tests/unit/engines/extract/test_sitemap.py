import gzip

from hypothesis import given
from hypothesis import strategies as st

from app.engines.extract.sitemap import MAX_URLS, parse_sitemap

BASE = "https://a.test/sitemap.xml"


def urlset(*urls):
    return "<urlset>" + "".join(f"<url><loc>{url}</loc></url>" for url in urls) + "</urlset>"


def test_locations_are_read_whatever_the_spelling():
    text = """<?xml version="1.0"?><s:urlset xmlns:s="x">
      <s:url><s:loc> https://a.test/1?a=1&amp;b=2 </s:loc><s:lastmod>2024</s:lastmod></s:url>
      <url><LOC><![CDATA[https://a.test/2]]></LOC></url>
      <url><loc>/3</loc></url><url><loc>mailto:x@a.test</loc></url><url><loc></loc></url>
    """
    found = parse_sitemap(text.encode(), url=BASE)
    assert found.urls == ("https://a.test/1?a=1&b=2", "https://a.test/2", "https://a.test/3")
    assert not found.is_index


def test_plain_lists_and_gzip_are_read():
    body = gzip.compress("\ufeffhttps://a.test/1\nhttps://a.test/中\nnot a url\n".encode())
    assert parse_sitemap(body, url=BASE).urls == ("https://a.test/1", "https://a.test/%E4%B8%AD")


def test_a_bomb_is_unpacked_no_further_than_the_protocol_allows():
    bomb = gzip.compress(urlset("https://a.test/1").encode() + b" " * 60_000_000)
    assert parse_sitemap(bomb, url=BASE).urls == ("https://a.test/1",)


def test_entities_are_never_expanded():
    text = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + urlset("https://a.test/&b;")
    assert parse_sitemap(text.encode(), url=BASE).urls == ("https://a.test/&b;",)


def test_one_file_lists_so_many_urls_at_most():
    assert len(parse_sitemap(urlset(*["https://a.test/"] * (MAX_URLS + 9)).encode(), url=BASE).urls) == MAX_URLS


@given(st.binary(max_size=300))
def test_anything_else_lists_nothing_and_raises_nothing(body):
    parse_sitemap(body, url=BASE)
    parse_sitemap(b"\x1f\x8b" + body, url=BASE)
