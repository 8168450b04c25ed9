"""What a captured document says: title, visible text, and what class of page it is. Pure."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from app.engines.extract.nesting import split_nesting
from app.engines.extract.visible import fold_spaces

MAX_TEXT: Final = 100_000  # characters, as the model says
MAX_TITLE: Final = 500
NOTICE_TEXT: Final = 1_500  # characters; notices are short, longer pages merely talk about such things
EMPTY_TEXT: Final = 4  # fewer characters and nothing embedded: there is no page
MAX_CLIMB: Final = 40  # ancestors looked at; hostile pages nest without end
ERROR_FROM: Final = 400

_BLOCKS: Final = frozenset(
    {
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "button",
        "caption",
        "center",
        "dd",
        "details",
        "dialog",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "marquee",
        "nav",
        "ol",
        "option",
        "p",
        "pre",
        "section",
        "select",
        "summary",
        "table",
        "tbody",
        "td",
        "textarea",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
    }
)
_UNSEEN: Final = "script, style, noscript, template, head, [hidden], svg, datalist"
_EMBEDS: Final = "img, iframe, frame, embed, object, video, audio, canvas, script[src], svg, form"

# Phrases that only the notices themselves use, lower case. Tried in this order.
_NOTICES: Final = MappingProxyType(
    {
        "icp_block": (
            "未备案",
            "备案信息不符",
            "尚未备案",
            "没有备案",
            "未进行备案",
            "备案号不存在",
            "网站暂时无法访问",
            "网站暂时无法进行访问",
            "根据工信部",
            "根据工业和信息化部",
            "without icp filing",
            "non-compliance icp filing",
            "icp registration is required",
        ),
        "for_sale": (
            "域名出售",
            "本域名出售",
            "域名正在出售",
            "域名可出售",
            "域名转让",
            "购买此域名",
            "购买该域名",
            "此域名可以购买",
            "domain is for sale",
            "domain may be for sale",
            "domain name is for sale",
            "buy this domain",
            "make an offer on this domain",
            "purchase this domain",
        ),
        "parked": (
            "域名停放",
            "域名已停放",
            "域名停靠",
            "domain is parked",
            "domain parking",
            "parked domain",
            "parked free",
            "domain has been registered",
            "this domain has expired",
            "域名已过期",
            "域名已到期",
        ),
    }
)
# Services that show nothing else. Matched as a host or a parent of it.
_PARKING_HOSTS: Final = MappingProxyType(
    {
        "for_sale": ("dan.com", "afternic.com", "hugedomains.com", "sedo.com", "undeveloped.com", "mi.aliyun.com"),
        "parked": ("sedoparking.com", "parkingcrew.net", "bodis.com", "above.com", "parklogic.com", "cashparking.com"),
    }
)


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed document."""

    title: str  # one line
    text: str  # visible without styles and scripts; a line per block, at most MAX_TEXT characters
    has_embeds: bool  # pictures, frames, scripts from outside: more may show than the text says


def read_document(html: str) -> Document:
    """Never raises, whatever the markup is. What stands deeper than browsers nest shows beside what it stands in."""
    title, texts, length, embeds = "", list[str](), 0, False
    for piece in split_nesting(html):
        tree = LexborHTMLParser(piece)
        node = tree.css_first("title")
        title = title or (" ".join(node.text().split())[:MAX_TITLE] if node is not None else "")
        embeds = embeds or tree.css_first(_EMBEDS) is not None
        for unseen in tree.css(_UNSEEN):
            unseen.decompose()
        texts.append(_visible_text(tree.body))
        length += len(texts[-1])
        if length >= MAX_TEXT:
            break
    return Document(title, "\n".join(filter(None, texts))[:MAX_TEXT], embeds)


def classify(document: Document, *, status: int, final_url: str) -> str:
    """One of the model's page classes. A notice counts before its status: block pages come as 403, others as 404."""
    host = urlsplit(final_url).hostname or ""
    by_host = next((kind for kind, hosts in _PARKING_HOSTS.items() if any(_is_below(host, h) for h in hosts)), None)
    if by_host is not None:
        return by_host
    if len(document.text) <= NOTICE_TEXT:
        said = f"{document.title}\n{document.text}".lower()
        by_words = next((kind for kind, words in _NOTICES.items() if any(word in said for word in words)), None)
        if by_words is not None:
            return by_words
    if not 0 < status < ERROR_FROM:
        return "error"
    return "content" if document.has_embeds or len(document.text) >= EMPTY_TEXT else "empty"


def _is_below(host: str, parent: str) -> bool:
    return host == parent or host.endswith(f".{parent}")


def _visible_text(body: LexborNode | None) -> str:
    """Words that a tag only colours stay whole ("赌<b>博</b>"), those of different blocks stay apart."""
    if body is None:
        return ""
    parts: list[str] = []
    block, size = 0, 0
    for node in body.traverse(include_text=True):
        if node.tag == "br":
            parts.append("\n")
        elif node.is_text_node and (piece := node.text_content):
            own = _block_of(node)
            parts.append(piece if own == block else f"\n{piece}")
            block, size = own, size + len(piece)
            if size > 4 * MAX_TEXT:  # white space is folded below
                break
    return fold_spaces("".join(parts))[:MAX_TEXT]


def _block_of(node: LexborNode) -> int:
    """Identity of the nearest block around a node."""
    parent = node.parent
    for _ in range(MAX_CLIMB):
        if parent is None:
            return 0
        if parent.tag in _BLOCKS:
            break
        parent = parent.parent
    return parent.mem_id if parent is not None else 0
