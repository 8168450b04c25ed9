"""What a few words offer: a title with its description, the texts of links, a hidden block, what a script writes.

The text classifier that ships reads whole pages. This is its like for passages of a few words to a few sentences: a
linear model of hashed words, learnt from passages of the same labelled pages and, as clean ones, from passages of the
real web (`python -m tests.eval.learn_passages`). It says how much a passage reads like those of the forbidden trades,
and which words say so; which trade that is it does not say.
"""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Final

from app.engines.analyse.text.classifier import ANY, ClassifierError, Head, number_of, read_heads
from app.engines.analyse.text.page_words import words_in

SHIPPED: Final = Path(__file__).parent.parent / "data" / "passages.bin"
LEAST_WORDS: Final = 10  # numbers, of five Latin words or six Chinese characters: of less nothing is said
LEAST_KNOWN: Final = 0.5  # of the numbers: of other languages nothing was learnt
MAX_TERMS: Final = 5
KEPT: Final = 4_096  # passages whose margin is kept: sites repeat the links of their footers on every page
_LEAST_TERM: Final = 4  # letters of a Latin word that is shown


class Passages:
    """Immutable but for what it keeps; any thread may ask."""

    def __init__(self, version: str, head: Head, sketch: Callable[[str], str]) -> None:
        """`sketch` normalises a text as it was learnt with."""
        self.version = version
        self._head = head
        self._sketch = sketch
        self.margin = lru_cache(KEPT)(self._margin)

    def _margin(self, text: str) -> float:
        """Return how much speaks for an offer of such a trade: above 0 is rather yes. Of too few words, or of another
        language: minus infinity.
        """
        numbers = tuple({number_of(word) for word in words_in(text, self._sketch)})
        if len(numbers) < LEAST_WORDS:
            return -float("inf")
        known = sum(map(bool, map(self._head.weights.__getitem__, numbers)))
        return self._head.margin(numbers) if known >= LEAST_KNOWN * len(numbers) else -float("inf")

    def terms(self, text: str) -> tuple[str, ...]:
        """Return the words that counted most."""
        chosen: list[str] = []
        for word in sorted(words_in(text, self._sketch), key=lambda word: (-self._weight(word), word)):
            if len(chosen) == MAX_TERMS or self._weight(word) <= 0:
                break
            is_shown = "#" not in word and (not word.isascii() or min(map(len, word.split())) >= _LEAST_TERM)
            if is_shown and not any(word in other or other in word for other in chosen):
                chosen.append(word)
        return tuple(chosen)

    def _weight(self, word: str) -> int:
        return self._head.weights[number_of(word)]


def load_passages(sketch: Callable[[str], str], path: Path = SHIPPED) -> Passages:
    """Return the classifier of a file. Raises ClassifierError and OSError."""
    document, heads = read_heads(path)
    try:
        return Passages(str(document["version"]), heads[ANY], sketch)
    except KeyError as error:
        raise ClassifierError(str(error)) from error
