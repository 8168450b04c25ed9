"""A violation as row, event, item of a snapshot and item of REST.

No field is named that is shown as it is: `ViolationFact` and the row spell them alike, and the event's classes say
which of them the wire has and which it may leave out.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Row

from app.core.clock import to_wire
from app.core.ids import new_id
from app.core.redact import display_value
from app.domain.evidence_text import source_text
from app.domain.findings import AssessedFinding, FindingId
from app.domain.messages import Language, MessageCatalog
from app.domain.translation import KEYS, origin, translate, translate_violation
from app.domain.violations import Evidence, ViolationFact, ViolationKey, violation_type
from app.events.types import Violation, ViolationDetected, ViolationFields

NO_ANNOTATIONS: Final = MappingProxyType({"decision": None, "assignment": None, "comments": ()})

_FACTS: Final = tuple(item.name for item in fields(ViolationFact))
_BESIDE: Final = tuple(name for name in ViolationFields.model_fields if name not in ("violation", *KEYS))
_OPTIONAL: Final = frozenset(name for name, item in ViolationFields.model_fields.items() if not item.is_required())


@dataclass(frozen=True, slots=True)
class NewViolation:
    """A violation on its way into the database. Its texts are clean (`tasks.sink.sanitising`)."""

    fact: ViolationFact
    finding: AssessedFinding  # that it is part of
    id: str = field(default_factory=new_id)  # of the row, and in the event

    def row(self) -> dict[str, Any]:
        """Return the columns of `violations` that the fact decides."""
        made_of = {"text_key": None, "params": None, **origin(self.fact.description)}
        cause = self.finding.id.cause.value
        return {**asdict(self.fact), **made_of, "id": self.id, "cause": cause}

    def event(
        self, language: str, *, violation_counts: Mapping[str, int], finding_counts: Mapping[str, int]
    ) -> ViolationDetected:
        """Return the event beside the row. The counts are those of the run, with this violation."""
        level, cause = self.finding.risk.level, self.finding.id.cause
        fields = {**_wire_fields(self.fact, self.id, level, cause, language), **origin(self.fact.description)}
        counts = {"violation_counts": dict(violation_counts), "finding_counts": dict(finding_counts)}
        return ViolationDetected(**fields, **counts, lang=Language(language))


def snapshot_violation(row: Row[Any], language: str) -> dict[str, Any]:
    """Return an item of a snapshot's `recent`: the fields of the event, with its time."""
    shown = _wire_fields(row, row.id, row.risk_level, row.cause, language)
    fields = {**shown, "text_key": row.text_key, "params": row.params}
    return {**translate_violation(fields, Language(language)), "created_at": to_wire(row.created_at)}


def serialise_violation(
    row: Row[Any],
    *,
    language: str,
    said: Mapping[str, Any] = NO_ANNOTATIONS,
) -> dict[str, Any]:
    """Return an item of REST and of the report: the same names, flat, with the evidence, what people have
    said about its finding (`Annotations`).
    """
    shown = _flat_fields(row, row.id, row.risk_level, row.cause, language)
    fields = {**shown, "text_key": row.text_key, "params": row.params}
    told = translate(fields, Language(language), "description")
    told["evidence"] = [_told_evidence(item, MessageCatalog(language)) for item in row.evidence]
    flat = {name: _displayed(value) for name, value in told.items()}
    return {**flat, "attempt": row.attempt, "created_at": to_wire(row.created_at), **said}


def _told_evidence(item: dict[str, Any], texts: MessageCatalog) -> dict[str, Any]:
    """Return a piece of evidence with the data of its sentence."""
    evidence = Evidence.from_json(item)
    told = {**asdict(evidence), "page_url": evidence.page_url or None}
    return {**told, "source": str(source_text(evidence, texts))}


def _displayed(value: Any) -> Any:
    return display_value(value, breaks=not isinstance(value, str))  # the texts inside evidence have lines


def _wire_fields(
    found: ViolationFact | Row[Any], violation_id: str, risk_level: str, cause: str, language: str
) -> dict[str, Any]:
    flat = _flat_fields(found, violation_id, risk_level, cause, language)
    violation = {name: flat[name] for name in Violation.model_fields}
    return {"violation": violation, **{name: flat[name] for name in _BESIDE}}


def _flat_fields(
    found: ViolationFact | Row[Any], violation_id: str, risk_level: str, cause: str, language: str
) -> dict[str, Any]:
    facts = {name: getattr(found, name) for name in _FACTS}
    return {  # the first ones stand in REST's order
        "violation_id": violation_id,
        "finding_id": str(FindingId(ViolationKey(cause), found.domain)),
        "domain": found.domain,
        "violation_key": found.violation_key,
        "violation_type": violation_type(ViolationKey(found.violation_key), language),
        "risk_level": risk_level,
        **{name: (value or None) if name in _OPTIONAL else value for name, value in facts.items()},
    }
