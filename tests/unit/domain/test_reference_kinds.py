"""What people read instead of the kinds of references and their places in documents."""

import re

import pytest

from app.domain.messages import Language, MessageCatalog
from app.domain.reference_kinds import DOCUMENT_KINDS, PARTS, REDIRECT, SORTS, kind_text, place_text
from app.domain.tampering import TamperSign, kind_of, shown_to
from app.domain.visitors import Visitor

RAW = re.compile(r"[a-z]+:[a-z_]+")
HEADERS = ("csp", "cors", "link", "refresh", "report-to", "sourcemap", "content-location")
HOPS = ("http", "refresh_header", "meta", "script")
KINDS = [
    *(kind_of(sign) for sign in TamperSign),
    *(kind_of(TamperSign.SHOWN_LINKS, visitor) for visitor in Visitor),
    *(shown_to("redirect:script", visitor) for visitor in Visitor),
    *(f"{part}:a[href]" for part in PARTS),
    *(f"{kind}:link" for kind in sorted(DOCUMENT_KINDS)),
    *(f"pdf:{where}" for where in ("field", "image", "external", "form", "script", "text")),
    *(f"header:{name}" for name in HEADERS),
    *(f"redirect:{hop}" for hop in HOPS),
    *(f"script:{name}" for name in ("string", "json", "location", "snippet", "disguised", "string:atob")),
    *(f"loaded:{name}" for name in ("page", "frame", "script", "image", "stylesheet", "font", "fetch", "websocket")),
    "noscript:template:css:url",
    "css:import",
    "meta:refresh",
    "meta:csp",
    "meta:content",
    "comment",
    "comment:conditional",
    "data:data-src",
    "handler:onclick",
    "xml:stylesheet",
    "xml:link",
]


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("kind", KINDS)
def test_no_kind_reaches_a_reader_as_it_is_kept(kind, language):
    said = kind_text(kind, MessageCatalog(language))
    assert said
    assert not RAW.search(said)
    assert "{" not in said


@pytest.mark.parametrize(
    ("kind", "english", "chinese"),
    [
        ("a[href]", "a[href]", "a[href]"),
        ("use[xlink:href]", "use[xlink:href]", "use[xlink:href]"),
        ("own:link_block", "block of links to several violating sites", "并列指向多个违规网站的链接"),
        ("drawn:a[href]", "a[href]; in the page as rendered by the browser", "a[href]；浏览器渲染后的页面中"),
        ("rendered:a[href]", "a[href]; hidden in the rendered page", "a[href]；在渲染后的页面中隐藏"),
        ("shown:a[href]", "a[href]; visible in the rendered page", "a[href]；在渲染后的页面中可见"),
        ("pdf:link", "PDF document (link)", "PDF 文档（链接）"),
        ("meta:description", "meta element (description)", "meta 元素（description）"),
        ("script:string:atob", "URL in a script; encoded as Base64", "脚本中的网址；Base64 编码"),
    ],
)
def test_how_a_reference_stands_is_said_in_words(kind, english, chinese):
    assert kind_text(kind, MessageCatalog(Language.EN)) == english
    assert kind_text(kind, MessageCatalog(Language.ZH_CN)) == chinese


@pytest.mark.parametrize("sort", sorted(SORTS | DOCUMENT_KINDS | {REDIRECT}))
@pytest.mark.parametrize("name", ["named", "NAMED", "{name}", "x[data-href]", ""])
def test_no_name_that_a_page_gives_makes_its_evidence_unreadable(sort, name):
    said = [kind_text(f"{sort}:{name}", MessageCatalog(language)) for language in Language]
    assert all(name in text for text in said)


@pytest.mark.parametrize("language", list(Language))
def test_who_alone_was_shown_it_is_said(language):
    texts = MessageCatalog(language)
    said = kind_text(kind_of(TamperSign.SHOWN_WORD, Visitor.ROBOT), texts)
    assert said == texts("shown_to", said=texts("kind.own.shown_word"), visitor=texts("visitor.robot"))


@pytest.mark.parametrize(
    ("kind", "place", "en", "zh"),
    [
        ("pdf:link", "page:3", "page 3", "第 3 页"),
        ("pptx:link", "slide:2", "slide 2", "第 2 张幻灯片"),
        ("xlsx:field", "sheet:费用!B7", "sheet 费用!B7", "工作表 费用!B7"),
        ("docx:link", "", "", ""),
        ("a[href]", "html > body > a", "html > body > a", "html > body > a"),
        ("a[href]", "page:3", "page:3", "page:3"),
        ("pdf:link", "other:3", "other:3", "other:3"),
    ],
)
def test_places_in_documents_are_words_and_those_in_pages_stay(kind, place, en, zh):
    assert place_text(kind, place, MessageCatalog("en")) == en
    assert place_text(kind, place, MessageCatalog("zh-CN")) == zh
