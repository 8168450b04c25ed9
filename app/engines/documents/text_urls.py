"""URLs in the running text of a document. They are merely mentioned: nobody has to be able to click them."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

MAX_URLS: Final = 2_000  # of one text
# ASCII alone, as Chinese text goes on without a space behind an address. Every part has a bound.
_URL: Final = re.compile(
    r"(?<![a-z0-9@.-])(?:https?://|www\.)[a-z0-9][a-z0-9.-]{1,250}(?::\d{1,5})?(?:[/?#][!#-;=?-Z_a-z~]{0,2000})?",
    re.IGNORECASE,
)
_MAX_BRACKETS: Final = 10
_ENDS_SENTENCE: Final = ".,;:!?'"


def find_urls(text: str) -> Iterator[tuple[str, int]]:
    """Yield (address as written, position), at most `MAX_URLS`."""
    for match in islice(_URL.finditer(text), MAX_URLS):
        yield _trimmed(match[0]), match.start()


def _trimmed(found: str) -> str:
    """Without the end of the sentence or the bracket that it stands in."""
    found = found.rstrip(_ENDS_SENTENCE)
    for _ in range(min(found.count(")") - found.count("("), _MAX_BRACKETS)):
        if not found.endswith(")"):
            break
        found = found[:-1].rstrip(_ENDS_SENTENCE)
    return found
