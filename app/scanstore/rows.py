"""Facts as rows and back. A row is a tuple in the order of the columns named here."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import Any, Final

from app.domain.coverage import Seen
from app.domain.parties import Outcome
from app.engines.model import (
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
    Relation,
    ThirdParty,
    TlsFacts,
    UrlState,
)

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class SeenParty(ThirdParty):
    """A third party with what came of looking at it, as far as the scan got."""

    outcome: Outcome = Outcome.NOT_EXAMINED


HOST_COLUMNS: Final = "name, sources, addresses, cnames, http_alive, https_alive, wildcard"
URL_COLUMNS: Final = "id, url, key, host, depth, shape, hops, state, seen"
PAGE_COLUMNS: Final = "url, depth, status, content_type, charset, title, size, parsed, error, duration_ms, truncated"
HOP_COLUMNS: Final = "url, status, address, kind, location"
REFERENCE_COLUMNS: Final = "page_url, url, raw, relation, kind, dom_path, snippet, text, hidden, rel"
PARTY_COLUMNS: Final = "domain, hosts, category, reference_count, relation, hidden, example_page"
CAPTURE_COLUMNS: Final = "host, url, domain, html_sha256, text_sha256, screenshot_sha256, page_class, dead, body"


def host_row(fact: HostFact) -> Row:
    return (
        fact.name,
        _words(fact.sources),
        _words(fact.addresses),
        _words(fact.cnames),
        fact.http_alive,
        fact.https_alive,
        fact.wildcard,
    )


def host_fact(row: Row) -> HostFact:
    name, sources, addresses, cnames, http, https, wildcard = row
    lists = (tuple(sources.split()), tuple(addresses.split()), tuple(cnames.split()))
    return HostFact(name, *lists, http_alive=bool(http), https_alive=bool(https), wildcard=bool(wildcard))


def _words(items: Sequence[str]) -> str:
    """Names and addresses hold no blanks."""
    return " ".join(items)


def url_row(url: FrontierUrl) -> Row:
    return url.id, url.url, url.key, url.host, url.depth, url.shape, url.hops, url.state, url.seen


def frontier_url(row: Row) -> FrontierUrl:
    *others, state, seen = row
    url_id, url, key, host, depth, shape, hops = others
    known = None if seen is None else Seen(seen)
    return FrontierUrl(url_id, url, key, host, depth, shape, hops, UrlState(state), known)


def page_row(page: PageFact) -> Row:
    return (
        page.url,
        page.depth,
        page.status,
        page.content_type,
        page.charset,
        page.title,
        page.size,
        page.parsed,
        page.error,
        page.duration_ms,
        page.truncated,
    )


def page_fact(row: Row) -> PageFact:
    url, depth, status, content_type, charset, title, size, parsed, error, duration_ms, truncated = row
    failure = FetchError(error) if error else None
    fields = (url, depth, status, content_type, charset, title, size, bool(parsed), failure, duration_ms)
    return PageFact(*fields, truncated=bool(truncated))


def hop_row(hop: Hop) -> Row:
    return hop.url, hop.status, hop.address, hop.kind, hop.location


def reference_row(reference: Reference) -> Row:
    """With the host in front, and the identity before it (see `reference_identity`)."""
    return (
        reference_identity(reference),
        host_in(reference.url),
        reference.page_url,
        reference.url,
        reference.raw,
        reference.relation,
        reference.kind,
        reference.dom_path,
        reference.snippet,
        reference.text,
        reference.hidden,
        reference.rel,
    )


def reference_identity(reference: Reference) -> bytes:
    """16 bytes for (page, url, kind): an index over the three texts would be longer than the table."""
    key = f"{reference.page_url}\n{reference.url}\n{reference.kind}".encode(errors="surrogatepass")
    return blake2b(key, digest_size=16).digest()


def host_in(url: str) -> str:
    """Host of a serialised URL: no user info, no port, no brackets, no trailing dot; "" when there is none."""
    authority = url.partition("//")[2].partition("/")[0].partition("?")[0].partition("#")[0].rpartition("@")[2]
    if authority.startswith("["):
        return authority[1:].partition("]")[0]
    return authority.partition(":")[0].rstrip(".").lower()


def reference_fact(row: Row) -> Reference:
    page_url, url, raw, relation, *others = row
    return Reference(page_url, url, raw, Relation(relation), *others)


def party_row(party: ThirdParty) -> Row:
    return (
        party.domain,
        _words(party.hosts),
        party.category,
        party.references,
        party.relation,
        party.hidden,
        party.example_page,
    )


def party_fact(row: Row) -> ThirdParty:
    return ThirdParty(*_party_fields(row))


def seen_party(row: Row, outcome: Outcome) -> SeenParty:
    return SeenParty(*_party_fields(row), outcome)


def _party_fields(row: Row) -> tuple[str, tuple[str, ...], str, int, Relation, int, str]:
    domain, hosts, category, references, relation, hidden, example_page = row
    return domain, tuple(hosts.split()), category, references, Relation(relation), hidden, example_page


def capture_row(capture: Capture) -> Row:
    """The body is JSON by the standard library: orjson refuses half surrogate pairs, and texts of pages hold them."""
    hashes = (capture.html_sha256, capture.text_sha256, capture.screenshot_sha256)
    seen = (capture.page_class, capture.dead)  # beside the body: what came of a domain is read from an index alone
    return capture.host, capture.url, capture.domain, *hashes, *seen, json.dumps(asdict(capture))


def capture_fact(body: str) -> Capture:
    fields = json.loads(body)
    fields["hops"] = tuple(Hop(**{**hop, "kind": HopKind(hop["kind"])}) for hop in fields["hops"])
    fields["addresses"] = tuple(fields["addresses"])
    fields["dns"] = _dns_answer(fields["dns"]) if fields["dns"] else None
    fields["tls"] = TlsFacts(**{**fields["tls"], "names": tuple(fields["tls"]["names"])}) if fields["tls"] else None
    fields["error"] = FetchError(fields["error"]) if fields["error"] else None
    return Capture(**fields)


def _dns_answer(fields: dict[str, Any]) -> DnsAnswer:
    records = tuple(DnsRecord(**record) for record in fields["records"])
    return DnsAnswer(fields["name"], DnsOutcome(fields["outcome"]), records)
