"""A report as a bundle of STIX 2.1 (OASIS), for threat intelligence platforms (ADR 0077).

An indicator for each third party with a finding that nobody has dismissed, based on what was observed: its domain and
the URLs. What the site itself shows is a note about its page: no platform may block the scanned site. Ids follow from
the scan, and nothing stands in it that another export of the same scan would not have. Markings (TLP) are the reader's.
"""

import json
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from itertools import groupby
from typing import Any, Final
from uuid import UUID, uuid5

from app.core.clock import to_wire
from app.core.json_chunks import Json, encode, encode_array
from app.core.redact import display_text
from app.domain.decisions import DecisionState
from app.domain.risk import Embedding
from app.reports.formats.contents import ReportContents
from app.reports.formats.limits import PROGRAM_NAME, content_url, limits_of
from app.reports.formats.uris import uri_of

SPEC: Final = "2.1"
_OURS: Final = UUID("ac4ec071-85b9-4b05-beb0-a03d230b9585")  # of ids of objects that are no observables
_OBSERVABLES: Final = UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")  # STIX 2.1, section 2.9
_SINCE: Final = "2026-01-01T00:00:00.000Z"  # of what is the same in every report
IDENTITY: Final[Json] = {
    "type": "identity",
    "spec_version": SPEC,
    "id": f"identity--{uuid5(_OURS, 'identity')}",
    "created": _SINCE,
    "modified": _SINCE,
    "name": PROGRAM_NAME,
    "identity_class": "system",
}


def stix_pieces(contents: ReportContents) -> Iterator[bytes]:
    """Yield the file."""
    bundle = _Bundle(contents)
    yield encode({"type": "bundle", "id": bundle.id})[:-1] + b',"objects":'
    yield from encode_array(bundle.objects())
    yield b"}"


