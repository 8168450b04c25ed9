import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.capture.pages import MAX_TEXT, classify, read_document

REAL = "<p>" + "真正的网页内容，讲述域名出售与备案的新闻。 " * 100 + "</p>"


def class_of(html, status=200, url="http://a.test/"):
    return classify(read_document(html), status=status, final_url=url)


def test_title_and_text_are_what_people_read():
    html = """<html><head><title> 标题
      二 </title><style>p{}</style></head><body><script>no()</script><p>赌<b>博</b>网站</p><ul><li>一<li>二</ul>
      <noscript>no</noscript><template>no</template><div hidden>no</div>a<br>b&nbsp;c</body></html>"""
    document = read_document(html)
    assert document.title == "标题 二"
    assert document.text == "赌博网站\n一\n二\na\nb c"


def test_text_is_bounded():
    document = read_document("<title>" + "t" * 9999 + "</title>" + "<p>word " * 200_000)
    assert len(document.text) <= MAX_TEXT
    assert len(document.title) <= 500


@pytest.mark.parametrize("html", ["", "<title>", "<body></body>", "\x00", "<frameset><frame src=x></frameset>"])
def test_odd_documents_are_read(html):
    assert read_document(html).text == ""


@given(st.text())
def test_no_markup_raises(html):
    read_document(html)
    read_document(f"<title>{html}</title><body>{html}")


def test_a_nesting_bomb_costs_little():
    started = time.process_time()
    read_document("<div>" * 100_000 + "x")
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    ("html", "status", "expected"),
    [
        ("<p>Welcome to our shop</p>", 200, "content"),
        ("<img src=x>", 200, "content"),
        ("<script src=app.js></script>", 200, "content"),
        ("<div></div>", 200, "empty"),
        ("", 200, "empty"),
        ("<h1>Not Found</h1>", 404, "error"),
        ("<h1>Oops, something broke</h1>", 500, "error"),
        ("<title>出售</title><p>本域名出售，请联系</p>", 200, "for_sale"),
        ("<h1>This Domain Is For Sale</h1>", 200, "for_sale"),
        ("<p>This domain is parked free, courtesy of a registrar</p>", 404, "parked"),
        ("<p>该网站未备案，网站暂时无法访问</p>", 403, "icp_block"),
        (REAL, 200, "content"),
    ],
)
def test_pages_are_classed(html, status, expected):
    assert class_of(html, status) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.hugedomains.com/x", "for_sale"),
        ("http://ww1.sedoparking.com/", "parked"),
        ("http://nothugedomains.com/", "content"),
    ],
)
def test_the_hosts_of_parking_services_are_known(url, expected):
    assert class_of("<p>See this wonderful name</p>", url=url) == expected


def test_what_stands_deeper_than_browsers_nest_is_read_all_the_same():
    document = read_document("<title>t</title><p>before" + "<div>" * 11_000 + "百家乐<img src=x>")
    assert document.text == "before\n百家乐"
    assert document.has_embeds
