"""A sentence of a catalogue stands in one place of the tests at most, so that wording it anew changes one of them.

Elsewhere a test names the sentence: `said("queued", position=3)` (`tests/support/said.py`, and `said.ts` for the page).
"""

import ast
import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import pytest

from app.domain.messages import Language
from tests.docs import texts
from tests.docs.markdown import ROOT

RUN = 5  # words in a row that make a sentence known
HAN_RUN = 8  # the same in Chinese characters
FOLDERS = ("tests", "frontend/tests")
CATALOGUES = {
    **{f"the program's {language}": texts.catalogue(language) for language in Language},
    **{f"the page's {language}": texts.frontend_catalogue(language) for language in Language},
}
WORD = re.compile(r"[\u3400-\u9fff]|[A-Za-z0-9](?:[A-Za-z0-9'_.:/-]*[A-Za-z0-9])?")
PLACE = re.compile(r"\{[^{}]*\}")
# Quoted by `"`, as the formatter does it; what three of them enclose is a docstring.
LITERAL = re.compile(r'"""[\s\S]*?"""|"((?:[^"\\\n]|\\.)+)"|`((?:[^`\\]|\\.)+)`')
CASE = re.compile(r"^[ ]*(?:test|describe|it)(?:\.each\([\s\S]*?\))?\((\"[^\"\n]*\")?", re.MULTILINE)
Sentence = tuple[str, str]  # a catalogue and a key of it


class Literal(NamedTuple):
    path: Path
    line: int
    text: str


class Sentences:
    """Which sentences of the catalogues stand in a text, whole or by a run of their words."""

    def __init__(self, catalogues: Mapping[str, Mapping[str, str]]) -> None:
        self._runs: dict[str, set[Sentence]] = defaultdict(set)
        self._templates: list[tuple[str, re.Pattern[str], Sentence]] = []
        for catalogue, entries in catalogues.items():
            for key, text in entries.items():
                for run in runs(PLACE.sub("\n", text)):
                    self._runs[run].add((catalogue, key))
                for form in text.split(" | ") if "{" in text else ():
                    self._add_template(form, (catalogue, key))

    def _add_template(self, form: str, sentence: Sentence) -> None:
        """A text that places cut into pieces too short for a run: the whole of it."""
        fixed = PLACE.split(form)
        if is_sentence(f"{' '.join(fixed)} {'1 ' * (len(fixed) - 1)}"):
            pattern = ".+?".join(re.escape(piece) for piece in fixed)
            self._templates.append((max(fixed, key=len), re.compile(pattern), sentence))

    def within(self, literals: Iterable[Literal]) -> Iterator[tuple[Sentence, Literal]]:
        """Of several that share a run, those that share the most with the text."""
        literals = list(literals)
        for literal in literals:
            known = [self._runs[run] for run in runs(literal.text) if run in self._runs]
            shared = Counter(sentence for sentences in known for sentence in sentences)
            for sentences in known:
                most = max(shared[one] for one in sentences)
                yield from ((one, literal) for one in sentences if shared[one] == most)
        yield from self._whole(literals)

    def _whole(self, literals: list[Literal]) -> Iterator[tuple[Sentence, Literal]]:
        ends = list(accumulate(len(one.text) + 1 for one in literals))
        joined = "\n".join(one.text for one in literals)
        for longest, pattern, sentence in self._templates:
            at = joined.find(longest)
            while at >= 0:
                number = bisect_right(ends, at)
                found = pattern.search(literals[number].text)
                if found and is_sentence(found[0]):
                    yield sentence, literals[number]
                at = joined.find(longest, ends[number])


def is_sentence(text: str) -> bool:
    """Whether it has as many words as one that counts here."""
    words = WORD.findall(text)
    han = sum(word >= "\u3400" for word in words)
    return han >= HAN_RUN or len(words) - han >= RUN


