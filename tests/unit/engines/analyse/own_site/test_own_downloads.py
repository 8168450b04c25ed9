"""Downloads that were moved to a foreign host."""

import pytest

from app.domain.tampering import TamperSign
from app.engines.analyse.own_site.own_downloads import examine_downloads
from app.engines.extract.page import extract_document
from app.engines.html.document import HtmlDocument
from app.engines.parsing.own_pages import own_page_of
from tests.support.cpu_time import least_cpu_s

URL = "https://www.archive.test/forms/"
TYPE = "text/html; charset=utf-8"
OWN = "<a href=/files/card.doc>card</a><a href='/files/scan.exe'>scanner</a>"
MOVED = '<a href="http://dl.fast-soft.test/d/viewer@31_4471.exe">viewer</a>'


def signs(html, known=""):
    document = HtmlDocument.decode(html.encode(), TYPE)
    page = own_page_of(document, extract_document(document, url=URL, headers=[("content-type", TYPE)]), URL)
    return [(one.sign, one.terms) for one in examine_downloads(page, lambda host: host == known)]


def test_a_file_with_a_channel_on_a_foreign_host_beside_own_files_is_a_sign():
    assert signs(OWN + MOVED) == [(TamperSign.LURE, ("dl.fast-soft.test",))]


@pytest.mark.parametrize(
    "html",
    [
        MOVED,  # a list of others' programs: nothing is kept here
        OWN + MOVED.replace("@31_4471", "-31.4471"),  # a version
        OWN + MOVED.replace("@31_4471.exe", "@31_4471.pdf"),
        OWN + MOVED.replace("dl.fast-soft.test", "files.archive.test"),
        OWN + MOVED.replace("dl.fast-soft.test", "archive-mirror.test"),
        OWN + '<a href="https://npm.mirror.test/swiper@8/swiper.zip">swiper</a>',
        OWN + '<a href="http://[mirror/viewer@31_4471.exe">broken</a>',
    ],
)
def test_mirrors_versions_and_own_hosts_are_none(html):
    assert signs(html) == []


def test_well_known_hosts_are_none():
    assert signs(OWN + MOVED, "dl.fast-soft.test") == []


def test_a_hostile_page_costs_little():
    html = OWN + "<a href=" * 100_000 + "a@1" * 300_000 + "<a href=x@12_1.exe>" * 50_000
    document = HtmlDocument.decode(html.encode(), TYPE)
    page = own_page_of(document, extract_document(document, url=URL, headers=[("content-type", TYPE)]), URL)
    assert least_cpu_s(lambda: list(examine_downloads(page, lambda _: False)), enough_s=0.5) < 0.5
