import pytest

from app.domain.document_places import place_text
from app.domain.messages import MessageCatalog


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
