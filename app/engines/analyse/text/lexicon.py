"""Our lexicons: weighted terms per class, cues that support them, guards that speak against, and what finds them.

File format (UTF-8), one file per class and language in `data/lexicon`, named `<class>.<language>.txt`; `cue.*` and
`guard.*` files name the classes on each line:

    # a comment
    version: 2026-11-25
    @drug = cocaine | heroin          a list, usable as {drug} in the lines below
    1.0: buy {drug} online | ...      weight, then terms
    gambling,fraud 0.6: ... | ...     in a cue or guard file: classes or *, weight, then terms

Weights: from 0.9 on a term is an *offer* (hardly anybody writes it who does not promote), from 0.5 a *product* term of
the trade, below that a *topic* term that reports and lessons use as well. A *cue* is how things are offered (secrecy,
payment, membership, pressure): it says nothing alone and much beside the words of a class.
"""

import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from string import ascii_letters, digits
from typing import Final

from ahocorasick_rs import AhoCorasick

from app.domain.violations import ViolationKey
from app.engines.analyse.text.normalise import NormalisedText, Normaliser

OFFER_FROM: Final = 0.9
PRODUCT_FROM: Final = 0.5
SHIPPED: Final = Path(__file__).parent.parent / "data" / "lexicon"

_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")
_ALPHANUMERIC: Final = frozenset(ascii_letters + digits)  # of Latin words
_CONTENT_KEYS: Final = frozenset(ViolationKey) - {
    ViolationKey.TAKEOVER,
    ViolationKey.HIDDEN_LINK,
    ViolationKey.TAMPERED,
}


class Role(StrEnum):
    """What a pattern does in the score of its class."""

    TERM = "term"
    CUE = "cue"
    GUARD = "guard"


class LexiconError(ValueError):
    """A lexicon file does not follow the format; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Term:
    """One meaning of one pattern."""

    pattern: str  # normalised
    key: ViolationKey
    weight: float  # 0 < weight <= 1
    role: Role = Role.TERM


@dataclass(frozen=True, slots=True)
class Hit:
    """One occurrence; `start` and `end` count characters of the normalised text."""

    start: int
    end: int
    terms: tuple[Term, ...]  # all meanings of the pattern


@dataclass(frozen=True)
class Lexicon:
    """All terms with the date of the newest file. Build it once: the automaton is made at the first search."""

    terms: tuple[Term, ...]
    version: str

    @cached_property
    def _meanings(self) -> dict[str, tuple[Term, ...]]:
        grouped: dict[str, list[Term]] = {}
        for term in self.terms:
            grouped.setdefault(term.pattern, []).append(term)
        return {pattern: tuple(group) for pattern, group in grouped.items()}

    @cached_property
    def _automaton(self) -> tuple[AhoCorasick, tuple[tuple[Term, ...], ...]]:
        return AhoCorasick(self._meanings.keys()), tuple(self._meanings.values())

    def find(self, text: NormalisedText | str) -> list[Hit]:
        """Occurrences in order. Latin terms match whole words (a plural s is allowed); a hit inside a longer one is
        dropped, so that "反诈骗" hides "诈骗" and "online casino" counts once.
        """
        haystack = text if isinstance(text, str) else text.text
        automaton, meanings = self._automaton
        found = automaton.find_matches_as_indexes(haystack, overlapping=True)
        whole = (hit for index, start, end in found if (hit := _bounded(haystack, start, end, meanings[index])))
        return list(_longest(whole))

    def detector(self, is_sought: Callable[[Term], bool]) -> Callable[[str], bool]:
        """Make what tells whether `find` may give a term of a kind in a normalised text: False is certain, and costs a
        fraction. It counts hits as well that are no whole words, or inside of longer ones. It is made once.
        """
        if is_sought not in self._detectors:
            automaton = AhoCorasick({term.pattern for term in self.terms if is_sought(term)})
            self._detectors[is_sought] = lambda text: bool(automaton.find_matches_as_indexes(text))
        return self._detectors[is_sought]

    @cached_property
    def _detectors(self) -> dict[Callable[[Term], bool], Callable[[str], bool]]:
        """Those that were made, by what they look for."""
        return {}


def _bounded(haystack: str, start: int, end: int, terms: tuple[Term, ...]) -> Hit | None:
    if start and haystack[start - 1] in _ALPHANUMERIC and haystack[start] in _ALPHANUMERIC:
        return None
    if haystack[end : end + 1] in _ALPHANUMERIC and haystack[end - 1] in _ALPHANUMERIC:
        if haystack[end] != "s" or haystack[end + 1 : end + 2] in _ALPHANUMERIC:
            return None
        end += 1
    return Hit(start, end, terms)


def _longest(hits: Iterable[Hit]) -> Iterator[Hit]:
    reached = 0
    for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end)):
        if hit.end > reached:
            reached = hit.end
            yield hit


def load_lexicon(normaliser: Normaliser, folder: Path = SHIPPED, *, more: Iterable[Term] = ()) -> Lexicon:
    """Reads every `*.txt` of a folder; `more` adds patterns that no file has.

    Raises `LexiconError` on a malformed line and `OSError` when unreadable.
    """
    terms: dict[tuple[str, ViolationKey, Role], Term] = {}
    versions = [""]
    for path in sorted(folder.glob("*.txt")):
        for term in _read(path, normaliser, versions):
            terms.setdefault((term.pattern, term.key, term.role), term)
    for term in more:
        terms.setdefault((term.pattern, term.key, term.role), term)
    return Lexicon(tuple(terms.values()), max(versions))


def _read(path: Path, normaliser: Normaliser, versions: list[str]) -> Iterator[Term]:
    lists: dict[str, list[str]] = {}
    stem = path.name.split(".", 1)[0]
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        content = line.strip()
        try:
            if content.startswith("@"):
                name, _, values = content[1:].partition("=")
                lists[name.strip()] = _split(values)
            elif content.startswith("version:"):
                versions.append(content.removeprefix("version:").strip())
            elif content and not content.startswith("#"):
                yield from _terms(content, stem, lists, normaliser)
        except (ValueError, KeyError) as error:
            raise LexiconError(f"{path.name}, line {number}: {error}") from error


def _terms(content: str, stem: str, lists: dict[str, list[str]], normaliser: Normaliser) -> Iterator[Term]:
    head, _, body = content.partition(":")
    *names, number = head.split()
    weight = float(number)
    if not 0 < weight <= 1 or not body.strip():
        raise ValueError(f"no weight in (0, 1] or no terms: {content[:40]}")
    role = Role(stem) if stem in (Role.CUE, Role.GUARD) else Role.TERM
    keys = _keys(names, stem, role)
    for written in _split(body):
        for pattern in _expand(written, lists):
            folded = normaliser.fold(pattern)
            yield from (Term(folded, key, weight, role) for key in keys)


def _keys(names: list[str], stem: str, role: Role) -> list[ViolationKey]:
    if role is Role.TERM:
        return [ViolationKey(stem)]
    if names == ["*"]:
        return sorted(_CONTENT_KEYS)
    return [ViolationKey(name) for name in " ".join(names).replace(",", " ").split()]


def _split(values: str) -> list[str]:
    return [value for part in values.split("|") if (value := part.strip())]


def _expand(written: str, lists: dict[str, list[str]]) -> Iterator[str]:
    names = _PLACEHOLDER.findall(written)
    for values in itertools.product(*(lists[name] for name in names)):
        filling = iter(values)
        yield _PLACEHOLDER.sub(lambda _: next(filling), written)  # noqa: B023 - used at once
