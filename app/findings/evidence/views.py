"""Evidence as REST shows it: the documents of `findings.schemas.evidence`, with texts in the reader's language.

All text that a page controls goes through `display_text`: no control characters, no secrets of URLs.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import accumulate, islice, pairwise
from typing import Any, Final

from sqlalchemy import Row

from app.core.clock import to_wire
from app.core.redact import display_text, display_value
from app.domain.authorship import Author, Authorship
from app.domain.certificate_error import code_of, describe_certificate_error
from app.domain.evidence_text import evidence_sentence, hiding_text, is_of_site, source_text
from app.domain.findings import AssessedFinding
from app.domain.messages import MessageCatalog
from app.domain.recommendations import Advice
from app.domain.reference_kinds import kind_text, place_text
from app.domain.risk import Embedding, Risk
from app.domain.scan_facts import Capture, DnsAnswer, TlsFacts
from app.domain.tampering import sign_of
from app.domain.violations import Evidence, ViolationKey
from app.findings.evidence.chains import Chain, Step
from app.findings.evidence.exposures import Site, via_of
from app.findings.evidence.kept_contents import Excerpt
from app.findings.violation_mapping import NO_ANNOTATIONS
from app.scans.serialisers import serialise_fact, time_to_wire
from app.scanstore.evidence_reader import StoredReference
from app.scanstore.rows import StoredPage, host_in

Json = dict[str, Any]
MAX_EVIDENCE: Final = 200  # pieces shown of a finding; the analysis gives a few dozen


class EvidenceViews:
    """Makes the documents for one reader. `task_id`, `attempt` and `site` are of the scan that is shown."""

    def __init__(self, language: str, *, task_id: str, attempt: int, site: Site) -> None:
        self._texts = MessageCatalog(language)
        self._site = site
        self._captures = f"/api/v1/tasks/{task_id}/captures/{{sha256}}?attempt={attempt}"

    def finding(
        self,
        found: AssessedFinding,
        violations: Sequence[Row[Any]],
        *,
        found_at: datetime,
        last_seen_at: datetime,
        state: str,
        said: Mapping[str, Any] = NO_ANNOTATIONS,
        screenshot: str = "",
    ) -> Json:
        """A finding in a list. `state`: what applies of the decision; `screenshot`: its hash, "" without one."""
        exposure = found.exposure
        return {
            "finding_id": str(found.id),
            "domain": found.id.domain,
            "violation_key": found.id.cause.value,
            "violation_name": self._name_of(found.id.cause),
            "summary": self._summary(found),
            "risk": self.risk(found.risk),
            "confidence_score": found.confidence_score,
            "needs_review": found.needs_review,
            "violations": [
                {"violation_id": violation.id, "violation_key": violation.violation_key} for violation in violations
            ],
            "embedding": exposure.embedding.value,
            "place": exposure.place.value,
            "depth": exposure.depth,
            "hidden_by": exposure.hidden,
            "hidden_text": self._hidden_text(exposure.hidden),
            "author": exposure.authorship.author.value,
            "author_text": self._author_text(exposure.authorship),
            "page_url": display_text(found.page_url) or None,
            "url": display_text(found.url) or None,
            "via": display_text(exposure.via) or None,
            "found_at": to_wire(found_at),
            "last_seen_at": to_wire(last_seen_at),
            "state": state,
            "decision": said["decision"],
            "assignment": said["assignment"],
            "comment_count": len(said["comments"]),
            "last_comment": said["comments"][-1] if said["comments"] else None,
            "screenshot": self._content(screenshot),
        }

    def risk(self, risk: Risk) -> Json:
        return {
            "level": risk.level.value,
            "level_name": self._texts(risk.level.value),
            "score": risk.score,
            "reasons": [
                {
                    "code": reason.code,
                    "points": reason.points,
                    "params": display_value(dict(reason.params)),
                    "text": self._texts(f"risk.{reason.code}", **self._shown(reason.params)),
                }
                for reason in risk.reasons
            ],
        }

    def advice(self, steps: Iterable[Advice], *, domain: str, page: str, via: str) -> list[Json]:
        params = {"domain": domain, "page": display_text(page) or self._texts("advice_page"), "via": display_text(via)}
        return [{"code": step.value, "text": self._texts(f"advice.{step}", **params)} for step in steps]

    def evidence(self, rows: Iterable[Row[Any]]) -> list[Json]:
        """Evidence of these violations, at most `MAX_EVIDENCE` pieces."""
        items = ((row, item) for row in rows for item in row.evidence)
        return [self._evidence(row, item) for row, item in islice(items, MAX_EVIDENCE)]

    def reference(
        self,
        reference: StoredReference,
        authorship: Authorship,
        excerpt: Excerpt | None = None,
        *,
        third_party: str | None = None,
    ) -> Json:
        """`third_party`: the domain that it leads to, None when that is no third party of the scan."""
        fact, sign = reference.fact, authorship.sign
        return {
            "reference_id": reference.id,
            "page_id": reference.page_id,
            "page_url": display_text(fact.page_url),
            "page_title": display_text(reference.page_title),
            "depth": reference.depth,
            "url": display_text(fact.url),
            "third_party": third_party,
            "raw": display_text(fact.raw),
            "relation": fact.relation.value,
            "relation_name": self._texts(f"relation.{fact.relation.value if sign_of(fact.kind) is None else 'own'}"),
            "kind": display_text(fact.kind),
            "kind_name": display_text(kind_text(fact.kind, self._texts)),
            "dom_path": display_text(place_text(fact.kind, fact.dom_path, self._texts)) or None,
            "snippet": display_text(fact.snippet),
            "link_text": display_text(fact.text),
            "hidden_by": fact.hidden,
            "hidden_text": self._hidden_text(fact.hidden),
            "repeats": fact.repeats,
            "rel": display_text(fact.rel),
            "author": authorship.author.value,
            "author_sign": None if sign is None else sign.value,
            "author_text": self._author_text(authorship),
            "via": display_text(via_of(reference, self._site)) or None,
            "loaded_by": [display_text(url) for url in fact.loaded_by],
            "source": None if excerpt is None else _source(excerpt),
        }

    def chain(self, chain: Chain, origin: Json) -> Json:
        """`origin`: the view of the reference with which it begins."""
        return {
            "reference_id": chain.reference.id,
            "origin": origin,
            "linked_from": None if chain.linked_from is None else _page(chain.linked_from),
            "complete": chain.is_complete,
            "final_url": display_text(chain.final_url),
            "steps": [
                self._step(step, was_asked=chain.is_complete or step is not chain.steps[-1]) for step in chain.steps
            ],
        }

    def capture(self, capture: Capture) -> Json:
        return {
            "url": display_text(capture.url),
            "final_url": display_text(capture.final_url),
            "status": capture.status,
            "title": display_text(capture.title),
            "captured_at": time_to_wire(capture.captured_at),
            "page_class": capture.page_class,
            "dead": capture.dead,
            "error": None if capture.error is None else capture.error.value,
            "addresses": list(capture.addresses),
            "dns": _dns(capture.dns),
            "registration": None if capture.registration is None else serialise_fact(capture.registration),
            "certificate": None if capture.tls is None else self._certificate(capture.tls),
            "html": self._content(capture.html_sha256),
            "text": self._content(capture.text_sha256),
            "source": self._content(capture.source_sha256),
            "screenshot": self._content(capture.screenshot_sha256),
        }

    def _certificate(self, facts: TlsFacts) -> Json:
        code = code_of(facts.error)
        return {
            **serialise_fact(facts),
            "error": describe_certificate_error(facts.error, self._texts),
            "error_code": None if code is None else code.value,
            "error_detail": facts.error,
        }

    def _summary(self, finding: AssessedFinding) -> str:
        exposure = finding.exposure
        key = "hidden" if exposure.hidden is not None else exposure.embedding.value
        if exposure.embedding is Embedding.OWN_CONTENT:
            key = "tampered" if finding.id.cause is ViolationKey.TAMPERED else exposure.embedding.value
        if exposure.embedding is Embedding.LINK and key != "hidden" and exposure.authorship.author is Author.USER:
            key = "user_post"
        if exposure.embedding is Embedding.OWN_CONTENT and finding.id.cause is ViolationKey.TAKEOVER:
            key = "own_takeover"
        end = host_in(finding.url)
        said = self._texts(
            f"finding.{key}",
            domain=finding.id.domain,
            host=display_text(end or finding.id.domain),
            name=self._name_of(finding.id.cause),
            site=self._texts(f"site.{finding.id.cause}"),
            via=display_text(exposure.via),
            hidden_by=hiding_text(exposure.hidden, self._texts),
        )
        if exposure.embedding is Embedding.OWN_CONTENT or end in ("", finding.id.domain):
            return said
        if end.endswith(f".{finding.id.domain}"):
            return said
        return self._texts("finding.forwards", said=said, domain=finding.id.domain, end=display_text(end))

    def _evidence(self, row: Row[Any], item: Mapping[str, Any]) -> Json:
        found = Evidence.from_json(item)
        on_site = is_of_site(found.rule) or self._site.owns(row.domain)
        text = evidence_sentence(found, ViolationKey(row.violation_key), self._texts, on_site=on_site)
        return {
            "violation_id": row.id,
            "violation_key": row.violation_key,
            "layer": found.layer.value,
            "rule": display_text(found.rule),
            "score": found.score,
            "whose": "site" if on_site else "third_party",
            "whose_name": self._texts("whose.site" if on_site else "whose.third_party"),
            "url": display_text(found.page_url or row.url) or None,
            "text": display_text(text),
            "terms": display_value(list(found.terms)),
            "snippet": display_value(found.snippet, breaks=True),
            "offset": found.offset,
            "hidden_by": found.hidden_by,
            "source": display_text(source_text(found, self._texts)),
        }

    def _step(self, step: Step, *, was_asked: bool) -> Json:
        key = next((key for key in (f"hop.{step.how}", f"relation.{step.how}") if key in self._texts), None)
        if step.kind:  # a reference: `script` is no redirect by a script then
            key = f"relation.{step.how}"
        return {
            "url": display_text(step.url),
            "own": self._site.owns(host_in(step.url)),
            "how": step.how or None,
            "how_name": None if key is None else self._texts(key),
            "kind": display_text(step.kind) or None,
            "kind_name": display_text(kind_text(step.kind, self._texts)) or None,
            "status": step.status or None,
            "address": step.address or None,
            "answer_text": self._answer(step) if was_asked else self._texts("answer.not_asked"),
        }

    def _answer(self, step: Step) -> str:
        """Say what is not known, too: silence would pass for nothing being there."""
        status = self._texts("answer.status", status=step.status) if step.status else self._texts("answer.no_status")
        return self._texts.join_clauses((status, step.address or self._texts("answer.no_address")))

    def _content(self, sha256: str) -> Json | None:
        return {"sha256": sha256, "href": self._captures.format(sha256=sha256)} if sha256 else None

    def causes_named(self, part: str) -> tuple[ViolationKey, ...]:
        """Return the causes whose names have this part, in any case; none for ""."""
        return tuple(key for key in ViolationKey if part and part.lower() in self._name_of(key).lower())

    def _name_of(self, key: ViolationKey) -> str:
        return self._texts(f"violation.{key}")

    def _author_text(self, authorship: Authorship) -> str:
        if authorship.sign is None:
            return self._texts(f"author.{authorship.author}")
        said = (f"author.{authorship.author}", f"author_sign.{authorship.sign}")
        return self._texts.join_clauses(self._texts(key) for key in said)

    def _hidden_text(self, hidden_by: str | None) -> str | None:
        return None if hidden_by is None else hiding_text(hidden_by, self._texts)

    def _shown(self, params: Mapping[str, Any]) -> Json:
        """Parameters as they stand in a sentence: codes by their names."""
        shown = {name: display_value(value) for name, value in params.items()}
        if "violation_key" in params:
            shown["name"] = self._name_of(ViolationKey(params["violation_key"]))
        if "hidden_by" in params:
            shown["hidden_by"] = hiding_text(params["hidden_by"], self._texts)
        return shown


def _page(page: StoredPage) -> Json:
    return {
        "page_id": page.page_id,
        "page_url": display_text(page.url),
        "page_title": display_text(page.title),
        "depth": page.depth,
    }


def _source(excerpt: Excerpt) -> Json:
    text, marks = _marked(excerpt)
    return {
        "excerpt": text,
        "offset": excerpt.offset,
        "line": excerpt.line,
        "column": excerpt.column,
        "marks": [{"start": start, "end": end} for start, end in marks],
    }


def _marked(excerpt: Excerpt) -> tuple[str, list[tuple[int, int]]]:
    """Return what is shown of an excerpt, and its marks there: masked secrets have other lengths.

    Without marks where a secret goes beyond one of them: it is masked all the same.
    """
    borders = [0, *(border for mark in excerpt.marks for border in (mark.start, mark.end)), len(excerpt.text)]
    parts = [display_value(excerpt.text[start:end], breaks=True) for start, end in pairwise(borders)]
    ends = list(accumulate(map(len, parts)))
    whole = display_value(excerpt.text, breaks=True)
    return whole, list(zip(ends[::2], ends[1::2], strict=False)) if "".join(parts) == whole else []


def _dns(answer: DnsAnswer | None) -> Json | None:
    if answer is None:
        return None
    records = [
        {"name": record.name, "type": record.type, "value": display_text(record.value), "ttl": record.ttl}
        for record in answer.records
    ]
    return {"outcome": answer.outcome.value, "records": records}
