"""Where an answer sends the browser on: Location, the Refresh header, meta refresh and plain script assignments.

Pure. URLs are read as browsers do (WHATWG), never by Python's own parsers, which disagree with them.
"""

import re
from collections.abc import Iterable
from typing import Final

import ada_url
from selectolax.lexbor import LexborHTMLParser, LexborNode

from app.engines.extract.nesting import split_nesting
from app.engines.model import HopKind

REDIRECT_STATUSES: Final = frozenset({301, 302, 303, 307, 308})
MAX_REFRESH_DELAY_S: Final = 30  # a longer one is a page that reloads, not a redirect
MAX_STUB_TEXT: Final = 300  # characters; on a page with more text an assignment is some handler's, not a redirect
MAX_SCRIPT: Final = 20_000  # characters of script that are looked at; stubs are tiny

_REFRESH: Final = re.compile(
    r"\A\s*+(\d{0,9}+)[\d.]*+(?:\s*+[;,]\s*+|\s++)(?:url\s*+=\s*+)?(['\"]?)(.*)", re.IGNORECASE | re.DOTALL
)
_ASSIGNMENT: Final = re.compile(
    r"(?<![\w$])(?:(?:window|document|self|top|parent)\.)?location"
    r"(?:(?:\.href)?\s*=(?!=)\s*|\.(?:replace|assign)\(\s*)(['\"`])((?:\\.|(?!\1)[^\\\n]){1,2000})\1"
)
_ESCAPE: Final = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))")


def request_url(url: str) -> str | None:
    """What is asked for: serialised as browsers do, without user info and fragment. None: not a http(s) URL."""
    try:
        parsed = ada_url.URL(url)
    except (ValueError, UnicodeError):
        return None
    if parsed.protocol not in ("http:", "https:") or not parsed.hostname:
        return None
    parsed.username = parsed.password = parsed.hash = ""
    return str(parsed.href)


def join(base: str, reference: str) -> str | None:
    """The absolute URL that a browser makes of a reference, None when it makes none."""
    try:
        return str(ada_url.URL(_ascii_bytes_kept(reference), base=base).href)
    except (ValueError, UnicodeError):
        return None


def location_target(status: int, location: str, base: str) -> str | None:
    """Absolute target of a HTTP redirect; None when the answer is none."""
    return join(base, location) if status in REDIRECT_STATUSES and location else None


def refresh_target(value: str, base: str) -> str | None:
    """Absolute target of a Refresh header or a meta refresh's content; None: it only reloads, or waits long."""
    match = _REFRESH.match(value)
    if match is None or int(match[1] or 0) > MAX_REFRESH_DELAY_S:
        return None
    target = match[3].split(match[2], 1)[0] if match[2] else match[3]
    return _elsewhere(target.strip(), base, base)


def document_redirect(html: str, url: str) -> tuple[HopKind, str] | None:
    """What the document itself does: a meta refresh, or a script of a nearly empty page that sets its location."""
    lowered = html[:200_000].lower()
    has_meta = "http-equiv" in lowered and "refresh" in lowered
    if not has_meta and "location" not in lowered:
        return None
    first, *deeper = map(LexborHTMLParser, split_nesting(html))
    base = _base_of(first, url)
    for tree in (first, *deeper) if has_meta else ():
        if (target := _meta_target(tree.css("meta[http-equiv]"), url, base)) is not None:
            return HopKind.META, target
    target = None if deeper else _script_target(first, url, base)  # a stub does not nest
    return None if target is None else (HopKind.SCRIPT, target)


def _base_of(tree: LexborHTMLParser, url: str) -> str:
    node = tree.css_first("base[href]")
    return (join(url, node.attributes.get("href") or "") if node is not None else None) or url


def _meta_target(nodes: Iterable[LexborNode], url: str, base: str) -> str | None:
    for node in nodes:
        equiv = (node.attributes.get("http-equiv") or "").strip().lower()
        if equiv == "refresh" and not _is_inert(node):
            target = refresh_target(node.attributes.get("content") or "", base)
            if target is not None and target != url:
                return target
    return None


def _is_inert(node: LexborNode) -> bool:
    """A browser that runs scripts reads neither noscript nor template."""
    parent = node.parent
    while parent is not None:
        if parent.tag in ("noscript", "template"):
            return True
        parent = parent.parent
    return False


def _script_target(tree: LexborHTMLParser, url: str, base: str) -> str | None:
    scripts = [node.text() or "" for node in tree.css("script:not([src])")]
    for node in tree.css("script, style, noscript, template"):
        node.decompose()
    text = tree.body.text() if tree.body is not None else ""
    if len(" ".join(text.split())) > MAX_STUB_TEXT:
        return None
    match = next((m for script in scripts if (m := _ASSIGNMENT.search(script[:MAX_SCRIPT]))), None)
    return _elsewhere(_ESCAPE.sub(_unescape, match[2]), url, base) if match is not None else None


def _elsewhere(reference: str, url: str, base: str) -> str | None:
    target = join(base, reference) if reference else None
    return target if target is not None and target != url else None


def _unescape(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    return chr(int(code, 16)) if code else match[3]


def _ascii_bytes_kept(reference: str) -> str:
    """Header values come with undecodable bytes as surrogates: percent-encode those bytes as browsers do."""
    if reference.isascii() or not any("\udc80" <= char <= "\udcff" for char in reference):
        return reference
    raw = reference.encode("utf-8", "surrogateescape")
    return "".join(chr(byte) if byte < 0x80 else f"%{byte:02X}" for byte in raw)  # noqa: PLR2004 - ASCII's end