def runs(text: str) -> Iterator[str]:
    """Every run of words, or of Chinese characters, as one text."""
    for line in text.splitlines():
        words = WORD.findall(line)
        for start in range(len(words)):
            piece = words[start : start + RUN]
            if len(piece) == RUN and not any(word >= "\u3400" for word in piece):
                yield " ".join(piece)
            piece = words[start : start + HAN_RUN]
            if len(piece) == HAN_RUN and all(word >= "\u3400" for word in piece):
                yield "".join(piece)


def literals(path: Path) -> Iterator[Literal]:
    text = path.read_text("utf-8")
    titles = {match.start(1) for match in CASE.finditer(text)} if path.suffix == ".ts" else set()
    for match in LITERAL.finditer(text):
        if (said := match[1] or match[2]) and len(said) > HAN_RUN and match.start() not in titles:
            yield Literal(path, text.count("\n", 0, match.start()) + 1, re.sub(r"\\?\s+|\\n", " ", said))


def place_of(literal: Literal) -> str:
    """The function with its parameters, or the statement of the module, where a literal stands."""
    start = max((start for start in starts(literal.path) if start <= literal.line), default=1)
    return f"{literal.path.as_posix().removeprefix(f'{ROOT}/')}:{start}"


@cache
def starts(path: Path) -> list[int]:
    text = path.read_text("utf-8")
    if path.suffix == ".ts":
        return [text.count("\n", 0, match.end()) + 1 for match in CASE.finditer(text)]
    statements = ast.parse(text).body
    return [min([one.lineno, *(first.lineno for first in getattr(one, "decorator_list", ()))]) for one in statements]


def places(catalogues: Mapping[str, Mapping[str, str]], found: Iterable[Literal]) -> dict[str, list[str]]:
    """Every sentence that stands in several places, with them."""
    standing: dict[Sentence, set[Literal]] = defaultdict(set)
    for sentence, literal in Sentences(catalogues).within(found):
        standing[sentence].add(literal)
    several = {one: {place_of(literal) for literal in there} for one, there in standing.items() if len(there) > 1}
    return {" ".join(one): sorted(there) for one, there in several.items() if len(there) > 1}


def all_literals() -> Iterator[Literal]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.*")):
            if path.suffix in {".py", ".ts"}:
                yield from literals(path)


@pytest.fixture
def standing(tmp_path):
    """Where sentences stand in several places of a file with this text."""
    known = {"known": {"full": "The disk {path} is full: make room.", "none": "Every word has its colour here."}}

    def find(text, name="test_x.py"):
        (tmp_path / name).write_text(text)
        found = places(known, literals(tmp_path / name))
        return {sentence: [place.removeprefix(f"{tmp_path}/") for place in there] for sentence, there in found.items()}

    return find


def test_a_sentence_is_known_by_a_run_of_its_words_and_one_with_values_as_a_whole(standing):
    text = """
A = f"Every word has its {thing} here", "x: Every word has its colour"

def test_a():
    assert there("The disk /a is full: make room.") or there("Every word has its colour")

@parametrize("x", ["The disk {path} is full: make room. And more"])
def test_b():
    pass
"""
    assert standing(text) == {
        "known none": ["test_x.py:2", "test_x.py:4"],
        "known full": ["test_x.py:4", "test_x.py:7"],
    }


def test_a_place_is_a_whole_test_and_neither_docstrings_nor_titles_count(standing):
    twice = (
        'def test_a():\n    """Every word has its colour here."""\n'
        + '    assert "Every word has its colour here."\n' * 2
    )
    assert standing(twice) == {}
    case = 'test("Every word has its colour here", () => { expect("Every word has its colour here"); });\n'
    assert standing(case, "x.test.ts") == {}
    assert standing(case * 2, "x.test.ts") == {"known none": ["x.test.ts:1", "x.test.ts:2"]}


def test_a_sentence_of_the_catalogues_is_asserted_in_one_place_at_most():
    assert places(CATALOGUES, all_literals()) == {}
