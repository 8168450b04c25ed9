import pytest

from app.engines.capture.page_class import classify
from app.engines.html.document import HtmlDocument
from app.engines.html.page_content import read_content

REAL = "<p>" + "真正的网页内容，讲述域名出售与备案的新闻。 " * 100 + "</p>"


def class_of(html, status=200, url="http://a.test/"):
    return classify(read_content(HtmlDocument(html)), status=status, final_url=url)


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
