"""Endless spaces of URLs: calendars, session ids, growing paths, facets. Told by what their pages bring, not by number:
thousands of articles share one path shape too. Error pages say nothing of their like, so nobody learns from them.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

MAX_REPEATS: Final = 40  # pages more that repeat than that are new, of one shape
# The same where one text stands for all of them: it may say that an article is gone (a soft 404), among many that are
# not. A trap costs at most 200 requests (scan.md).
MAX_ECHOES: Final = 150
MAX_DRY: Final = 120  # pages in a row without a single new word, of a shape that looks generated
MAX_ODD: Final = 50  # URLs that no person would write, of one host
MAX_URL: Final = 1_024  # characters; longer ones are odd
MAX_SEGMENTS: Final = 16
MAX_SAME_SEGMENT: Final = 4  # /a/b/a/b/a/b/a/b
MANY_PARAMETERS: Final = 3  # from here on their combinations are facets of one list
MAX_FAMILY: Final = 100  # pages without news under one path, over all combinations of its parameters
MAX_TRIALS: Final = 40  # such pages more, that combinations never seen before may cost
TRIAL: Final = 3  # requests of one such combination
MAX_SELECTED: Final = 64  # contents of one path that parameters select; more are made up
MAX_TEXT: Final = 20_000  # characters of a page that are compared
MAX_VOCABULARY: Final = 50_000  # words of one shape; a site that brings more is no trap

# Parameters that say which part of the program answers (PHPCMS, ThinkPHP, Discuz, Joomla, DedeCMS, ...): index.php with
# another `m`, `c` and `a` is another page, as another path would be.
SELECTORS: Final = frozenset(
    {"m", "c", "a", "r", "s", "g", "mod", "module", "controller", "act", "action", "do", "op", "option", "view", "task"}
)
_SELECTED: Final = re.compile(r"[A-Za-z][A-Za-z_./-]{0,39}")  # a word: numbers and codes are contents, not parts
_DIGITS: Final = re.compile(r"\d+")
_ODD: Final = "!odd"
_GENERATED: Final = ("#", "@", "?", "!")


def shape_of(url: str) -> str:
    """What a URL has in common with its like: host, first folder, kinds of the other segments, parameter names.

    Segments count as words, numbers (`#`) or mixtures (`@`); equal kinds in a row are one. Takes a serialised URL.
    """
    address, _, query = url.partition("#")[0].partition("?")
    _, _, rest = address.partition("//")
    host, *segments = rest.split("/")
    if _is_odd(url, segments):
        return host + _ODD
    *folders, name = segments or [""]
    stem, dot, extension = name.rpartition(".")
    kinds = [*(_kind(folder) for folder in folders), _kind(stem if dot else name)]
    if folders and kinds[0] == "w":
        kinds[0] = folders[0]
    path = "/".join(kind for index, kind in enumerate(kinds) if index == 0 or kind != kinds[index - 1])
    return f"{host}/{path}{dot}{extension if dot else ''}{_parameters(query)}"


def _kind(segment: str) -> str:
    if segment.isdigit():
        return "#"
    return "@" if _DIGITS.search(segment) else "w"


def _is_odd(url: str, segments: list[str]) -> bool:
    if len(url) > MAX_URL or len(segments) > MAX_SEGMENTS:
        return True
    if len(segments) < MAX_SAME_SEGMENT:
        return False
    return any(segments.count(segment) >= MAX_SAME_SEGMENT for segment in set(segments) if segment)


def _parameters(query: str) -> str:
    """Selecting parameters with their values, the others' names."""
    if not query:
        return ""
    pairs = sorted({_parameter(pair) for pair in query.split("&")})
    selecting = [pair for pair in pairs if "=" in pair]
    others = [pair for pair in pairs if "=" not in pair]
    return "?" + "&".join([*selecting, *(["*"] if len(others) >= MANY_PARAMETERS else others)])


def _parameter(pair: str) -> str:
    name, _, value = pair.partition("=")
    return pair if name in SELECTORS and _SELECTED.fullmatch(value) else name


def family_of(shape: str) -> str:
    """What the shapes of one path have in common whatever its parameters are: the path, and what they select."""
    path, mark, query = shape.partition("?")
    return f"{path}?" + "&".join(pair for pair in query.split("&") if "=" in pair) if mark else ""


