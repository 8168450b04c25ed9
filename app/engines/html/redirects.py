"""Where a document sends the browser by itself: a Refresh header, a meta refresh, a plain script assignment."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

from selectolax.lexbor import LexborNode

from app.domain.scan_facts import HopKind
from app.engines.html.document import HtmlDocument
from app.engines.html.marks import marks
from app.engines.html.script_text import decode_base64, is_top_level, unescape_script
from app.engines.urls import join

MAX_REFRESH_DELAY_S: Final = 30  # a longer one is a page that reloads, not a redirect
MAX_STUB_TEXT: Final = 300  # characters; on a page with more text an assignment is some handler's, not a redirect
_MAX_SCRIPT: Final = 65_536  # characters of a script that are searched; those that redirect are short
_MAX_LOCATIONS: Final = 20
_EQUIVALENT: Final = marks(b"http-equiv")
_SENDS: Final = marks(b"location")

_REFRESH: Final = re.compile(
    r"""\A\s*+(?=[\d.;,]|url\s*+=)(\d{0,9}+)[\d.]*+\s*+[;,]?+\s*+(?:url\s*+=\s*+)?+(?:"([^"]*+)|'([^']*+)|(\S.*))""",
    re.IGNORECASE | re.DOTALL,
)
_LITERAL: Final = r"""(?:atob\s*\(\s*)?(?:"([^"\\\n]{1,2000})"|'([^'\\\n]{1,2000})'|`([^`\\$\n]{1,2000})`)"""
_WINDOW: Final = r"(?<![\w$.])(?:(?:window|document|self|top|parent|this)\s*\.\s*)?"
_LOCATION: Final = re.compile(
    rf"{_WINDOW}location(?:\s*\.\s*href)?\s*=\s*{_LITERAL}(?!\s*[+.?])"
    rf"|{_WINDOW}location\s*\.\s*(?:replace|assign)\s*\(\s*{_LITERAL}\s*\)(?!\s*[+.?])"
)
_DATA_TYPES: Final = (
    "json",
    "importmap",
    "template",
    "text/html",
    "speculationrules",
)  # in the type of a script that does not run


Redirect = tuple[HopKind, str]  # what sends the browser on, and where to


class Refresh(NamedTuple):
    """What a Refresh header or a meta refresh says."""

    delay_s: int
    url: str  # as written


def parse_refresh(value: str) -> Refresh | None:
    """The value of a Refresh header, or the content of `<meta http-equiv=refresh>`; None when it only reloads."""
    match = _REFRESH.match(value)
    url = next((group.strip() for group in match.groups()[1:] if group), "") if match else ""
    return Refresh(int(match[1] or 0), url) if match and url else None


def refresh_target(value: str, base: str, url: str) -> str | None:
    """Absolute target of a refresh on the page `url`; None: it only reloads, or waits long."""
    refresh = parse_refresh(value)
    if refresh is None or refresh.delay_s > MAX_REFRESH_DELAY_S:
        return None
    return _elsewhere(refresh.url, base, url)


def document_redirect(document: HtmlDocument, url: str) -> Redirect | None:
    """What the document itself does: a meta refresh, or a script of a nearly empty page that sets its location."""
    base = document.base_url(url)
    for content in meta_refreshes(document):
        if (target := refresh_target(content, base, url)) is not None:
            return HopKind.META, target
    if len(document.trees) > 1:  # a stub does not nest
        return None
    found = next(script_locations(document, nested=True), None)
    if found is None or len(document.visible_text) > MAX_STUB_TEXT:
        return None
    target = _elsewhere(found[0], base, url)
    return None if target is None else (HopKind.SCRIPT, target)


def meta_refreshes(document: HtmlDocument) -> Iterator[str]:
    """Contents of the meta refreshes that a browser obeys."""
    for node in document.select("meta[http-equiv]", attributes=_EQUIVALENT):
        attributes = node.attributes
        is_refresh = (attributes.get("http-equiv") or "").strip().lower() == "refresh"
        if is_refresh and node.mem_id not in document.inactive:
            yield attributes.get("content") or ""


def script_locations(document: HtmlDocument, *, nested: bool) -> Iterator[tuple[str, LexborNode]]:
    """Where scripts of the document send the window, as written (see `find_location`), with the script's element."""
    if document.marks.isdisjoint(_SENDS) or "location" not in document.markup:
        return
    for node in document.select("script:not([src])"):
        is_code = not is_data_script(node) and node.mem_id not in document.inactive
        if is_code and (raw := find_location(node.text(), nested=nested)) is not None:
            yield raw, node


def find_location(text: str, *, nested: bool) -> str | None:
    """Where a script sends the window, as written: `location = "..."`, `location.replace("...")` and their kin.

    Inside braces that happens only when the function is called, so those count only with `nested`, which suits pages
    that show nothing else. None when no constant target is found.
    """
    if "location" not in text:
        return None
    plain = unescape_script(text[:_MAX_SCRIPT])
    for match in islice(_LOCATION.finditer(plain), _MAX_LOCATIONS):
        if nested or is_top_level(plain[: match.start()]):
            target = next(group for group in match.groups() if group)
            return decode_base64(target) if "atob" in match[0] else target
    return None


def is_data_script(node: LexborNode) -> bool:
    """Whether a `script` element holds data instead of code."""
    kind = (node.attributes.get("type") or "").lower()
    return any(word in kind for word in _DATA_TYPES)


def _elsewhere(reference: str, base: str, url: str) -> str | None:
    target = join(base, reference) if reference else None
    return target if target is not None and target != url else None
