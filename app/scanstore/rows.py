"""Facts as rows and back. A row is a tuple in the order of the columns named here."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from hashlib import blake2b
from operator import attrgetter
from typing import Any, Final, cast

from app.domain.coverage import Seen
from app.domain.reference_kinds import LOADED, REDIRECT
from app.domain.scan_facts import (
    Capture,
    DnsAnswer,
    DnsOutcome,
    DnsRecord,
    FetchError,
    FrontierUrl,
    Hop,
    HopKind,
    HostFact,
    PageFact,
    Reference,
    Registration,
    RegistrationState,
    Relation,
    ThirdParty,
    TlsFacts,
    UrlState,
)
from app.domain.third_parties import Outcome

Row = tuple[Any, ...]
_CAPTURE_FIELDS: Final = frozenset(field.name for field in fields(Capture))


@dataclass(frozen=True, slots=True)
class ThirdPartyWithOutcome(ThirdParty):
    """A third party with what came of looking at it, as far as the scan got."""

    outcome: Outcome = Outcome.NOT_EXAMINED


@dataclass(frozen=True, slots=True)
class StoredPage(PageFact):
    """A fetched document with its number within the scan, which it keeps."""

    page_id: int = 0


HOST_COLUMNS: Final = "name, sources, addresses, cnames, http_alive, https_alive, wildcard"
URL_COLUMNS: Final = "id, url, key, host, depth, shape, hops, state, seen, found_on"
PAGE_COLUMNS: Final = "url, depth, status, content_type, charset, title, size, parsed, error, duration_ms, truncated"
HOP_COLUMNS: Final = "url, status, address, kind, location"
REFERENCE_COLUMNS: Final = (
    "page_url, url, raw, relation, kind, dom_path, snippet, text, hidden, rel, repeats, via, loaded_by"
)
PARTY_COLUMNS: Final = "domain, hosts, category, reference_count, relation, hidden, example_page"
CAPTURE_COLUMNS: Final = "host, url, domain, html_sha256, text_sha256, screenshot_sha256, page_class, dead, body"

url_row: Final[Callable[[FrontierUrl], Row]] = attrgetter(*URL_COLUMNS.replace("shape", "pattern").split(", "))
page_row: Final[Callable[[PageFact], Row]] = attrgetter(*PAGE_COLUMNS.split(", "))
hop_row: Final[Callable[[Hop], Row]] = attrgetter(*HOP_COLUMNS.split(", "))
_reference_fields: Final[Callable[[Reference], Row]] = attrgetter(*REFERENCE_COLUMNS.split(", "))
# What the version before wrote into `snippet`, by the kind of the reference: see `_of_version_before`.
_LOADED: Final = f"{LOADED}:"
_REDIRECT: Final = f"{REDIRECT}:"
_INITIATORS: Final = " < "


def host_row(fact: HostFact) -> Row:
    words = map(_words, (fact.sources, fact.addresses, fact.cnames))
    return fact.name, *words, fact.http_alive, fact.https_alive, fact.wildcard


def host_fact(row: Row) -> HostFact:
    name, sources, addresses, cnames, http, https, wildcard = row
    lists = (tuple(sources.split()), tuple(addresses.split()), tuple(cnames.split()))
    return HostFact(name, *lists, http_alive=bool(http), https_alive=bool(https), wildcard=bool(wildcard))


def _words(items: Sequence[str]) -> str:
    """Join names or addresses, which hold no blanks."""
    return " ".join(items)


def frontier_url(row: Row) -> FrontierUrl:
    *others, state, seen, found_on = row
    url_id, url, key, host, depth, pattern, hops = others
    known = None if seen is None else Seen(seen)
    return FrontierUrl(url_id, url, key, host, depth, pattern, hops, UrlState(state), known, found_on)


def stored_page(row: Row) -> StoredPage:
    """`row`: the columns of a page, and its id behind them."""
    *columns, page_id = row
    url, depth, status, content_type, charset, title, size, parsed, error, duration_ms, truncated = columns
    failure = FetchError(error) if error else None
    fields = (url, depth, status, content_type, charset, title, size, bool(parsed), failure, duration_ms)
    return StoredPage(*fields, truncated=bool(truncated), page_id=page_id)


def hop_fact(row: Row) -> Hop:
    url, status, address, kind, location = row
    return Hop(url, status, address, HopKind(kind), location)


def reference_row(reference: Reference) -> Row:
    """Return the row, with its identity (see `reference_identity`) and its host in front."""
    *told, via, loaded_by = _reference_fields(reference)
    row = (*told, via, _words(loaded_by))
    return _identity(row), host_in(reference.url), *row


def reference_identity(reference: Reference) -> bytes:
    """Return 16 bytes for all that tells it from another; an index over the texts would be longer than the table.

    `repeats` is not part of it: a page that is read once more after a crash adds nothing. Texts stand behind their
    lengths, so that no page can write one reference that passes for another.
    """
    return cast("bytes", reference_row(reference)[0])


def _identity(row: Row) -> bytes:
    """Columns that the version before had not count only where they are set: its references keep their identity."""
    *told, _, via, loaded_by = row
    added = (via, loaded_by) if via or loaded_by else ()
    key = "".join(["-" if part is None else f"{len(part)}:{part}" for part in (*told, *added)])
    return blake2b(key.encode(errors="surrogatepass"), digest_size=16).digest()


def host_in(url: str) -> str:
    """Return the host of a serialised URL, "" when it has none: no user info, port, brackets or trailing dot."""
    authority = url.partition("//")[2].partition("/")[0].partition("?")[0].partition("#")[0].rpartition("@")[2]
    if authority.startswith("["):
        return authority[1:].partition("]")[0]
    return authority.partition(":")[0].rstrip(".").lower()


def reference_fact(row: Row) -> Reference:
    page_url, url, raw, relation, *others, loaded_by = row
    columns: Row = (page_url, url, raw, Relation(relation), *others, tuple(loaded_by.split()))
    reference = Reference(*columns)
    return _of_version_before(reference) if reference.snippet else reference


def _of_version_before(reference: Reference) -> Reference:
    """Return a reference whose snippet may be another field: one column had three meanings until revision 0044.

    Rows are not changed in the store. They are converted here, where all rows are read, until they are removed with
    their scans: a store may have millions of them, and workers of the version before write such rows during an upgrade.
    """
    if reference.via or reference.loaded_by:
        return reference
    if reference.kind.startswith(_REDIRECT) and reference.snippet.startswith(("http:", "https:")):
        return replace(reference, snippet="", via=reference.snippet)
    if reference.kind.startswith(_LOADED):
        return replace(reference, snippet="", loaded_by=tuple(reference.snippet.split(_INITIATORS)))
    return reference


def party_row(party: ThirdParty) -> Row:
    counted = (party.references, party.relation, party.hidden)
    return party.domain, _words(party.hosts), party.category, *counted, party.example_page


def party_fact(row: Row) -> ThirdParty:
    return ThirdParty(*_party_fields(row))


def seen_party(row: Row, outcome: Outcome) -> ThirdPartyWithOutcome:
    return ThirdPartyWithOutcome(*_party_fields(row), outcome)


def _party_fields(row: Row) -> tuple[str, tuple[str, ...], str, int, Relation, int, str]:
    domain, hosts, category, references, relation, hidden, example_page = row
    return domain, tuple(hosts.split()), category, references, Relation(relation), hidden, example_page


def capture_row(capture: Capture) -> Row:
    """Return the row. Its body is JSON by the standard library: orjson refuses half surrogate pairs of pages."""
    hashes = (capture.html_sha256, capture.text_sha256, capture.screenshot_sha256)
    seen = (capture.page_class, capture.dead)  # beside the body: what came of a domain is read from an index alone
    return capture.host, capture.url, capture.domain, *hashes, *seen, json.dumps(asdict(capture))


def capture_fact(body: str) -> Capture:
    stored = json.loads(body)
    known = {name: stored[name] for name in _CAPTURE_FIELDS & stored.keys()}  # other versions have others
    known["hops"] = tuple(Hop(**{**hop, "kind": HopKind(hop["kind"])}) for hop in known["hops"])
    known["addresses"] = tuple(known["addresses"])
    known["dns"] = _dns_answer(known["dns"]) if known["dns"] else None
    known["tls"] = TlsFacts(**{**known["tls"], "names": tuple(known["tls"]["names"])}) if known["tls"] else None
    known["error"] = FetchError(known["error"]) if known["error"] else None
    if known.get("registration"):
        known["registration"] = registration_fact(known["registration"])
    return Capture(**known)


def registration_fact(fields: Mapping[str, Any]) -> Registration:
    state = RegistrationState(fields["state"])
    return Registration(**{**fields, "state": state, "statuses": tuple(fields["statuses"])})


def _dns_answer(fields: dict[str, Any]) -> DnsAnswer:
    records = tuple(DnsRecord(**record) for record in fields["records"])
    return DnsAnswer(fields["name"], DnsOutcome(fields["outcome"]), records)
