"""Every display text in one catalogue; `locales/` has one file per language.

A text knows what it was made of (`Text`). What is stored and sent has that beside the sentence, as `text_key` and
`params`, so that a reader of another language gets the sentence made anew (ADR 0024).
"""

import json
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Final, Self

LOCALES: Final = Path(__file__).parent / "locales"
MAX_TEXT_KEY: Final = 64  # characters; the width of its columns


class Language(StrEnum):
    """A language in which texts can be read, as a tag of BCP 47."""

    # A new one is a line here and a file in `locales/`, named after its value.
    ZH_CN = "zh-CN"
    EN = "en"

    @classmethod
    def of_locale(cls, name: str) -> "Language | None":
        """Return the language for a locale such as `zh_TW.UTF-8`; regions do not matter."""
        primary = name.replace("_", "-").partition("-")[0].lower()
        return next((language for language in cls if language.partition("-")[0] == primary), None)


DEFAULT_LANGUAGE: Final = Language.ZH_CN
FOREIGN_LANGUAGE: Final = Language.EN  # for a reader whose own language is not here


class Text(str):
    """A finished sentence with the key and the parameters that it was made of.

    `params` has JSON values alone. A text within the text is an object `{"text_key", "params"}`; `items` in place of
    named parameters are joined by the text, which is a separator then.
    """

    __slots__ = ("key", "language", "params")

    key: str
    language: Language
    params: Mapping[str, Any]

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, Any]]:
        """Return the arguments for copies."""
        return (str(self),), {"key": self.key, "params": self.params, "language": self.language}

    def __new__(cls, sentence: str, *, key: str, params: Mapping[str, Any], language: Language) -> Self:
        text = super().__new__(cls, sentence)
        text.key, text.language, text.params = key, language, params
        return text


class MessageCatalog:
    """`texts("queued", position=5)`: the text with that key. `language` is a `Language` or its value.

    Where a text has `{count:URL|URLs}`, a whole number brings the form that fits it: "1 URL", "5 URLs".
    """

    def __init__(self, language: str) -> None:
        """Raises ValueError for a language that is not here."""
        self.language = Language(language)
        self._texts = _load(self.language)

    def __call__(self, key: str, **values: object) -> Text:
        shown = {name: _Number(value) if type(value) is int else value for name, value in values.items()}
        params = {name: _to_json(value) for name, value in values.items()}
        return Text(self._texts[key].format(**shown), key=key, params=params, language=self.language)

    def __contains__(self, key: str) -> bool:
        return key in self._texts

    def join_terms(self, terms: Iterable[str]) -> Text:
        """Return the words as a list within a sentence."""
        return self._join("list_separator", list(terms))

    def join_clauses(self, clauses: Iterable[str]) -> Text:
        return self._join("clause_separator", list(clauses))

    def remake(self, key: str, params: Mapping[str, Any]) -> Text | None:
        """Return the text of a stored key with its stored parameters; None when this version has no such text."""
        try:
            values = {name: self._value(param) for name, param in params.items()}
            items = values.get("items")
            return self._join(key, items) if isinstance(items, list) else self(key, **values)
        except (KeyError, IndexError, ValueError):  # of a version with other texts, or other places in them
            return None

    def adopt(self, text: Text) -> Text:
        """Return the same text in this language."""
        return text if text.language == self.language else self.remake(text.key, text.params) or text

    def sentence(self, key: str, params: Mapping[str, Any]) -> str | None:
        """Return what `remake` returns without what it was made of: a quarter of the time, for a look at many."""
        try:
            values = {name: self._plain(param) for name, param in params.items()}
            items = values.get("items")
            return self._texts[key].join(items) if isinstance(items, list) else self._texts[key].format(**values)
        except (KeyError, IndexError, ValueError):
            return None

    def _plain(self, param: Any) -> Any:
        """Return the value of a stored parameter, a text within as a sentence. Raises KeyError."""
        match param:
            case str():
                return param
            case bool() | float():
                return param
            case int():
                return _Number(param)
            case list():
                return [str(self._plain(item)) for item in param]
        said = self.sentence(param["text_key"], param["params"])
        if said is None:
            raise KeyError(param["text_key"])
        return said

    def _join(self, key: str, items: list[Any]) -> Text:
        params = {"items": [_to_json(item) for item in items]}
        return Text(self._texts[key].join(map(str, items)), key=key, params=params, language=self.language)

    def _value(self, param: Any) -> Any:
        """Return the value that `_to_json` has written. Raises KeyError for an unknown text in it."""
        if isinstance(param, list):
            return [self._value(item) for item in param]
        if not isinstance(param, Mapping):
            return param
        text = self.remake(param["text_key"], param["params"])
        if text is None:
            raise KeyError(param["text_key"])
        return text


def english(key: str, **values: object) -> Text:
    """Return a text that stands within another one, and is told in its reader's language then."""
    return MessageCatalog(Language.EN)(key, **values)


def _to_json(value: object) -> Any:
    match value:
        case Text():
            return {"text_key": value.key, "params": value.params}
        case bool() | int() | float():
            return value
        case _:
            return str(value)


class _Number(int):
    """A number within a text."""

    def __format__(self, spec: str) -> str:
        one, has_forms, many = spec.partition("|")
        return f"{int(self)} {one if self == 1 else many}" if has_forms else format(int(self), spec)


@cache
def _load(language: Language) -> Mapping[str, str]:
    texts: dict[str, str] = json.loads((LOCALES / f"{language.value}.json").read_text(encoding="utf-8"))
    return texts
