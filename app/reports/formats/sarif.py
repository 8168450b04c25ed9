"""A report as SARIF 2.1.0 (OASIS, errata 01): one run, a rule for each kind of finding, a result for each finding.

Results are encoded while they are read. A finding that needs a review has the kind `review`, and then no level but
`none` is allowed: its risk stands in `rank` and in the properties.
"""

from collections.abc import Iterator
from types import MappingProxyType
from typing import Any, Final

from app.core.clock import to_wire
from app.core.json_chunks import Json, encode, object_pieces
from app.core.redact import MASK
from app.domain.decisions import DecisionState
from app.domain.third_parties import Outcome
from app.domain.violations import RiskLevel, ViolationKey, violation_name
from app.findings.evidence.origin import origin_of
from app.reports.formats.contents import ReportContents
from app.reports.formats.limits import PROGRAM_NAME, Limit, content_url, limits_of
from app.reports.formats.uris import uri_of
from app.scans.serialisers import serialise_coverage

VERSION: Final = "2.1.0"
SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT: Final = "findingId/v1"
MAX_STEPS: Final = 20  # of the path to the content
NOT_SEEN: Final = (Outcome.NOT_EXAMINED, Outcome.UNREACHABLE, Outcome.GONE)
LEVELS: Final = MappingProxyType(
    {
        RiskLevel.CRITICAL: "error",
        RiskLevel.HIGH: "error",
        RiskLevel.MEDIUM: "warning",
        RiskLevel.LOW: "note",
    }
)
_RULES: Final = tuple(ViolationKey)
# In a message, braces are places and brackets are links (SARIF 3.11.5 and 3.11.6).
_ESCAPED: Final = str.maketrans({"{": "{{", "}": "}}", "[": "\\[", "]": "\\]", "\\": "\\\\"})


def sarif_pieces(contents: ReportContents) -> Iterator[bytes]:
    """Yield the file."""
    yield encode({"$schema": SCHEMA, "version": VERSION})[:-1] + b',"runs":['
    yield from object_pieces(_run(contents), results=_results(contents))
    yield b"]}"


def _run(contents: ReportContents) -> Json:
    row = contents.row
    return {
        "tool": {"driver": _driver(contents)},
        "language": contents.texts.language,
        "automationDetails": {"id": f"{row.target_domain}/{row.id}/{row.attempt}"},
        "invocations": [_invocation(contents)],
        "redactionTokens": [MASK],
        "properties": _seen(contents),
    }


def _driver(contents: ReportContents) -> Json:
    program = contents.origin.program
    page = contents.origin.public_url
    return {
        "name": PROGRAM_NAME,
        "fullName": program,
        "version": program.rpartition(" ")[2],
        **({} if page is None else {"informationUri": uri_of(page)}),
        "rules": [_rule(kind, contents) for kind in _RULES],
    }


def _rule(kind: ViolationKey, contents: ReportContents) -> Json:
    texts = contents.texts
    return {
        "id": kind.value,
        "shortDescription": _message(violation_name(kind, texts.language)),
        "fullDescription": _message(texts(f"violation_about.{kind}")),
        "help": _message(texts(f"violation_help.{kind}")),
    }


def _invocation(contents: ReportContents) -> Json:
    row, limits = contents.row, list(limits_of(contents))
    times = {"startTimeUtc": row.started_at, "endTimeUtc": row.completed_at}
    return {
        "executionSuccessful": not any(limit.is_decisive for limit in limits),
        **{name: to_wire(at) for name, at in times.items() if at is not None},
        "toolExecutionNotifications": [_notification(limit) for limit in limits],
    }


def _notification(limit: Limit) -> Json:
    level = "error" if limit.is_decisive else "warning"
    return {"descriptor": {"id": limit.code}, "level": level, "message": _message(limit.text)}


