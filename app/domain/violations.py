"""Kinds of violation, risk levels and the two thresholds that turn a score into a violation."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Final, Self

from app.domain.messages import MessageCatalog, Text
from app.domain.visitors import Visitor


class ViolationKey(StrEnum):
    """Stable key on the wire (`violation_key`)."""

    ADULT = "adult"
    GAMBLING = "gambling"
    FRAUD = "fraud"
    MALWARE = "malware"
    DRUGS = "drugs"
    VIOLENCE = "violence"
    MEDICAL = "medical"
    OTHER = "other"
    TAKEOVER = "takeover"
    HIDDEN_LINK = "hidden_link"
    TAMPERED = "tampered"  # a page of the site itself that somebody else has changed


class RiskLevel(StrEnum):
    """In ascending order."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


WORST_FIRST: Final = tuple(level.value for level in reversed(RiskLevel))


class Layer(StrEnum):
    """Layer of the analysis."""

    REPUTATION = "reputation"
    STRUCTURE = "structure"
    TEXT = "text"
    IMAGE = "image"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why. No verdict without at least one."""

    layer: Layer
    rule: str  # id of the rule, list entry or lexicon
    score: float  # 0..1, what this alone would say
    snippet: str = ""  # quoted from the page, at most 200 characters
    offset: int | None = None  # of the snippet in the captured text, in characters
    provenance: str = ""  # list and date, lexicon version, model name
    terms: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()  # words of the page that speak against it
    hidden_by: str | None = None  # of a link: the kind of hiding, as in `Reference.hidden`
    rendered: bool = False  # that the link is hidden is seen in a browser alone
    page_url: str = ""  # of a hidden link: the page on which it stands; all else stands where the violation was seen
    shown_to: Visitor | None = None  # who alone is shown it; None: everybody

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return what went through JSON. What a later version has added is left out, values as well as fields."""
        known = {name: value for name, value in values.items() if name in _EVIDENCE_FIELDS}
        lists = {name: tuple(known.get(name) or ()) for name in ("terms", "guards")}
        layer, visitor = known.get("layer"), known.get("shown_to")
        kinds = {
            "layer": Layer(layer) if layer in list(Layer) else Layer.STRUCTURE,
            "shown_to": Visitor(visitor) if visitor in list(Visitor) else None,
        }
        return cls(**{**known, **lists, **kinds})


_EVIDENCE_FIELDS: Final = frozenset(item.name for item in fields(Evidence))


@dataclass(frozen=True, slots=True)
class ViolationFact:
    """A violation as stage 5 finds it. Rows, events, snapshots and REST spell its fields in the same way.

    How much it weighs is said by its finding (`domain.findings.AssessedFinding`).
    """

    domain: str  # registrable domain of the third party; of a page that was tampered with, its host
    violation_key: ViolationKey
    confidence_score: float  # 0..1, at least VIOLATION_FROM
    description: str
    evidence: tuple[Evidence, ...]
    needs_review: bool
    url: str = ""  # where the content was seen
    found_on: str = ""  # page of the target that refers to it


VIOLATION_FROM: Final = 0.5  # from this confidence on it is a violation (protocol.md, section 4)
REVIEW_BELOW: Final = 0.8  # below this one it also needs a review


def violation_name(key: ViolationKey, language: str) -> Text:
    """Name a kind of violation for people."""
    return MessageCatalog(language)(f"violation.{key}")


def violation_type(key: ViolationKey, language: str) -> Text:
    """Return `violation_type` on the wire: the name, except where clients know another word from the beginning."""
    texts = MessageCatalog(language)
    first = f"violation_type.{key}"
    return texts(first if first in texts else f"violation.{key}")
