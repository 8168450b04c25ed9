"""Which words a page has, in its title, its text and what it asks for: what the text classifier counts. Pure.

Whether a word stands there counts, not how often. Latin letters between others make a word; of two words in a row the
pair counts, too. Scripts without blanks, such as Chinese, have groups of two and three characters instead. Of a number
only its length counts.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Final

from app.engines.html.page_content import PageContent

MAX_HEAD: Final = 800  # characters of title and description
MAX_TEXT: Final = 3_000
MAX_LINKS: Final = 800
MAX_ASKED: Final = 600
TITLE: Final = "t:"  # before a word that stands in the title or the description
ASKED: Final = "a:"  # before one of a form: its fields, and where it is sent
_LONGEST: Final = 24  # characters of a word
_LONGEST_NUMBER: Final = 9
_WORD: Final = re.compile(r"[a-z][a-z']+|\d+|[^\W\d_a-z]+")

Fold = Callable[[str], str]


def words_of(title: str, page: PageContent, fold: Fold) -> set[str]:
    """Return the words; those of the title and of forms both as they are and marked. `fold` normalises a text."""
    head = _words(fold(" | ".join((title, *page.meta))[:MAX_HEAD]))
    links, alts = _joined(page.link_texts, MAX_LINKS), _joined(page.alts, MAX_LINKS)
    body = _words(fold(f"{page.text[:MAX_TEXT]} | {links} | {alts}"))
    fields = (f"{field.type} {field.hints}" for field in page.fields)
    asked = _words(fold(_joined((*page.actions, *fields), MAX_ASKED)))
    found = {*head, *body, *asked, *_pairs(head), *_pairs(body)}
    found.update(TITLE + word for word in head)
    found.update(ASKED + word for word in asked)
    return found


def words_in(text: str, fold: Fold) -> set[str]:
    """Return the words of a passage: a title with its description, the texts of links, a hidden block."""
    words = _words(fold(text[:MAX_HEAD]))
    return {*words, *_pairs(words)}


def _joined(texts: Iterable[str], limit: int) -> str:
    return " | ".join(texts)[:limit]


def _words(text: str) -> list[str]:
    return [word for match in _WORD.finditer(text) for word in _parts(match[0])]


def _parts(run: str) -> Iterator[str]:
    if run[0].isdecimal():
        yield f"#{min(len(run), _LONGEST_NUMBER)}"
    elif run[0].isascii():
        yield run[:_LONGEST]
    else:
        yield from (run[at : at + length] for length in (2, 3) for at in range(len(run) - length + 1))


def _pairs(words: list[str]) -> Iterator[str]:
    for first, second in pairwise(words):
        if first[0].isascii() and second[0].isascii():
            yield f"{first} {second}"
