from app.domain.scan_facts import Relation
from app.engines.documents.document import read_document
from tests.support.cpu_time import least_cpu_s
from tests.support.office_files import open_document

URL = "https://www.a.test/files/x.odt"


def read(body):
    return read_document(body, url=URL, is_own=lambda host: host == "www.a.test")


def told(found):
    return [(one.kind, one.url, one.relation, one.dom_path, one.text) for one in found.references]


def test_a_text_gives_links_pictures_and_mentions():
    body = open_document(
        "text",
        '<text:p>a <text:a xlink:href="http://link.test/">the <text:span>link</text:span></text:a> b</text:p>'
        '<draw:image xlink:href="https://pictures.test/1.png"/><draw:image xlink:href="Pictures/1.png"/>'
        "<text:p>(siehe http://mentioned.test/x).</text:p>",
        **{"styles.xml": '<a xmlns:l="l" l:href="http://style.test/"/>'},
    )
    assert told(read(body)) == [
        ("odt:link", "http://link.test/", Relation.LINK, "", "the link"),
        ("odt:image", "https://pictures.test/1.png", Relation.EMBED, "", ""),
        ("odt:link", "http://style.test/", Relation.LINK, "", ""),
        ("odt:text", "http://mentioned.test/x", Relation.MENTION, "", ""),
    ]


def test_tables_and_slides_say_where():
    table = (
        '<table:table table:name="{0}"><text:p><text:a xlink:href="http://{0}.test/">x</text:a></text:p></table:table>'
    )
    found = read(open_document("spreadsheet", table.format("one") + table.format("two")))
    assert [one.dom_path for one in found.references] == ["sheet:one", "sheet:two"]
    page = '<draw:page draw:name="x"><text:a xlink:href="http://{0}.test/">x</text:a></draw:page>'
    found = read(open_document("presentation", page.format("one") + page.format("two")))
    assert [one.dom_path for one in found.references] == ["slide:1", "slide:2"]


def test_a_password_is_said():
    manifest = "<manifest><encryption-data/></manifest>"
    found = read(open_document("text", "", **{"META-INF/manifest.xml": manifest}))
    assert (found.kind, found.problem) == ("odt", "encrypted")


def test_a_document_type_is_refused():
    found = read(open_document("text", "", **{"styles.xml": '<!DOCTYPE a SYSTEM "http://127.0.0.1/x"><a/>'}))
    assert found.is_partial


def test_links_within_links_cost_no_more_than_others():
    depth = 2_000
    opened, closed = '<text:a xlink:href="http://deep.test/{}">', "</text:a>"
    content = "".join(map(opened.format, range(depth))) + "x<text:b/>" * 20_000 + closed * depth
    found = []
    assert least_cpu_s(lambda: found.append(read(open_document("text", content))), enough_s=0.5) < 1
    assert len(found[0].references) == depth
    assert not found[0].is_partial
    assert sum(bool(one.text) for one in found[0].references) == 10
