"""Facts as JSON and back. Lists instead of objects where there are thousands of them: they take a third of the time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from itertools import zip_longest
from operator import attrgetter
from typing import Any, Final, TypeVar

from app.domain.scan_facts import (
    Capture,
    DnsAnswer,
    DnsOutcome,
    DnsRecord,
    FetchError,
    Hop,
    HopKind,
    Reference,
    Registration,
    RegistrationState,
    Relation,
    ThirdParty,
)
from app.domain.violations import Evidence, ViolationFact, ViolationKey
from app.engines.analyse.subject import SeenLook, Subject
from app.engines.documents.links import DocumentFacts
from app.engines.extract.page import Extraction
from app.engines.html.page_content import Download, Field, PageContent

CHUNK: Final = 1_000  # facts in one piece of an answer: 10 ms of the scan's loop
_Item = TypeVar("_Item")

# A parser does not know the others: redirects are followed, and pages rendered, elsewhere.
_PARSED: Final = [field.name for field in fields(Reference) if field.name not in ("via", "loaded_by")]
_REFERENCE: Final = attrgetter(*_PARSED)
_TEXTS: Final = (
    "icons",
    "headings",
    "meta",
    "alts",
    "actions",
    "sources",
    "declared",
    "link_texts",
)  # of `PageContent`
_RELATIONS: Final = {relation.value: relation for relation in Relation}
_FIELDS: Final = [field.name for field in fields(Extraction)]
_EXTRACTED: Final = [name for name in _FIELDS if name not in ("links", "references")]
_LINKS: Final = _FIELDS.index("links")  # references stand right behind them
_REST: Final = attrgetter(*_EXTRACTED)
_LISTS: Final = [index for index, name in enumerate(_EXTRACTED) if name in ("own_hosts", "stylesheets")]


def chunks(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    """At least one piece, perhaps empty."""
    yield items[:CHUNK]
    for start in range(CHUNK, len(items), CHUNK):
        yield items[start : start + CHUNK]


def reference_to(reference: Reference) -> tuple[Any, ...]:
    """All fields that a parser sets, in their order."""
    found: tuple[Any, ...] = _REFERENCE(reference)
    return found


def reference_of(values: Sequence[Any]) -> Reference:
    """From `reference_to`."""
    page_url, url, raw, relation, *rest = values
    return Reference(page_url, url, raw, _RELATIONS[relation], *rest)


def extraction_to(found: Extraction) -> Iterator[Any]:
    """Pieces: [links, references, facts], then [links, references] as often as it takes."""
    facts: tuple[Any, ...] = (_REST(found),)
    for links, references in zip_longest(chunks(found.links), chunks(found.references), fillvalue=()):
        yield links, [reference_to(reference) for reference in references], *facts
        facts = ()


def extraction_of(rest: list[Any], links: Iterable[str], references: Iterable[Reference]) -> Extraction:
    """From the pieces of `extraction_to`, put together; `rest` are the facts."""
    for index in _LISTS:
        rest[index] = tuple(rest[index])
    if len(rest) != len(_EXTRACTED):
        raise ValueError("facts of another version")
    return Extraction(*rest[:_LINKS], tuple(links), tuple(references), *rest[_LINKS:])  # type: ignore[call-arg]  # as many as there are fields


def document_to(found: DocumentFacts) -> Iterator[Any]:
    """Pieces: the facts, then references as often as it takes."""
    yield replace(found, references=())
    for references in chunks(found.references):
        yield [reference_to(reference) for reference in references]


def document_of(rest: Mapping[str, Any], references: Iterable[Reference]) -> DocumentFacts:
    """From the pieces of `document_to`, put together."""
    known = {"links": tuple(rest["links"]), "own_hosts": tuple(rest["own_hosts"]), "references": tuple(references)}
    return DocumentFacts(**{**rest, **known})


def subject_to(subject: Subject) -> tuple[Any, ...]:
    """Without what no layer looks at."""
    capture = replace(subject.capture, tls=None)
    references = [reference_to(reference) for reference in subject.references]
    seen = (subject.own_icon, subject.picture_text, subject.known_look, subject.known_icon)
    return capture, subject.third_party, subject.page, references, *seen


def subject_of(values: Sequence[Any]) -> Subject:
    """From `subject_to`."""
    capture, party, page, references, own_icon, picture_text, *looks = values
    known = tuple(map(reference_of, references))
    seen = [None if look is None else SeenLook(ViolationKey(look["key"]), look["domain"]) for look in looks]
    return Subject(_capture(capture), _party(party), content_of(page), known, own_icon, picture_text, *seen)


def content_of(values: Mapping[str, Any]) -> PageContent:
    """From a `PageContent` that went through JSON as it is."""
    known = {name: tuple(values[name]) for name in _TEXTS}
    fields = tuple(Field(**item) for item in values["fields"])
    downloads = tuple(Download(**item) for item in values["downloads"])
    return PageContent(**{**values, **known, "fields": fields, "downloads": downloads})


def _capture(values: dict[str, Any]) -> Capture:
    hops = tuple(Hop(**(hop | {"kind": HopKind(hop["kind"])})) for hop in values["hops"])
    error = FetchError(values["error"]) if values["error"] else None
    dns = _dns(values["dns"]) if values["dns"] else None
    registration = _registration(values["registration"]) if values["registration"] else None
    known = {"hops": hops, "error": error, "dns": dns, "registration": registration}
    return Capture(**(values | known | {"addresses": tuple(values["addresses"])}))


def _registration(values: dict[str, Any]) -> Registration:
    known = {"state": RegistrationState(values["state"]), "statuses": tuple(values["statuses"])}
    return Registration(**(values | known))


def _dns(values: dict[str, Any]) -> DnsAnswer:
    records = tuple(DnsRecord(**record) for record in values["records"])
    return DnsAnswer(values["name"], DnsOutcome(values["outcome"]), records)


def _party(values: dict[str, Any]) -> ThirdParty:
    known = {"hosts": tuple(values["hosts"]), "relation": Relation(values["relation"])}
    return ThirdParty(**(values | known))


def violation_of(values: Mapping[str, Any]) -> ViolationFact:
    """From a `ViolationFact` that went through JSON as it is."""
    known = {
        "violation_key": ViolationKey(values["violation_key"]),
        "evidence": tuple(map(Evidence.from_json, values["evidence"])),
    }
    return ViolationFact(**(values | known))  # type: ignore[operator]  # a dict, from JSON
