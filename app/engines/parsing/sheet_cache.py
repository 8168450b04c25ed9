"""Style sheets that a parser process has parsed, by digest: pages of one site use the same ones."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from app.engines.extract.style_sheet import NONE, StyleSheet, sheet_from_json

MAX_KEPT: Final = 256  # sheets; a scan has a quarter of that


class SheetCache:
    """Forgets everything when it is full."""

    def __init__(self) -> None:
        self._sheets: dict[str, StyleSheet] = {}

    def add(self, texts: Mapping[str, str]) -> None:
        """Read what the job `rules` has written, by digest; what cannot be read hides nothing."""
        for digest, text in texts.items():
            if len(self._sheets) >= MAX_KEPT:
                self._sheets.clear()
            try:
                self._sheets[digest] = sheet_from_json(text)
            except (ValueError, TypeError, AttributeError, LookupError):
                self._sheets[digest] = NONE

    def missing(self, digests: Iterable[str]) -> list[str]:
        """Return those that are to be given by `add` before they can be used."""
        return [digest for digest in dict.fromkeys(digests) if digest not in self._sheets]

    def by_url(self, urls: Iterable[str], known: Mapping[str, Sequence[str] | None]) -> dict[str, Sequence[StyleSheet]]:
        """Return the sheets of those URLs of which the digests are known; none of them is missing."""
        found = ((url, known.get(url)) for url in urls)
        return {url: [self._sheets[digest] for digest in digests] for url, digests in found if digests is not None}