@dataclass(slots=True)
class _Shape:
    """What the pages of one shape brought so far."""

    asked: int = 0
    repeats: int = 0  # pages that repeated another, less those that did not; never below 0
    echoes: int = 0  # the same of pages that repeated `echo`
    echo: int = 0  # hash of the first text that came twice
    learned: int = 0  # good pages
    news: int = 0  # of these, pages that brought something which no combination of their path had
    dry: int = 0  # pages in a row without a new word
    words: set[str] = field(default_factory=set)  # kept for generated shapes alone
    closed: bool = False


@dataclass(slots=True)
class _Family:
    """All combinations of parameters under one path. Each alone would have a trap's whole allowance."""

    wasted: int = 0  # pages that brought nothing
    words: set[str] = field(default_factory=set)


class TrapGuard:
    """Closes a shape once its pages bring nothing new. Costs a trap at most some 170 requests, mostly 40."""

    def __init__(self) -> None:
        self._shapes: defaultdict[str, _Shape] = defaultdict(_Shape)
        self._families: defaultdict[str, _Family] = defaultdict(_Family)
        self._selected: defaultdict[str, set[str]] = defaultdict(set)  # by path: what its parameters select
        self._texts: set[int] = set()  # hashes of the texts seen, digits left out
        # Shapes closed so far, in order.
        self.closed: list[str] = []

    def admits(self, shape: str) -> bool:
        """Whether a URL of the shape is still worth a request; counts it as asked."""
        shape = self._known(shape)
        found = self._shapes[shape]
        found.asked += 1
        odd = shape.endswith(_ODD) and found.asked > MAX_ODD
        if odd or self._is_one_of_too_many(shape, found):
            self._close(shape)
        return not found.closed

    def learn(self, shape: str, text: str, *, brings_host: bool) -> None:
        """What a good page of the shape held: its text, and whether it named a foreign host for the first time."""
        shape = self._known(shape)
        words = frozenset(_DIGITS.sub("", text[:MAX_TEXT]).split())
        signature = hash(words)
        found = self._shapes[shape]
        self._count(found, signature, repeats=signature in self._texts and not brings_host)
        self._texts.add(signature)
        found.learned += 1
        found.news += brings_host or self._is_news(shape, words)
        found.dry = 0 if brings_host or self._is_wet(shape, found, words) else found.dry + 1
        if found.repeats >= MAX_REPEATS or found.repeats + found.echoes >= MAX_ECHOES or found.dry >= MAX_DRY:
            self._close(shape)

    def _known(self, shape: str) -> str:
        """The shape that counts: values of selecting parameters without end are all one."""
        path, mark, query = shape.partition("?")
        if "=" not in query:
            return shape
        selected = self._selected[path]
        if len(selected) < MAX_SELECTED:
            selected.add(query)
        if query in selected:
            return shape
        return path + mark + "&".join(sorted({pair.partition("=")[0] for pair in query.split("&")}))

    def _count(self, found: _Shape, signature: int, *, repeats: bool) -> None:
        if not repeats:
            found.repeats, found.echoes = max(0, found.repeats - 1), max(0, found.echoes - 1)
            return
        found.echo = found.echo or signature
        if signature == found.echo:
            found.echoes += 1
        else:
            found.repeats += 1

    def _is_one_of_too_many(self, shape: str, found: _Shape) -> bool:
        """Once a path has wasted enough, those of its combinations end that bring nothing of their own."""
        name = family_of(shape)
        wasted = self._families[name].wasted if name else 0
        if wasted < MAX_FAMILY or 2 * found.news > found.learned:
            return False
        return found.learned > 0 or found.asked > TRIAL or wasted >= MAX_FAMILY + MAX_TRIALS

    def _is_news(self, shape: str, words: frozenset[str]) -> bool:
        """Whether a word is new among all pages of the path; otherwise they have wasted one more."""
        name = family_of(shape)
        if not name:
            return True
        family = self._families[name]
        if len(family.words) > MAX_VOCABULARY:
            return True
        known = len(family.words)
        family.words |= words
        news = len(family.words) > known
        family.wasted += not news
        return news

    def _is_wet(self, shape: str, found: _Shape, words: frozenset[str]) -> bool:
        """Whether there is a new word, or nobody counts."""
        if len(found.words) > MAX_VOCABULARY or not any(mark in shape for mark in _GENERATED):
            return True
        known = len(found.words)
        found.words |= words
        return len(found.words) > known

    def _close(self, shape: str) -> None:
        if not self._shapes[shape].closed:
            self._shapes[shape].closed = True
            self.closed.append(shape)
