"""Which attribute of which element refers to a URL, and how strongly. Tests are generated from this table.

Sources: the HTML standard's index of attributes, its list of obsolete features (browsers still load `background` and
`lowsrc`), and SVG 2. What runs in the page or frames it is SCRIPT; what is fetched for it is EMBED; what a person
follows is LINK.
"""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.domain.scan_facts import Relation


class UrlSyntax(StrEnum):
    """How URLs are written in an attribute's value."""

    URL = "url"  # one
    SRCSET = "srcset"  # candidates with descriptors
    LIST = "list"  # separated by white space (`ping`) or commas (`archive`)


@dataclass(frozen=True, slots=True)
class UrlRule:
    """What an attribute's URL is for."""

    relation: Relation
    form: UrlSyntax = UrlSyntax.URL
    crawl: bool = False  # leads to a document that a crawler may fetch


_LINK: Final = UrlRule(Relation.LINK)
_FOLLOW: Final = UrlRule(Relation.LINK, crawl=True)
_EMBED: Final = UrlRule(Relation.EMBED)
_SRCSET: Final = UrlRule(Relation.EMBED, UrlSyntax.SRCSET)
_RUN: Final = UrlRule(Relation.SCRIPT)
_FRAME: Final = UrlRule(Relation.SCRIPT, crawl=True)
_PING: Final = UrlRule(Relation.EMBED, UrlSyntax.LIST)

# Where scripts that load late find the address that they put into `src` when the place is scrolled to.
_LAZY: Final = (
    "data-src", "data-original", "data-lazy-src", "data-lazy", "data-lazyload", "data-actualsrc", "data-echo",
    "data-url", "lazy-src", "lay-src", "original", "_src", "file", "zoomfile",
)  # fmt: skip
_LAZY_IMAGE: Final = {**dict.fromkeys(_LAZY, _EMBED), "data-srcset": _SRCSET, "data-lazy-srcset": _SRCSET}
_LAZY_FRAME: Final = dict.fromkeys(("data-src", "data-lazy-src", "data-original", "data-url"), _FRAME)

_MATHML: Final = (
    "math", "maction", "menclose", "merror", "mfenced", "mfrac", "mi", "mmultiscripts", "mn", "mo", "mover", "mpadded",
    "mphantom", "mroot", "mrow", "ms", "mspace", "msqrt", "mstyle", "msub", "msubsup", "msup", "mtable", "mtd", "mtext",
    "mtr", "munder", "munderover", "semantics",
)  # fmt: skip

# Element -> attribute -> rule. Names as the parser gives them: `feImage` keeps its capital.
URL_ATTRIBUTES: Final = MappingProxyType(
    {
        "a": {"href": _FOLLOW, "xlink:href": _FOLLOW, "data-href": _FOLLOW, "ping": _PING},
        "area": {"href": _FOLLOW, "ping": _PING},
        "link": {"href": _LINK, "imagesrcset": _SRCSET},  # its strength and crawling follow from `rel`
        "base": {"href": _EMBED},
        "script": {"src": _RUN, "data-src": _RUN, "href": _RUN, "xlink:href": _RUN},
        "iframe": {"src": _FRAME, "longdesc": _FOLLOW, **_LAZY_FRAME},
        "frame": {"src": _FRAME, "longdesc": _FOLLOW},
        "portal": {"src": _FRAME},
        "fencedframe": {"src": _FRAME},  # as first shipped; today a script gives it what it shows
        "embed": {"src": _RUN},
        "object": {
            "data": _RUN,
            "codebase": _RUN,
            "archive": UrlRule(Relation.SCRIPT, UrlSyntax.LIST),
            "classid": _RUN,
        },
        "applet": {"code": _RUN, "codebase": _RUN, "archive": UrlRule(Relation.SCRIPT, UrlSyntax.LIST)},
        "img": {
            "src": _EMBED,
            "srcset": _SRCSET,
            "lowsrc": _EMBED,
            "dynsrc": _EMBED,
            "longdesc": _FOLLOW,
            **_LAZY_IMAGE,
        },
        "amp-img": {"src": _EMBED, "srcset": _SRCSET},
        "amp-iframe": {"src": _FRAME},
        "input": {"src": _EMBED, "formaction": _EMBED},
        "button": {"formaction": _EMBED},
        "option": {"value": _FOLLOW},  # of a jump menu; only what is an address
        "form": {"action": _EMBED},
        "audio": {"src": _EMBED},
        "video": {"src": _EMBED, "data-src": _EMBED, "poster": _EMBED},
        "bgsound": {"src": _EMBED},
        "source": {"src": _EMBED, "srcset": _SRCSET, "data-src": _EMBED, "data-srcset": _SRCSET},
        "track": {"src": _EMBED},
        "image": {"href": _EMBED, "xlink:href": _EMBED, "src": _EMBED},
        "feImage": {"href": _EMBED, "xlink:href": _EMBED},
        "use": {"href": _EMBED, "xlink:href": _EMBED},
        "body": {"background": _EMBED},
        "table": {"background": _EMBED},
        "tr": {"background": _EMBED},
        "td": {"background": _EMBED},
        "th": {"background": _EMBED},
        "html": {"manifest": _EMBED},
        "head": {"profile": UrlRule(Relation.MENTION)},
        "blockquote": {"cite": _FOLLOW},
        "q": {"cite": _FOLLOW},
        "ins": {"cite": _FOLLOW},
        "del": {"cite": _FOLLOW},
        # Feeds
        "enclosure": {"url": _EMBED},
        "media:content": {"url": _EMBED},
        "media:thumbnail": {"url": _EMBED},
        # MathML: any of its elements may be a link
        **{name: {"href": _FOLLOW, "xlink:href": _FOLLOW} for name in _MATHML},
        "mglyph": {"src": _EMBED},
        "annotation": {"src": _EMBED},
        "annotation-xml": {"src": _EMBED},
    }
)
# `param` of an `object`: what these name is loaded into the page.
PARAMETERS: Final = frozenset({"movie", "src", "data", "url", "filename", "href", "code", "archive", "flashvars"})

# `rel` of `link`: what the browser fetches or connects to by itself; the rest is for people and robots.
_FETCHED_RELS: Final = frozenset(
    {
        "stylesheet", "icon", "shortcut", "apple-touch-icon", "apple-touch-icon-precomposed", "mask-icon", "manifest",
        "preload", "modulepreload", "prefetch", "prerender", "dns-prefetch", "preconnect", "apple-touch-startup-image",
    }
)  # fmt: skip
_RUN_RELS: Final = frozenset({"import", "modulepreload", "serviceworker"})
_FOLLOWED_RELS: Final = frozenset(
    {"next", "prev", "canonical", "alternate", "first", "last", "amphtml", "contents", "index"}
)


def link_rule(rel: str) -> UrlRule:
    """Return the rule of `link[href]` and of the Link header for a lower case `rel`."""
    words = set(rel.split())
    if words & _RUN_RELS:
        return _RUN
    if words & _FETCHED_RELS:
        return _EMBED
    return _FOLLOW if words & _FOLLOWED_RELS else _LINK
