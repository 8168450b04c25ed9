"""A catalogue whose texts are their keys, for what must not change when a text is worded anew."""

import re
from string import Formatter

from app.domain.messages import Language, MessageCatalog

SEPARATORS = {"list_separator", "clause_separator"}


class KeyTexts(MessageCatalog):
    """`texts("error.disk_full", path="x")` is "error disk full x": the words of the key, then its parameters."""

    def __init__(self) -> None:
        super().__init__(Language.EN)
        self._texts = {key: text if key in SEPARATORS else keyed(key, text) for key, text in self._texts.items()}


def keyed(key: str, text: str) -> str:
    """The words of the key, and the places of the text by their names; numbers are rounded as the text does it."""
    places = {name: spec or "" for _, name, spec, _ in Formatter().parse(text) if name is not None}
    kept = [
        f"{{{name}:{spec}}}" if spec and "|" not in spec else f"{{{name}}}" for name, spec in sorted(places.items())
    ]
    return " ".join([*re.split(r"[._]", key), *kept])
