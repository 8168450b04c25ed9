"""What is stored or sent for people, in the language of its reader. Pure.

Next to a sentence (`message` or `description`) stand `text_key` and `params`, and on an event `lang`: the language of
all its texts. What has no key, because it was written before there were any, stays as it was written.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from app.domain.messages import Language, MessageCatalog, Text
from app.domain.stages import STAGE_BY_KEY, StageKey
from app.domain.violations import ViolationKey, violation_type

Json = dict[str, Any]
KEYS: Final = ("text_key", "params")  # beside every sentence that was made of them


def origin(sentence: str) -> Json:
    """Return what stands beside a sentence: its key and parameters; nothing for one that was not made of them."""
    if not isinstance(sentence, Text):
        return {}
    return {"text_key": sentence.key, "params": dict(sentence.params)}


def said(sentence: str) -> Json:
    """Return the fields of an event whose `message` it is."""
    fields = {"message": str(sentence), **origin(sentence)}
    return {**fields, "lang": sentence.language} if isinstance(sentence, Text) else fields


def translate(fields: Mapping[str, Any], language: Language, name: str = "message") -> Json:
    """Return the fields with the sentence `name` in that language."""
    key = fields.get("text_key")
    text = None if key is None else MessageCatalog(language).remake(key, fields.get("params") or {})
    return {**fields} if text is None else {**fields, name: str(text)}


def translate_event(kind: str, body: Mapping[str, Any], language: Language) -> Json:
    """Return the body of an event of the type `kind` with all its texts in that language."""
    return {**_BY_TYPE.get(kind, translate)(body, language), "lang": language}


def _stage(body: Mapping[str, Any], language: Language) -> Json:
    return {**translate(body, language), "stage": STAGE_BY_KEY[StageKey(body["stage_key"])].name(language)}


def _lines(body: Mapping[str, Any], language: Language) -> Json:
    return {**body, "logs": [translate(line, language) for line in body["logs"]]}


def _completed(body: Mapping[str, Any], language: Language) -> Json:
    error = {"error": translate(body["error"], language)} if "error" in body else {}
    return {**translate(body, language), **error}


def translate_violation(fields: Mapping[str, Any], language: Language) -> Json:
    """Return the fields of an event or a snapshot: the sentence stands in `violation`, its origin beside it."""
    found = fields["violation"]
    told = translate({**found, **{name: fields[name] for name in KEYS if name in fields}}, language, "description")
    name = violation_type(ViolationKey(fields["violation_key"]), language)
    return {**fields, "violation": {**found, "violation_type": name, "description": told["description"]}}


_BY_TYPE: Final[Mapping[str, Callable[[Mapping[str, Any], Language], Json]]] = MappingProxyType(
    {
        "task_progress": _stage,
        "task_stage": _stage,
        "task_logs": _lines,
        "violation_detected": translate_violation,
        "task_completed": _completed,
    }
)