def _seen(contents: ReportContents) -> Json:
    """Return how much was examined, and what was not."""
    row, reader = contents.row, contents.reader
    crawled, known = reader.coverage()
    left_out = {outcome: contents.not_examined(outcome, limit=0)[1] for outcome in NOT_SEEN}
    return {
        "target": row.target_domain,
        "taskId": row.id,
        "attempt": row.attempt,
        "result": None if row.verdict is None else row.verdict["result"],
        "reasons": [] if row.verdict is None else list(row.verdict["reasons"]),
        "coverage": {"crawled": crawled, "known": known, **serialise_coverage(contents.coverage)},
        "thirdParties": contents.third_party_count,
        "thirdPartiesNotExamined": {outcome.value: count for outcome, count in left_out.items() if count},
        "omittedReferences": reader.omitted_third_parties(),
    }


def _results(contents: ReportContents) -> Iterator[Json]:
    for item in contents.findings:
        yield _result(contents.finding(item["finding_id"]), contents)


def _result(found: Json, contents: ReportContents) -> Json:
    level = "none" if found["needs_review"] else LEVELS[RiskLevel(found["risk"]["level"])]
    content = content_url(found)
    place = found["page_url"] or content
    return {
        "ruleId": found["violation_key"],
        "ruleIndex": _RULES.index(found["violation_key"]),
        "kind": "review" if found["needs_review"] else "fail",
        "level": level,
        "message": _message(found["summary"]),
        "rank": float(found["risk"]["score"]),
        "locations": [] if place is None else [_place(place, origin_of(found), contents)],
        "relatedLocations": _related(found, content, contents),
        "partialFingerprints": {FINGERPRINT: found["finding_id"]},
        "suppressions": _suppressions(found),
        **_baseline(found, contents),
        "properties": _properties(found),
    }


def _place(url: str, origin: Any, contents: ReportContents) -> Json:
    """Return the page of the site that has to be changed, with the element on it."""
    place = {**_location(url), "message": _message(contents.texts("sarif.page"))}
    if origin is None or origin["page_url"] != url or not origin["dom_path"]:
        return place
    element = {"name": origin["link_text"], "fullyQualifiedName": origin["dom_path"], "kind": "element"}
    return {**place, "logicalLocations": [{name: value for name, value in element.items() if value}]}


def _related(found: Json, content: str | None, contents: ReportContents) -> list[Json]:
    """Return the content, and the addresses that lead to it."""
    steps = found["chains"][0]["steps"] if found["chains"] else []
    named = {uri_of(step["url"]): "sarif.step" for step in steps[1 : MAX_STEPS + 1]}  # each once: so is the standard
    if content is not None:
        named[uri_of(content)] = "sarif.content"
    return [{**_location(url), "message": _message(contents.texts(key))} for url, key in named.items()]


def _location(url: str) -> Json:
    return {"physicalLocation": {"artifactLocation": {"uri": uri_of(url)}}}


def _suppressions(found: Json) -> list[Json]:
    """Return the decision that dismissed a finding. An empty list says that nobody did."""
    if found["state"] != DecisionState.DISMISSED:
        return []
    decision = found["decision"] or {}
    return [
        {
            "kind": "external",
            "status": "accepted",
            "justification": decision.get("reason") or "",
            "properties": {
                "decidedBy": decision.get("decided_by"),
                "decidedAt": decision.get("decided_at"),
                "expiresOn": decision.get("expires_on"),
            },
        }
    ]


def _baseline(found: Json, contents: ReportContents) -> Json:
    """Return what became of the finding since the scan before; nothing where there is none."""
    earlier = contents.earlier_risks
    if earlier is None:
        return {}
    before = earlier.get(found["finding_id"])
    if before is None:
        return {"baselineState": "new"}
    return {"baselineState": "unchanged" if before == found["risk"]["level"] else "updated"}


def _properties(found: Json) -> Json:
    risk = found["risk"]
    return {
        "domain": found["domain"],
        "risk": risk["level"],
        "riskName": risk["level_name"],
        "riskReasons": [f"{reason['text']}: {reason['points']:+}" for reason in risk["reasons"]],
        "confidence": found["confidence_score"],
        "needsReview": found["needs_review"],
        "decision": found["state"],
        "hidden": found["hidden_text"],
        "via": found["via"],
        "foundAt": found["found_at"],
        "actions": [step["text"] for step in found["advice"]],
    }


def _message(text: str) -> Json:
    return {"text": text.translate(_ESCAPED)}
