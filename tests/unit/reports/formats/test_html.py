"""The HTML file: whole in itself, and nothing that a stranger wrote is more than text in it."""

import re
from html.parser import HTMLParser

import pytest

from app.domain.messages import MessageCatalog
from app.reports.formats.blocks import (
    Cell,
    Column,
    Facts,
    Heading,
    Items,
    PageBreak,
    Picture,
    Quote,
    Table,
    Text,
    Tone,
)
from app.reports.formats.html import content_security_policy, html_pieces
from app.reports.formats.render import html_document

HOSTILE = "</title></style><script>alert(1)</script><img src=x onerror=alert(1)>\"'&"
BLOCKS = [
    Heading(HOSTILE, 1, HOSTILE),
    Heading(HOSTILE, 3, "a", "high"),
    Text(HOSTILE, Tone.WARNING),
    Items([HOSTILE], numbered=True),
    Facts([(HOSTILE, HOSTILE)]),
    Quote(HOSTILE + "\nsecond line"),
    Picture(b"\xff\xd8jpeg", HOSTILE, 10, 20),
    Table([Column(HOSTILE), Column("n", 2, is_number=True)], [[Cell(HOSTILE, anchor="a"), Cell(HOSTILE, "high")]]),
    PageBreak(),
]


class Reader(HTMLParser):
    """Collects elements with their attributes, and texts."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.elements, self.texts = [], []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)


def read(blocks, title=HOSTILE):
    reader = Reader()
    reader.feed(b"".join(html_pieces(blocks, title=title, texts=MessageCatalog("en"))).decode())
    reader.close()
    return reader


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: type(block).__name__)
def test_what_a_stranger_wrote_is_text(block):
    found = read([block])
    tags = {tag for tag, _ in found.elements}
    assert not tags & {"script", "iframe", "object", "link", "form", "base"}
    assert not [name for _, attributes in found.elements for name in attributes if name.startswith("on")]
    assert found.texts[0] == HOSTILE  # of the title


def test_nothing_in_it_asks_anybody_for_anything():
    found = read(BLOCKS)
    addresses = [
        value for _, attributes in found.elements for name, value in attributes.items() if name in ("src", "href")
    ]
    assert addresses
    assert all(re.match(r"data:image/jpeg;base64,|#", value) for value in addresses)
    styles = "".join(found.texts)
    assert not re.search(r"url\(|@import", styles)


def test_its_policy_allows_our_style_and_embedded_pictures_alone():
    policy = next(a["content"] for tag, a in read([]).elements if tag == "meta" and "http-equiv" in a)
    assert policy == content_security_policy()
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert not [a for _, a in read(BLOCKS).elements if "style" in a]  # no attribute that the policy would drop


def test_lines_of_a_quote_stay_lines():
    assert "second line" in "".join(read([Quote("first\nsecond line")]).texts).splitlines()


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_whole_report_comes_out_in_its_language(make_report, language):
    report = make_report(language)
    text = b"".join(html_document(report)).decode()
    assert f'<html lang="{language}">' in text
    assert report.texts("report.title", target="corp.test") in text
    assert text.endswith("</html>\n")
