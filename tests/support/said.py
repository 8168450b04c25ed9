"""Sentences as the catalogues have them, so that a test names what is said and not how.

A key that is not there, and a value that its text has no place for or lacks, raises.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from app.core.errors import ConfigurationError, ScannerError
from app.domain.messages import Language, MessageCatalog, Text
from tests.docs.texts import places_of

PAGE = Path(__file__).parents[2] / "frontend" / "src" / "locales"
PAGE_PLACE = re.compile(r"\{(\w+)\}")


def said(key: str, /, language: str = Language.EN, **values: object) -> Text:
    """Return what the program says."""
    texts = MessageCatalog(language)
    _check(key, set(places_of(texts._texts[key])), set(values))
    return texts(key, **values)


def said_by_page(key: str, /, language: str = Language.EN, **values: Any) -> str:
    """Return what the page says; `count` chooses the form, and numbers are written as English and Chinese do."""
    text = _page_texts(language)[key]
    _check(key, set(PAGE_PLACE.findall(text)), set(values))
    one, _, many = text.partition(" | ")
    form = many if many and values.get("count") != 1 else one
    return PAGE_PLACE.sub(lambda match: _shown(values[match[1]]), form)


@contextmanager
def refused(key: str, /, kind: type[ScannerError] = ConfigurationError, **values: object) -> Iterator[None]:
    """Expect an error with the text `error.{key}`, and with these among its values."""
    with pytest.raises(kind) as raised:
        yield
    error = raised.value
    assert f"error.{key}" in MessageCatalog(Language.EN), key
    assert error.text_key == key, f"{error.text_key} is said in place of {key}"
    assert error.params.items() >= values.items(), error.params


def _check(key: str, places: set[str], given: set[str]) -> None:
    if places != given:
        raise ValueError(f"{key} has {sorted(places)}, not {sorted(given)}")


def _shown(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


@cache
def _page_texts(language: str) -> dict[str, str]:
    return dict(json.loads((PAGE / f"{language}.json").read_text("utf-8")))