class _Bundle:
    """The objects of one scan, each once. Iterate over them once."""

    def __init__(self, contents: ReportContents) -> None:
        row = contents.row
        self._contents = contents
        self._texts = contents.texts
        self._seed = f"{row.id}/{row.run}/{contents.texts.language}"
        self._given: dict[str, None] = {}
        self._created = to_wire(row.started_at or row.created_at)
        self._modified = max(_moments(contents), default=self._created)
        self.id = f"bundle--{uuid5(_OURS, self._seed)}"

    def objects(self) -> Iterator[Json]:
        for item in self._all():
            if item["id"] not in self._given:
                self._given[item["id"]] = None
                yield item
        yield self._report()

    def _all(self) -> Iterator[Json]:
        yield IDENTITY
        is_open = [item for item in self._contents.findings if item["state"] != DecisionState.DISMISSED]
        order = {item["domain"]: number for number, item in reversed(list(enumerate(is_open)))}
        by_domain = sorted(is_open, key=lambda item: order[item["domain"]])
        for domain, items in groupby(by_domain, key=lambda item: item["domain"]):
            found = [self._contents.finding(item["finding_id"]) for item in items]
            foreign = [one for one in found if one["embedding"] != Embedding.OWN_CONTENT]
            if foreign:
                yield from self._third_party(domain, foreign)
            for one in found:
                if one["embedding"] == Embedding.OWN_CONTENT:
                    yield from self._own_content(one)

    def _third_party(self, domain: str, found: Sequence[Json]) -> Iterator[Json]:
        name = _named(domain)
        contents = [_url(url) for url in dict.fromkeys(map(content_url, found)) if url is not None]
        yield name
        yield from contents
        first, last = min(one["found_at"] for one in found), max(one["last_seen_at"] for one in found)
        observed = self._domain_object(
            "observed-data",
            domain,
            first_observed=first,
            last_observed=max(first, last),
            number_observed=len(found),
            object_refs=list(dict.fromkeys([name["id"], *(item["id"] for item in contents)])),
        )
        indicator = self._indicator(domain, name, found, valid_from=first)
        yield from (observed, indicator, self._relationship(indicator["id"], "based-on", observed["id"]))
        for one in found:
            if one["page_url"]:
                page = _url(one["page_url"])
                yield page
                yield self._relationship(page["id"], "related-to", name["id"], description=one["summary"])

    def _indicator(self, domain: str, name: Json, found: Sequence[Json], *, valid_from: str) -> Json:
        kinds = list(dict.fromkeys(one["violation_key"] for one in found))
        needs_review = all(one["needs_review"] for one in found)
        value = name["value"].replace("\\", "\\\\").replace("'", "\\'")
        return self._domain_object(
            "indicator",
            domain,
            name=f"{domain}: {self._texts.join_terms(dict.fromkeys(one['violation_name'] for one in found))}",
            description="\n".join(one["summary"] for one in found),
            pattern=f"[{name['type']}:value = '{value}']",
            pattern_type="stix",
            pattern_version=SPEC,
            valid_from=valid_from,
            labels=[*kinds, *(["needs-review"] if needs_review else [])],
            confidence=round(100 * max(one["confidence_score"] for one in found)),
            external_references=[{"source_name": PROGRAM_NAME, "external_id": one["finding_id"]} for one in found],
        )

    def _own_content(self, found: Json) -> Iterator[Json]:
        url = found["page_url"] or content_url(found)
        place = _named(found["domain"]) if url is None else _url(url)
        yield place
        yield self._domain_object(
            "note",
            found["finding_id"],
            abstract=found["violation_name"],
            content="\n".join([found["summary"], *(step["text"] for step in found["advice"])]),
            labels=[found["violation_key"], *(["needs-review"] if found["needs_review"] else [])],
            object_refs=[place["id"]],
        )

    def _relationship(self, source: str, kind: str, target: str, **more: Any) -> Json:
        values = {"relationship_type": kind, "source_ref": source, "target_ref": target, **more}
        return self._domain_object("relationship", f"{source}/{kind}/{target}", **values)

    def _report(self) -> Json:
        """Return the report, which says what was not examined."""
        texts, row = self._texts, self._contents.row
        dismissed = sum(item["state"] == DecisionState.DISMISSED for item in self._contents.findings)
        said = [limit.text for limit in limits_of(self._contents)]
        if dismissed:
            said.append(texts("stix.dismissed", count=dismissed))
        return self._domain_object(
            "report",
            "report",
            name=texts("report.title", target=display_text(row.target_domain)),
            description="\n".join([*said, texts("stix.not_examined")]),
            published=self._modified,
            report_types=["indicator"],
            object_refs=list(self._given),
        )

    def _domain_object(self, kind: str, key: str, **values: Any) -> Json:
        return {
            "type": kind,
            "spec_version": SPEC,
            "id": f"{kind}--{uuid5(_OURS, f'{self._seed}/{kind}/{key}')}",
            "created_by_ref": IDENTITY["id"],
            "created": self._created,
            "modified": self._modified,
            "lang": self._texts.language,
            **values,
        }


def _moments(contents: ReportContents) -> Iterator[str]:
    """Yield when something of the report has changed last: a version of an object is known by it."""
    row = contents.row
    for at in (row.started_at, row.completed_at):
        if at is not None:
            yield to_wire(at)
    for item in contents.findings:
        yield item["last_seen_at"]
        if item["decision"] is not None:
            yield item["decision"]["decided_at"]


def _named(domain: str) -> Json:
    try:
        kind = f"ipv{ip_address(domain).version}-addr"
    except ValueError:
        kind = "domain-name"
    return _observable(kind, domain)


def _url(url: str) -> Json:
    return _observable("url", uri_of(url))


def _observable(kind: str, value: str) -> Json:
    """Return an observable, whose id everybody makes in the same way of its value (as canonical JSON, RFC 8785)."""
    canonical = json.dumps({"value": value}, ensure_ascii=False, separators=(",", ":"))
    return {"type": kind, "spec_version": SPEC, "id": f"{kind}--{uuid5(_OBSERVABLES, canonical)}", "value": value}
