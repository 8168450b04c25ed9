"""Endless spaces of URLs: calendars, session ids, growing paths, facets. Told by what their pages bring, not by number:
thousands of articles share one path pattern too. Error pages say nothing of their like, and are not learned from.
"""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Final

from app.engines.crawl.url_patterns import ODD, path_of

MAX_REPEATS: Final = 40  # pages more that repeat than that are new, of one pattern
# The same where one text stands for all of them: it may say that an article is gone (a soft 404), among many that are
# not. A trap costs at most 200 requests (scan.md).
MAX_COMMON_REPEATS: Final = 150
# The same once the other patterns of a host have had one text so often: further first folders need not each find out
# again that the host says so of what is gone.
KNOWN_FROM: Final = 100
MAX_KNOWN_REPEATS: Final = 15
MAX_REPEATED_TEXTS: Final = 10_000  # texts whose repetitions are counted, over all hosts
MAX_STALE: Final = 120  # pages in a row without a single new word, of a pattern that looks generated
MAX_ODD: Final = 50  # URLs that no person would write, of one host
MAX_WASTED: Final = 100  # pages without anything new under one path, over all combinations of its parameters
MAX_TRIALS: Final = 40  # such pages more, that combinations never seen before may cost
TRIAL: Final = 3  # requests of one such combination
MAX_SELECTED: Final = 64  # contents of one path that parameters select; more are made up
MAX_TEXT: Final = 20_000  # characters of a page that are compared
MAX_VOCABULARY: Final = 50_000  # words of one pattern; a site that brings more is no trap

_DIGITS: Final = b"0123456789"
_WIDE_DIGIT: Final = re.compile(rb"\xef\xbc[\x90-\x99]")  # U+FF10 to U+FF19
_GENERATED: Final = ("#", "@", "?", "!")


@dataclass(slots=True)
class _PatternStats:
    """What the pages of one pattern brought so far."""

    asked: int = 0
    repeats: int = 0  # pages that repeated another, less those that did not; never below 0
    common_repeats: int = 0  # the same of pages that repeated `common_text`
    common_text: int = 0  # hash of the first text that came twice
    common_seen: int = 0  # pages with that text
    learned: int = 0  # good pages
    novel: int = 0  # of these, pages that brought something which no combination of their path had
    stale: int = 0  # pages in a row without a new word
    words: set[bytes] = field(default_factory=set)  # kept for generated patterns alone
    closed: bool = False


@dataclass(slots=True)
class _PathStats:
    """What all combinations of parameters under one path brought; each alone would have a whole allowance."""

    wasted: int = 0  # pages that brought nothing
    words: set[bytes] = field(default_factory=set)


class TrapDetector:
    """Closes a pattern once its pages bring nothing new. Costs a trap at most some 170 requests, mostly 40."""

    def __init__(self) -> None:
        self._patterns: defaultdict[str, _PatternStats] = defaultdict(_PatternStats)
        self._path_stats: defaultdict[str, _PathStats] = defaultdict(_PathStats)
        self._selected: defaultdict[str, set[str]] = defaultdict(set)  # by path: what its parameters select
        self._texts: set[int] = set()  # hashes of the texts seen, digits left out
        self._repeated: Counter[tuple[str, int]] = Counter()  # pages of a host that repeated a text, by its hash
        # Patterns closed so far, in order.
        self.closed: list[str] = []

    def allows(self, pattern: str) -> bool:
        """Whether a URL of the pattern is still worth a request; counts it as asked."""
        pattern = self._known(pattern)
        found = self._patterns[pattern]
        found.asked += 1
        odd = pattern.endswith(ODD) and found.asked > MAX_ODD
        if odd or self._is_one_of_too_many(pattern, found):
            self._close(pattern)
        return not found.closed

    def learn(self, pattern: str, text: str, *, brings_host: bool) -> None:
        """Learn from a good page of the pattern: its text, and whether it named a foreign host for the first time."""
        pattern = self._known(pattern)
        words = _words_of(text[:MAX_TEXT])
        signature = hash(words)
        found = self._patterns[pattern]
        self._count(found, signature, repeats=signature in self._texts and not brings_host)
        allowance = self._common_allowance(pattern.partition("/")[0], signature, found)
        self._texts.add(signature)
        found.learned += 1
        found.novel += brings_host or self._is_novel(pattern, words)
        found.stale = 0 if brings_host or self._has_new_word(pattern, found, words) else found.stale + 1
        if (
            found.repeats >= MAX_REPEATS
            or found.repeats + found.common_repeats >= allowance
            or found.stale >= MAX_STALE
        ):
            self._close(pattern)

    def _common_allowance(self, host: str, signature: int, found: _PatternStats) -> int:
        """Return how many pages may repeat the one text of the pattern, which `signature` may be."""
        key = (host, found.common_text)
        if signature == found.common_text and (key in self._repeated or len(self._repeated) < MAX_REPEATED_TEXTS):
            self._repeated[key] += 1
            found.common_seen += 1
        elsewhere = self._repeated[key] - found.common_seen
        return MAX_KNOWN_REPEATS if elsewhere >= KNOWN_FROM else MAX_COMMON_REPEATS

    def _known(self, pattern: str) -> str:
        """Return the pattern that counts: values of selecting parameters without end are all one."""
        path, mark, query = pattern.partition("?")
        if "=" not in query:
            return pattern
        selected = self._selected[path]
        if len(selected) < MAX_SELECTED:
            selected.add(query)
        if query in selected:
            return pattern
        return path + mark + "&".join(sorted({pair.partition("=")[0] for pair in query.split("&")}))

    def _count(self, found: _PatternStats, signature: int, *, repeats: bool) -> None:
        if not repeats:
            found.repeats, found.common_repeats = max(0, found.repeats - 1), max(0, found.common_repeats - 1)
            return
        found.common_text = found.common_text or signature
        if signature == found.common_text:
            found.common_repeats += 1
        else:
            found.repeats += 1

    def _is_one_of_too_many(self, pattern: str, found: _PatternStats) -> bool:
        """Whether the combination brings nothing of its own under a path that has wasted enough."""
        name = path_of(pattern)
        wasted = self._path_stats[name].wasted if name else 0
        if wasted < MAX_WASTED or 2 * found.novel > found.learned:
            return False
        return found.learned > 0 or found.asked > TRIAL or wasted >= MAX_WASTED + MAX_TRIALS

    def _is_novel(self, pattern: str, words: frozenset[bytes]) -> bool:
        """Whether a word is new among all pages of the path; otherwise they have wasted one more."""
        name = path_of(pattern)
        if not name:
            return True
        path = self._path_stats[name]
        if len(path.words) > MAX_VOCABULARY:
            return True
        known = len(path.words)
        path.words |= words
        novel = len(path.words) > known
        path.wasted += not novel
        return novel

    def _has_new_word(self, pattern: str, found: _PatternStats, words: frozenset[bytes]) -> bool:
        """Whether the page has a new word; always when the words of the pattern are not counted."""
        if len(found.words) > MAX_VOCABULARY or not any(mark in pattern for mark in _GENERATED):
            return True
        known = len(found.words)
        found.words |= words
        return len(found.words) > known

    def _close(self, pattern: str) -> None:
        if not self._patterns[pattern].closed:
            self._patterns[pattern].closed = True
            self.closed.append(pattern)


def _words_of(text: str) -> frozenset[bytes]:
    """Return the words of a text, in UTF-8 and without their digits: as bytes that is done in half the time."""
    plain = text.encode(errors="surrogatepass").translate(None, _DIGITS)
    return frozenset(_WIDE_DIGIT.sub(b"", plain).split())
