"""Nothing is lost when markup is made harmless."""

from app.engines.extract.page import extract
from app.engines.html.parser_limits import MAX_ATTRIBUTES, MAX_DEPTH, limit_attributes, split_nesting


def test_every_attribute_of_an_overfull_element_is_read():
    hrefs = "".join(f" data-{number}='//h{number}.test/a'" for number in range(4 * MAX_ATTRIBUTES))
    page = f"<p>before<a{hrefs} href=http://last.test/>text</a>".encode()
    hosts = {reference.url for reference in extract(page, url="http://corp.test/", headers=[]).references}
    assert "http://last.test/" in hosts
    assert len(hosts) == 4 * MAX_ATTRIBUTES + 1


def test_an_ordinary_document_stays_as_it_is():
    text = "<a href='b>c' d=\"e\" f>g</a> 1 < 2 " * 1_000
    assert limit_attributes(text) == text


def test_an_ordinary_document_is_one_piece():
    text = "<ul>" + "<li><p>item" * 20_000 + "</ul>"
    assert split_nesting(text) == [text]


def test_what_nests_too_deeply_is_cut_and_whole_together():
    text = "<div>" * 11_000 + "<p>end"
    pieces = split_nesting(text)
    assert "".join(pieces) == text
    assert all(piece.count("<div>") <= MAX_DEPTH for piece in pieces)
