"""Pages of invented organisations, as they were meant, as an intruder left them, and honest ones that come close.

A page is one of `sites/*.html` with changes, or a whole page of its own. `injected*.toml` holds those that somebody
changed, `twins*.toml` their honest twins. Nothing in here is anybody's: names, hosts and handles are invented.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from tests.eval.own_pages.archive import archive
from tests.eval.own_pages.encodings import encoded, plain
from tests.eval.provenance import Provenance, read

FOLDER: Final = Path(__file__).parent
KINDS: Final = (
    "head_swapped",  # title, description or keywords speak of something else
    "link_block",  # a block of outgoing links that people can see
    "hidden_block",  # one that they cannot
    "doorway",  # a page of somebody else's under an own path
    "written_by_script",  # links or texts that a script writes
    "foreign_script",  # a script or frame from a host that only this page uses
    "redirect",  # a script sends some visitors away
    "poisoned_inner",  # an inner page of the site with foreign passages
    "forward",  # an own address that forwards to a violating site
)
_ANCHOR: Final = re.compile(r'<a (?![^>]*="/archive/)[^>]*>([^<]+)</a>')
_CONTENT: Final = re.compile(r"(<!-- content -->).*(<!-- /content -->)", re.DOTALL)
_TITLE: Final = re.compile(r"(<title>).*?(</title>)", re.DOTALL)
_META: Final = '(<meta name="{}" content=").*?(">)'


@dataclass(frozen=True, slots=True)
class OwnPage:
    """One page of the target with what is true of it."""

    id: str
    provenance: Provenance
    site: str  # name of the file in `sites` whose organisation it belongs to
    url: str  # under the organisation's own host
    tampered: bool
    kind: str  # one of KINDS; of a twin the kind that it resembles
    trade: str  # what is promoted, a `violation_key`. "": a twin
    quote: str  # what a finding has to quote, as in `written`: stands in the source or behind one decoding. "": a twin
    written: str  # the source with texts still readable that are encoded when it is sent
    charset: str = "utf-8"
    forwards_to: str = ""  # where the address forwards to; `written` is what stands there then

    @property
    def html(self) -> str:
        """As it is sent."""
        return encoded(self.written)

    @property
    def body(self) -> bytes:
        return self.html.encode(self.charset)

    @property
    def decoded(self) -> str:
        """The source with one level of encoding undone."""
        return plain(self.written)

    @property
    def quotes(self) -> tuple[str, ...]:
        """Texts of which a finding has to quote one: `quote`, or a planted link's, if that is more than a character."""
        planted = [text.strip() for text in _ANCHOR.findall(self.decoded)] if self.tampered else []
        return (self.quote, *(text for text in planted if len(text) > 1 and text not in self.honest))

    @property
    def final_url(self) -> str:
        return self.forwards_to or self.url

    @property
    def honest(self) -> str:
        """The organisation's start page as it was meant: what is usual on this site."""
        return site_html(self.site)


@cache
def site_html(site: str) -> str:
    return (FOLDER / "sites" / f"{site}.html").read_text(encoding="utf-8")


def site_host(site: str) -> str:
    """Every site's page says its own address first of all: `<link rel="canonical">`."""
    found = re.search(r'<link rel="canonical" href="https://([^/"]+)/">', site_html(site))
    assert found, site
    return found.group(1)


def injected() -> tuple[OwnPage, ...]:
    return tuple(_read_all("injected*.toml", tampered=True))


def twins() -> tuple[OwnPage, ...]:
    return tuple(_read_all("twins*.toml", tampered=False))


def _read_all(pattern: str, *, tampered: bool) -> Iterator[OwnPage]:
    for path in sorted(FOLDER.glob(pattern)):
        provenance, document = read(path)
        for entry in document["page"]:
            yield _page(entry, provenance, tampered=tampered)


def _page(entry: dict[str, Any], provenance: Provenance, *, tampered: bool) -> OwnPage:
    written = entry.get("html") or changed(site_html(entry["site"]), entry.get("change", {}))
    charset = entry.get("charset", "utf-8")
    if charset != "utf-8":
        written = written.replace('<meta charset="utf-8">', f'<meta charset="{charset}">')
    return OwnPage(
        id=entry["id"],
        provenance=provenance,
        site=entry["site"],
        url=f"https://{site_host(entry['site'])}{entry.get('path', '/')}",
        tampered=tampered,
        kind=entry["kind"],
        trade=entry.get("trade", ""),
        quote=entry.get("quote", ""),
        written=written,
        charset=charset,
        forwards_to=entry.get("forwards_to", ""),
    )


def changed(html: str, change: dict[str, Any]) -> str:
    """The page with its changes, each named for its place; what a change names has to stand there exactly once."""
    for place, new in sorted(change.items(), key=lambda item: item[0] == "archive"):
        match place:
            case "title":
                html = _replace(_TITLE, html, new)
            case "keywords" | "description":
                html = _replace(re.compile(_META.format(place), re.DOTALL), html, new)
            case "content":
                html = _replace(_CONTENT, html, f"\n{new}\n")
            case "head_end":
                html = _once(html, "</head>", f"{new}\n</head>")
            case "body_start":
                html = _once(html, "<body>", f"<body>\n{new}")
            case "body_end":
                html = _once(html, "</body>", f"{new}\n</body>")
            case "content_end":
                html = _once(html, "<!-- /content -->", f"{new}\n<!-- /content -->")
            case "archive":  # a list of so many ordinary titles: the page is long
                html = _once(html, "<!-- /content -->", archive(new, chinese='lang="en' not in html))
            case "replace":
                for old, other in new:
                    html = _once(html, old, other)
            case "after_end":
                html += new
            case _:
                raise KeyError(place)
    return html


def _replace(pattern: re.Pattern[str], html: str, new: str) -> str:
    changed, times = pattern.subn(lambda match: match.group(1) + new + match.group(2), html)
    assert times == 1, (pattern.pattern, times)
    return changed


def _once(html: str, old: str, new: str) -> str:
    assert html.count(old) == 1, (old, html.count(old))
    return html.replace(old, new)
