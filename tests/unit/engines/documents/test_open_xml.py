"""Office Open XML: links with their texts and places, fields, what is loaded, and what hostile archives do."""

import pytest

from app.domain.scan_facts import Relation
from app.engines.documents.cpu_budget import CpuBudget
from app.engines.documents.document import read_document
from app.engines.documents.zip_parts import MAX_PART
from tests.support.cpu_time import least_cpu_s
from tests.support.office_files import OFFICE, SHEET, WORD, archive, docx, pptx, rels, xlsx

URL = "https://www.a.test/files/x.docx"


def read(body, **options):
    return read_document(body, url=URL, is_own=lambda host: host == "www.a.test", **options)


def told(found):
    return [(one.kind, one.url, one.relation, one.dom_path, one.text) for one in found.references]


def test_a_text_gives_links_with_their_words_fields_pictures_and_what_is_loaded():
    body = docx(
        '<w:p><w:r><w:t>See </w:t></w:r><w:hyperlink r:id="r1">'
        "<w:r><w:t>the </w:t></w:r><w:r><w:t>shop</w:t></w:r></w:hyperlink></w:p>"
        "<w:p><w:r><w:instrText> HYPER</w:instrText></w:r>"
        '<w:r><w:instrText>LINK "http://field.test/x" \\o "tip"</w:instrText></w:r></w:p>'
        "<w:p><w:r><w:t>more at www.menti</w:t></w:r><w:r><w:t>oned.test/a。其他</w:t></w:r></w:p>",
        ("r1", "hyperlink", "https://shop.test/?a=1&amp;b=2"),
        ("r2", "image", "https://pictures.test/1.png"),
        ("r3", "hyperlink", "../own.html"),
        title="年度 报告",
        **{"word/_rels/settings.xml.rels": rels(("t", "attachedTemplate", "http://template.test/x.dotm", "External"))},
    )
    found = read(body)
    assert told(found) == [
        ("docx:link", "https://shop.test/?a=1&b=2", Relation.LINK, "", "the shop"),
        ("docx:field", "http://field.test/x", Relation.LINK, "", ""),
        ("docx:image", "https://pictures.test/1.png", Relation.EMBED, "", ""),
        ("docx:external", "http://template.test/x.dotm", Relation.EMBED, "", ""),
        ("docx:text", "http://www.mentioned.test/a", Relation.MENTION, "", ""),
    ]
    assert found.links == ("https://www.a.test/own.html",)
    assert (found.title, found.own_hosts, found.is_partial, found.problem) == ("年度 报告", ("www.a.test",), False, "")


def test_a_workbook_names_sheet_and_cell_in_the_order_of_its_tabs():
    formula = '<sheetData><row><c r="B7"><f>HYPERLINK("http://formula.test/","x")</f></c></row></sheetData>'
    link = '<hyperlinks><hyperlink ref="C3" r:id="h" display="看"/></hyperlinks>'
    found = read(xlsx(费用=(formula, ()), 合同=(link, [("h", "hyperlink", "http://cell.test/")])))
    assert sorted(told(found)) == [
        ("xlsx:field", "http://formula.test/", Relation.LINK, "sheet:费用!B7", ""),
        ("xlsx:link", "http://cell.test/", Relation.LINK, "sheet:合同!C3", "看"),
    ]


def test_slides_are_counted_as_they_are_shown():
    click = '<a:r><a:rPr><a:hlinkClick r:id="h"/></a:rPr><a:t>go</a:t></a:r>'
    found = read(
        pptx((click, [("h", "hyperlink", "http://one.test/")]), (click, [("h", "hyperlink", "http://two.test/")]))
    )
    assert {(one.url, one.dom_path) for one in found.references} == {
        ("http://one.test/", "slide:1"),
        ("http://two.test/", "slide:2"),
    }


def test_a_url_that_a_link_leads_to_is_not_mentioned_as_well():
    text = '<w:p><w:hyperlink r:id="r"><w:r><w:t>http://x.test/</w:t></w:r></w:hyperlink></w:p>'
    assert [kind for kind, *_ in told(read(docx(text, ("r", "hyperlink", "http://x.test/"))))] == ["docx:link"]


