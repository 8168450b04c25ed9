"""What a visitor can read on a page, and whether the page needs scripts to show anything."""

import re
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

MAX_TEXT: Final = 100_000  # characters
_BLOCK: Final = frozenset(
    {
        "address", "article", "aside", "blockquote", "body", "br", "button", "caption", "center", "dd",
        "details", "dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form",
        "frameset", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "legend", "li", "main", "menu", "nav",
        "ol", "option", "p", "pre", "section", "select", "summary", "table", "tbody", "td", "tfoot", "th",
        "thead", "tr", "ul",
    }
)  # fmt: skip
_SILENT: Final = frozenset(
    {"script", "style", "noembed", "noframes", "iframe", "svg", "title", "noscript", "xmp", "plaintext"}
)
_APP_ROOT: Final = (
    '[id="app"],[id="root"],[id="__next"],[id="__nuxt"],[id="___gatsby"],[id="q-app"],[id="main-app"],app-root,'
    "[data-reactroot],[ng-app],[ng-version],[data-server-rendered]"
)
_NEEDS_SCRIPT: Final = re.compile(
    r"enable javascript|javascript (?:is|to be) (?:required|enabled|disabled)|doesn't work properly without javascript"
    r"|启用\s*javascript|开启\s*javascript|javascript\s*(?:功能)?(?:未|没有|被)(?:启用|开启|禁用)",
    re.IGNORECASE,
)
_THIN_TEXT: Final = 200  # characters: less than any page that has something to say
_SHELL_TEXT: Final = 600  # characters that an app shell's header and footer may have


def visible_text(body: LexborNode, inactive: frozenset[int] = frozenset()) -> str:
    """Text of the page without scripts and styles; one line per block, at most 100,000 characters.

    `inactive` are the elements inside `noscript`, by their memory id.

    Inline elements do not part words: `<b>六</b>合彩` reads 六合彩.
    """
    parts: list[str] = []
    length = 0
    for node in body.traverse(include_text=True, skip_empty=True):
        tag = node.tag
        if tag != "-text":
            if tag in _BLOCK:
                parts.append("\n")
            continue
        parent = node.parent
        if parent is None or parent.tag in _SILENT or (inactive and parent.mem_id in inactive):
            continue
        text = node.text_content or ""
        parts.append(text)
        parts.append(_break_after(node))
        length += len(text)
        if length > 2 * MAX_TEXT:  # white space is squeezed below
            break
    return fold_spaces("".join(parts))[:MAX_TEXT]


def fold_spaces(text: str) -> str:
    """Runs of white space as one blank, or as one line break where they hold one; none at the ends."""
    return "\n".join(filter(None, (" ".join(line.split()) for line in text.split("\n"))))


def _break_after(node: LexborNode) -> str:
    """A line break when this text is the last thing in a block."""
    current: LexborNode | None = node
    while current is not None and current.next is None:
        current = current.parent
        if current is not None and current.tag in _BLOCK:
            return "\n"
    return ""


def needs_scripts(tree: LexborHTMLParser, text: str, *, noscript: str, has_scripts: bool) -> bool:
    """Whether the static page is an app shell or says next to nothing while scripts could say more."""
    if not has_scripts or len(text) >= _SHELL_TEXT:
        return False
    if len(text) < _THIN_TEXT and tree.css_first("frame,iframe") is None:
        return True
    return bool(_NEEDS_SCRIPT.search(noscript)) or tree.css_first(_APP_ROOT) is not None
