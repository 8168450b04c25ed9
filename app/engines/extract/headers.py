"""References in response headers: what the site allows, reports to, preloads and points at."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from app.domain.scan_facts import Reference, Relation
from app.engines.extract.url_attributes import link_rule
from app.engines.html.redirects import parse_refresh
from app.engines.urls import resolve

_SNIPPET: Final = 200
_LINK_VALUE: Final = re.compile(r"<([^<>]{0,4096})>((?:\s*;[^,<]*(?:\"[^\"]*\")?)*)")
_REL: Final = re.compile(r"rel\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))", re.IGNORECASE)
_URL_IN_JSON: Final = re.compile(r"https?://[^\s\"'<>\\]+|(?<=\")/[^\s\"'<>\\]*")
_DIRECTIVES: Final = re.compile(r"[;,]")
# A source expression with a host (CSP 3, 2.3.1): optional scheme and wildcard, a host with a dot, port, path.
_CSP_HOST: Final = re.compile(
    r"^(?:(https?|wss?)://)?(?:\*\.)?((?:[a-z0-9_\-]+\.)+[a-z0-9\-]{2,})(?::(?:\d+|\*))?(/\S*)?$", re.IGNORECASE
)
_DOMAIN: Final = re.compile(r"(?:[a-z0-9_\-]{1,63}\.){1,20}[a-z0-9\-]{2,63}", re.IGNORECASE)
_SCHEMES: Final = {"http": "http", "ws": "http"}  # everything else is fetched over https
_Found = tuple[str, Relation, str, str]  # URL as written, relation, kind, rel


def extract_headers(headers: Sequence[tuple[str, str]], *, url: str) -> tuple[Reference, ...]:
    """Return the references of headers (names lower case). What CSP and CORS allow is only mentioned. Never raises."""
    return tuple(
        Reference(
            page_url=url,
            url=target,
            raw=raw,
            relation=relation,
            kind=kind,
            rel=rel,
            snippet=(raw if name == _COOKIE else value)[:_SNIPPET],  # the value of a cookie may be a secret
        )
        for name, value in headers
        if (reader := _READERS.get(name)) is not None
        for raw, relation, kind, rel in reader(value)
        if (target := resolve(url, raw)) is not None
    )


def read_csp(value: str, place: str = "header:csp") -> Iterator[_Found]:
    """Yield the hosts of a Content-Security-Policy with their directive, also from a `meta` element."""
    for directive in _DIRECTIVES.split(value):
        words = directive.split()
        for word in words[1:]:
            if match := _CSP_HOST.match(word):
                scheme = _SCHEMES.get((match[1] or "").lower(), "https")
                yield f"{scheme}://{match[2]}{match[3] or '/'}", Relation.MENTION, f"{place}:{words[0].lower()}", ""
            elif words[0].lower() == "report-uri":
                yield word, Relation.MENTION, f"{place}:report-uri", ""


def read_link(value: str) -> Iterator[_Found]:
    """Yield the targets of a Link header (RFC 8288); their strength follows from `rel`, as for the element."""
    for match in _LINK_VALUE.finditer(value):
        found = _REL.search(match[2])
        rel = (found[1] or found[2] or "").lower() if found else ""
        yield match[1], link_rule(rel).relation, "header:link", rel


def _read_refresh(value: str) -> Iterator[_Found]:
    if (refresh := parse_refresh(value)) is not None:
        yield refresh.url, Relation.REDIRECT, "header:refresh", ""


def _read_origin(value: str) -> Iterator[_Found]:
    if "://" in value:
        yield value.strip(), Relation.MENTION, "header:cors", ""


def _read_cookie(value: str) -> Iterator[_Found]:
    """Yield the domain for which a cookie is set (RFC 6265, section 5.2.3), as a host there."""
    for attribute in value.split(";")[1:]:
        name, _, domain = attribute.partition("=")
        if name.strip().lower() == "domain" and _DOMAIN.fullmatch(host := domain.strip().removeprefix(".")):
            yield f"https://{host}/", Relation.MENTION, "header:set-cookie", ""


def _read_whole(kind: str) -> Callable[[str], Iterator[_Found]]:
    def read(value: str) -> Iterator[_Found]:
        if value.strip():
            yield value.strip(), Relation.MENTION, kind, ""

    return read


def _read_json(kind: str) -> Callable[[str], Iterator[_Found]]:
    """Make a reader of quoted URLs: Report-To and NEL hold JSON, Reporting-Endpoints a structured field."""

    def read(value: str) -> Iterator[_Found]:
        for match in _URL_IN_JSON.finditer(value.replace("\\/", "/")):
            yield match[0], Relation.MENTION, kind, ""

    return read


_COOKIE: Final = "set-cookie"
_READERS: Final[dict[str, Callable[[str], Iterator[_Found]]]] = {
    "content-security-policy": read_csp,
    "content-security-policy-report-only": read_csp,
    "x-content-security-policy": read_csp,
    "link": read_link,
    "refresh": _read_refresh,
    "report-to": _read_json("header:report-to"),
    "reporting-endpoints": _read_json("header:report-to"),
    "access-control-allow-origin": _read_origin,
    "sourcemap": _read_whole("header:sourcemap"),
    "x-sourcemap": _read_whole("header:sourcemap"),
    "content-location": _read_whole("header:content-location"),
    _COOKIE: _read_cookie,
}
