"""The set of pages is what it says: half of it near misses, long, and each with who wrote it."""

import re
from collections import Counter

import pytest

from app.domain.violations import ViolationKey
from app.engines.html.document import HtmlDocument
from tests.eval.eval_set import CLASSES, CLEAN
from tests.eval.pages.pages import SHELLS, pages

LANGUAGES = {"zh", "en"}


def test_there_are_eighty_pages_and_about_half_of_them_are_near_misses():
    clean = [page for page in pages() if page.label == CLEAN]
    assert len(pages()) >= 80
    assert 0.4 <= len(clean) / len(pages()) <= 0.6
    assert all(page.near in set(ViolationKey) for page in clean)


def test_ids_addresses_and_pages_are_unique():
    for part in ("id", "url", "html"):
        assert max(Counter(getattr(page, part) for page in pages()).values()) == 1, part


def test_every_theme_has_pages_and_near_misses_in_both_languages():
    for theme in {page.theme for page in pages()}:
        of_theme = [page for page in pages() if page.theme == theme]
        assert {page.lang for page in of_theme} == LANGUAGES
        assert {page.label == CLEAN for page in of_theme} == {True, False}


def test_every_shell_is_used():
    assert all(
        any(shell.read_text(encoding="utf-8")[:60] in page.html for page in pages()) for shell in SHELLS.iterdir()
    )


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.id)
def test_a_page_is_labelled_has_a_title_and_says_who_wrote_it(page):
    document = HtmlDocument(page.html)
    assert page.label in {*CLASSES, CLEAN}
    assert page.lang in LANGUAGES
    assert document.title
    assert document.visible_text
    assert "{" not in document.title
    assert re.fullmatch(r"2\d{3}-\d\d-\d\d", page.provenance.batch)
    assert "before the rules were touched" in page.provenance.origin