def test_entities_are_refused_and_what_the_other_parts_say_counts():
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 30))
    bomb = f'<!DOCTYPE x [<!ENTITY l0 "http://lol.test/">{laughs}]><x xmlns:w="{WORD}"><w:p><w:t>&l29;</w:t></w:p></x>'
    found = read(docx("", ("r", "hyperlink", "http://x.test/"), **{"word/footer1.xml": bomb}))
    assert [one.url for one in found.references] == ["http://x.test/"]
    assert found.is_partial


def test_a_bomb_is_read_as_far_as_its_bound_and_said():
    blank = b" " * (MAX_PART + 1_000)
    parts = {f"word/part{number}.xml": b"<a>http://" + blank for number in range(5)}
    found = read(docx("", ("r", "hyperlink", "http://x.test/"), **parts))
    assert [one.url for one in found.references] == ["http://x.test/"]
    assert found.is_partial


HOSTILE = {
    "deep": lambda: docx("<w:p>" * 200_000),
    "attributes": lambda: docx("<w:p " + " ".join(f'a{n}="http://"' for n in range(50_000)) + "/>"),
    "fields": lambda: docx('<w:p><w:instrText>HYPERLINK "' + "HYPERLINK " * 100_000 + "</w:instrText></w:p>"),
    "text": lambda: docx(f"<w:p><w:t>{'http://' * 300_000}</w:t></w:p>"),
    "labels": lambda: docx(f"<w:p><w:t>http://{'a.' * 300_000}</w:t></w:p>"),
    "brackets": lambda: docx(f"<w:p><w:t>{'http://a.test/' + ')' * 2_000 + ' '}</w:t></w:p>" * 1_000),
    "open_links": lambda: docx('<w:hyperlink r:id="r"><w:t>x</w:t>' * 3_000, ("r", "hyperlink", "http://x.test/")),
    "relations": lambda: docx("", *((f"r{n}", "hyperlink", f"http://h{n}.test/") for n in range(20_000))),
    "parts": lambda: docx("", **{f"word/{number}.xml": "<a>://</a>" for number in range(8_000)}),
}


@pytest.mark.parametrize("make_body", HOSTILE.values(), ids=HOSTILE)
def test_what_is_made_to_cost_time_costs_little(make_body):
    body = make_body()
    assert least_cpu_s(lambda: read(body), enough_s=4) < 4
    assert len(read(body).references) <= 5_000


def test_spent_time_ends_the_reading_with_what_was_found():
    times = iter(range(100))
    budget = CpuBudget(3, clock=lambda: next(times))
    parts = {
        f"word/{number}.xml": f'<a xmlns:w="{WORD}"><w:p><w:t>http://n{number}.test/</w:t></w:p></a>'
        for number in range(9)
    }
    found = read(docx("", **parts), budget=budget)
    assert found.is_partial
    assert len(found.references) < 9


def test_what_is_no_document_says_so():
    assert read(b"PK\x03\x04 nothing").problem == "broken"
    assert read(archive({"a.txt": "http://x.test/"})).problem == "unknown"
    whole = docx("<w:p><w:t>http://x.test/</w:t></w:p>")
    assert read(whole[: len(whole) // 2]).problem == "broken"
    assert read(archive({"[Content_Types].xml": "", "xl/a.xml": f'<x xmlns="{SHEET}" xmlns:r="{OFFICE}'})).is_partial


def test_a_field_with_nothing_but_blanks_takes_no_time():
    body = docx(
        f"<w:p><w:r><w:instrText>HYPERLINK{' ' * 50_000}</w:instrText></w:r></w:p>"
        '<w:p><w:r><w:instrText>HYPERLINK  "http://field.test/"</w:instrText></w:r></w:p>'
    )
    found = []
    assert least_cpu_s(lambda: found.append(read(body)), enough_s=0.5) < 1
    assert [one.url for one in found[0].references] == ["http://field.test/"]
