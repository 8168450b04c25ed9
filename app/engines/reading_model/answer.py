"""The answer of the LLM, which is only used if it has the requested form. Pure.

An answer that is not valid is void: it is never repaired, guessed at or believed in part.
"""

import math
import re
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

import orjson

from app.domain.reading import Void
from app.domain.violations import ViolationKey
from app.engines.reading_model.excerpt import Excerpt
from app.engines.reading_model.instructions import find_instruction
from app.engines.reading_model.prompt import CLASSES, INSTRUCTIONS, NO_CLASS, SCHEMA

MAX_ANSWER_CHARS: Final = 8_000  # an answer takes 800
MAX_QUOTES: Final = 3
MAX_QUOTE: Final = 200
MIN_QUOTE_BYTES: Final = 6  # two Chinese characters or six Latin letters: less stands in every text
_FENCE: Final = re.compile(r"\A```(?:json)?[ \t]{0,9}\n(?P<inside>[^`]{1,8000})```\Z", re.IGNORECASE)
_BLANKS: Final = re.compile(r"\s+")
_FIELDS: Final = frozenset(SCHEMA["required"])
_CLASSES: Final = MappingProxyType({**{key.value: key for key in CLASSES}, NO_CLASS: None})


class VoidAnswer(Exception):
    """There is no answer."""

    def __init__(self, reason: Void) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Verdict(StrEnum):
    """What the page does."""

    VIOLATION = "violation"
    CLEAN = "clean"
    UNCLEAR = "unclear"


class Stance(StrEnum):
    """As whom the page speaks."""

    PROMOTES = "promotes"
    REPORTS = "reports"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Opinion:
    """A valid answer, and whose it is."""

    verdict: Verdict
    key: ViolationKey | None  # None: of no class
    stance: Stance
    quotes: tuple[str, ...]  # one to three, each stands in the excerpt
    confidence: float  # 0..1
    injected: bool  # the page speaks to models that read it, as our own rules or the model saw
    instruction: str  # with which words; "" when the model alone saw it
    model: str
    prompt_version: int

    @property
    def provenance(self) -> str:
        """Return whose opinion it is, for evidence."""
        return f"model {self.model}, prompt {self.prompt_version}"

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` reads."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Opinion":
        """Raises ValueError, KeyError or TypeError for what `to_json` has not written."""
        key = ViolationKey(values["key"]) if values["key"] else None
        known = {"verdict": Verdict(values["verdict"]), "key": key, "stance": Stance(values["stance"])}
        return cls(**{**values, **known, "quotes": tuple(values["quotes"])})


def read_answer(content: str, excerpt: Excerpt, *, model: str, prompt_version: int) -> Opinion:
    """Return what the model's message says.

    Raises:
        VoidAnswer: it is not valid.
    """
    values = _parsed(content)
    if not isinstance(values, dict):
        raise VoidAnswer(Void.MALFORMED)
    if values.keys() != _FIELDS:
        raise VoidAnswer(Void.WRONG_VALUE)
    verdict, key, stance = _words(values)
    instruction = next(filter(None, map(find_instruction, excerpt.parts)), "")
    if verdict is Verdict.VIOLATION and (key is None or stance is not Stance.PROMOTES):
        raise VoidAnswer(Void.CONTRADICTORY)
    return Opinion(
        verdict=verdict,
        key=key,
        stance=stance,
        quotes=_quotes(values["quotes"], excerpt),
        confidence=_confidence(values["confidence"]),
        # The model that obeys a page does not say so: our own rules are asked as well.
        injected=_truth(values["injection_seen"]) or bool(instruction),
        instruction=instruction,
        model=model,
        prompt_version=prompt_version,
    )


def _parsed(content: str) -> Any:
    """Parse one JSON value; models put it into a fence although they are told not to."""
    text = content[: MAX_ANSWER_CHARS + 1].strip()
    fenced = _FENCE.match(text)
    if len(text) > MAX_ANSWER_CHARS:
        raise VoidAnswer(Void.MALFORMED)
    try:
        return orjson.loads(fenced["inside"] if fenced else text)
    except orjson.JSONDecodeError as error:
        raise VoidAnswer(Void.MALFORMED) from error


def _words(values: dict[str, Any]) -> tuple[Verdict, ViolationKey | None, Stance]:
    try:
        return Verdict(values["verdict"]), _CLASSES[values["class"]], Stance(values["stance"])
    except (ValueError, KeyError, TypeError) as error:
        raise VoidAnswer(Void.WRONG_VALUE) from error


def _confidence(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or not 0 <= value <= 1:
        raise VoidAnswer(Void.WRONG_VALUE)
    return float(value)


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise VoidAnswer(Void.WRONG_VALUE)
    return value


def _quotes(found: Any, excerpt: Excerpt) -> tuple[str, ...]:
    if not isinstance(found, list) or not 1 <= len(found) <= MAX_QUOTES:
        raise VoidAnswer(Void.WRONG_VALUE)
    return tuple(_quote(item, excerpt) for item in found)


def _quote(found: Any, excerpt: Excerpt) -> str:
    """Return the quote as one line; blanks alone may differ from the excerpt."""
    if not isinstance(found, str) or len(found) > MAX_QUOTE:
        raise VoidAnswer(Void.WRONG_VALUE)
    quote = _BLANKS.sub(" ", found).strip()
    if len(quote.encode("utf-8", "replace")) < MIN_QUOTE_BYTES:
        raise VoidAnswer(Void.INVENTED_QUOTE)
    if any(quote in part for part in excerpt.parts):
        return quote
    raise VoidAnswer(Void.PROMPT_QUOTED if quote in _OUR_WORDS else Void.INVENTED_QUOTE)


_OUR_WORDS: Final = _BLANKS.sub(" ", INSTRUCTIONS)
