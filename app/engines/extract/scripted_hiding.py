"""Hiding by inline scripts that run at once, as far as constant strings show it.

Two old tricks of link sellers: `document.getElementById("x").style.display = "none"` after the links, and links between
`document.write('<div style="display:none">')` and `document.write('</div>')`. Code inside braces is left alone: menus
and tabs live there.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from app.engines.extract.declarations import kind_of_box, read_style
from app.engines.extract.script import is_top_level, unescape

_MAX_SCRIPT: Final = 65_536  # characters that are searched; such scripts are short
_MAX_NAMES: Final = 50  # variables and elements of one script
_MAX_SIBLINGS: Final = 5_000  # that one written tag may hide
_STRING: Final = r"""(?:"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)')"""
_BY_ID: Final = re.compile(
    rf"getElementById\s*\(\s*{_STRING}\s*\)\s*\.\s*style\s*\.\s*(\w+)\s*=\s*{_STRING}"
    rf"|getElementById\s*\(\s*{_STRING}\s*\)\s*\.\s*setAttribute\s*\(\s*[\"']style[\"']\s*,\s*{_STRING}"
)
_WRITE: Final = re.compile(rf"document\s*\.\s*write(?:ln)?\s*\(\s*{_STRING}")
_NAMED: Final = re.compile(
    rf"(?:var|let|const)\s+([\w$]+)\s*=\s*(?:document\s*\.\s*)?(getElementById\s*\(\s*{_STRING}\s*\))"
)
_STYLE_BLOCK: Final = re.compile(r"<style[^<>]*>(.*?)(?:</style|\Z)", re.IGNORECASE | re.DOTALL)
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][\w\-]*+)([^<>]*+)>")
_STYLE_ATTRIBUTE: Final = re.compile(r"style\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+))", re.IGNORECASE)
_CAPITAL: Final = re.compile(r"[A-Z]")


def hidden_by_scripts(tree: LexborHTMLParser) -> Iterator[int]:
    """Memory ids of the elements that a script hides together with all they hold."""
    for node, code in _scripts(tree):
        for name, style in hidden_names(code):
            if (element := _by_id(tree, name)) is not None and kind_of_box(_plain(style)) is not None:
                yield element.mem_id
        if (tag := _open_hidden_tag(written_markup(code))) is not None:
            yield from _siblings_until_closed(node, tag)


def written_sheets(tree: LexborHTMLParser) -> Iterator[str]:
    """Style blocks that scripts write."""
    for _, code in _scripts(tree):
        for match in _STYLE_BLOCK.finditer(written_markup(code)):
            yield match[1]


def _scripts(tree: LexborHTMLParser) -> Iterator[tuple[LexborNode, str]]:
    for node in tree.css("script"):
        code = node.text()[:_MAX_SCRIPT]
        if "getElementById" in code or "write" in code:
            yield node, code


def hidden_names(code: str) -> Iterator[tuple[str, str]]:
    """(id of an element, style text that the script gives it)."""
    named = {match[1]: match[2] for match in islice(_NAMED.finditer(code), _MAX_NAMES)}
    if named:
        code = _use_of(named).sub(lambda match: named[match[0]], code)
    for match in islice(_BY_ID.finditer(code), _MAX_NAMES):
        if not is_top_level(code[: match.start()]):
            continue
        identifier = match[1] or match[2] or match[6] or match[7] or ""
        value = unescape(match[4] or match[5] or match[8] or match[9] or "")
        name = _CAPITAL.sub(lambda capital: "-" + capital[0].lower(), match[3] or "cssText")
        yield identifier, value if name == "css-text" else f"{name}:{value}"


def _use_of(named: dict[str, str]) -> re.Pattern[str]:
    """Where a variable that holds an element is used."""
    return re.compile(rf"(?<![\w$.])(?:{'|'.join(map(re.escape, named))})(?=\s*\.)")


def _by_id(tree: LexborHTMLParser, name: str) -> LexborNode | None:
    if not name or '"' in name or "\\" in name:
        return None
    return tree.css_first(f'[id="{name}"]')


def _plain(style: str) -> dict[str, str]:
    declared = {name: value for name, (value, _) in read_style(style).items()}
    if declared.get("visibility") == "hidden":
        return {"display": "none"}
    return declared


def written_markup(code: str) -> str:
    """The constant strings that a script writes into the page, in order."""
    return "".join(unescape(match[1] or match[2] or "").replace('\\"', '"') for match in _WRITE.finditer(code))


def _open_hidden_tag(markup: str) -> str | None:
    """Name of a hiding element that the markup opens and does not close."""
    stack: list[tuple[str, bool]] = []
    for match in _TAG.finditer(markup):
        name = match[2].lower()
        if not match[1]:
            stack.append((name, _hides(match[3])))
        elif any(opened == name for opened, _ in stack):
            while stack.pop()[0] != name:
                pass
    return next((name for name, hides in stack if hides), None)


def _hides(attributes: str) -> bool:
    match = _STYLE_ATTRIBUTE.search(attributes)
    return match is not None and kind_of_box(_plain(match[1] or match[2] or match[3] or "")) is not None


def _siblings_until_closed(script: LexborNode, tag: str) -> Iterator[int]:
    """What stands after the script, up to the script that writes the closing tag."""
    current = script.next
    for _ in range(_MAX_SIBLINGS):
        if current is None:
            return
        if current.tag == "script" and f"</{tag}" in written_markup(current.text()[:_MAX_SCRIPT]).lower():
            return
        yield current.mem_id
        current = current.next
