"""The documents of the interface in other languages than English, in which the source has their words.

`locales/<language>.json` has the sentences by the English ones, so that one which changes is seen to lack its
translation. What has none stays English.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from app.domain.messages import Language
from app.rest.documented_responses import CODES

Json = dict[str, Any]
LOCALES: Final = Path(__file__).parent / "locales"
WORDS: Final = frozenset({"description", "summary", "meaning", "do"})
DATA: Final = frozenset({"examples", "default", "const", "enum"})  # values, whatever they look like


def translate(document: Json, language: Language) -> Json:
    """Return the document in that language; the given one is left as it is."""
    sentences = _load(language)
    return _rewrite(document, sentences.get)


def sentences_of(document: Json) -> Iterator[str]:
    """Return all texts to translate, in the order of the document, without line breaks; some more than once."""
    found: list[str] = []

    _rewrite(document, found.append)
    yield from found


def _rewrite(document: Json, say: Callable[[str], str | None]) -> Json:
    made = {"info"} if "openapi" in document else set()  # its introduction was made in the language
    rewritten = {key: dict(value) if key in made else _value(key, value, {}, say) for key, value in document.items()}
    for titled in (rewritten["info"], *rewritten.get("channels", {}).values()):  # other titles are names
        titled["title"] = say(titled["title"]) or titled["title"]
    return rewritten


def _node(node: Any, say: Callable[[str], str | None]) -> Any:
    match node:
        case list():
            return [_node(item, say) for item in node]
        case dict():
            return {key: _value(key, value, node, say) for key, value in node.items()}
    return node


def _value(key: str, value: Any, holder: Mapping[str, Any], say: Callable[[str], str | None]) -> Any:
    if key in DATA:
        return value
    if key == "properties":  # names of fields, which may be called like anything
        return {name: _node(field, say) for name, field in value.items()}
    if key in WORDS and isinstance(value, str):
        is_made = CODES in holder  # a refusal: of texts in the language
        return value if is_made else say(" ".join(value.split())) or value
    return _node(value, say)


@cache
def _load(language: Language) -> Mapping[str, str]:
    path = LOCALES / f"{language}.json"
    sentences: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return sentences
