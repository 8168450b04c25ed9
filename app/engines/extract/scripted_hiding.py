"""Hiding by inline scripts that run at once, as far as constant strings show it.

Old tricks of link sellers: `document.getElementById("x").style.display = "none"` after the links, a class or the
attribute `hidden` given to them, their removal, and links between `document.write('<div style="display:none">')` and
`document.write('</div>')`. Strings that are put together of constants count as one. Code inside braces is left alone:
menus and tabs live there.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from selectolax.lexbor import LexborNode

from app.engines.extract.box_hiding import kind_of_box
from app.engines.extract.css_declarations import read_style
from app.engines.extract.style_sheet import StyleSheet
from app.engines.html.marks import marks
from app.engines.html.script_text import is_top_level, unescape_script
from app.engines.html.tree import HtmlTree

_MAX_SCRIPT: Final = 65_536  # characters that are searched; such scripts are short
_MAX_NAMES: Final = 50  # variables and elements of one script
_MAX_SIBLINGS: Final = 5_000  # that one written tag may hide
_DOUBLE: Final = r'"(?:[^"\\\n]|\\.)*+"'
_SINGLE: Final = r"'(?:[^'\\\n]|\\.)*+'"
_CODE_OR_COMMENT: Final = re.compile(rf"({_DOUBLE}?|{_SINGLE}?)|//[^\n]*+|/\*.*?(?:\*/|\Z)", re.DOTALL)
_STRINGS: Final = re.compile(rf"(?:{_DOUBLE}?|{_SINGLE}?)(?:\s*+\+\s*+(?:{_DOUBLE}|{_SINGLE}))*+")
_ONE_STRING: Final = re.compile(rf"{_DOUBLE}|{_SINGLE}")


def _string(name: str) -> str:
    return rf"(?P<{name}>{_DOUBLE}|{_SINGLE})"


_TARGET: Final = rf"(?P<how>getElementById|querySelector)\s*+\(\s*+{_string('whom')}\s*+\)"
_CHANGE: Final = re.compile(
    rf"{_TARGET}\s*+\.\s*+(?:"
    rf"style\s*+(?:\.\s*+(?P<property>\w++)|\[\s*+{_string('key')}\s*+\])\s*+=\s*+{_string('value')}"
    rf"|setAttribute\s*+\(\s*+[\"']style[\"']\s*+,\s*+{_string('text')}"
    rf"|(?:className\s*+=\s*+|classList\s*+\.\s*+add\s*+\(\s*+){_string('names')}"
    rf"|(?P<gone>hidden\s*+=\s*+(?:true|!0)|remove\s*+\(\s*+\)|setAttribute\s*+\(\s*+[\"']hidden[\"']))"
)
_REMOVED: Final = re.compile(rf"removeChild\s*+\(\s*+(?:document\s*+\.\s*+)?{_TARGET}")
_WRITE: Final = re.compile(rf"document\s*+\.\s*+write(?:ln)?\s*+\(\s*+{_string('markup')}")
_NAMED: Final = re.compile(rf"(?:var|let|const)\s++([\w$]++)\s*+=\s*+(?:document\s*+\.\s*+)?({_TARGET})")
_SELECTOR: Final = re.compile(r"\A[#.]?[\w\-]{1,60}\Z")
_STYLE_BLOCK: Final = re.compile(r"<style[^<>]*>(.*?)(?:</style|\Z)", re.IGNORECASE | re.DOTALL)
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][\w\-]*+)([^<>]*+)>")
_STYLE_ATTRIBUTE: Final = re.compile(r"style\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+))", re.IGNORECASE)
_CAPITAL: Final = re.compile(r"[A-Z]")
_GONE: Final = {"display": "none"}
_MARKS: Final = ("getElementById", "querySelector", "write")  # one of them is in every such script
# In the source, too, unless the script is part of an image, where it may be written in character references.
_WRITTEN_MARKS: Final = marks(*map(str.encode, _MARKS))


def script_styles(tree: HtmlTree, sheets: Sequence[StyleSheet] = ()) -> dict[int, dict[str, str]]:
    """Return what scripts declare for elements: memory id -> property -> value. `sheets` know what classes mean."""
    found: dict[int, dict[str, str]] = {}
    for node, code in _scripts(tree):
        for selector, change in style_changes(code):
            if (element := tree.css_first(selector)) is not None:
                found.setdefault(element.mem_id, {}).update(_declared(change, sheets))
        if (tag := _open_hidden_tag(written_markup(code))) is not None:
            found.update((key, dict(_GONE)) for key in _siblings_until_closed(node, tag))
    return found


def written_sheets(tree: HtmlTree) -> Iterator[str]:
    """Yield the style blocks that scripts write."""
    for _, code in _scripts(tree):
        if "<style" in code.lower():
            for match in _STYLE_BLOCK.finditer(written_markup(code)):
                yield match[1]


def _scripts(tree: HtmlTree) -> Iterator[tuple[LexborNode, str]]:
    if "script" not in tree.element_names or not tree.may_have(("svg", "math"), _WRITTEN_MARKS):
        return
    for node in tree.css("script:not([src])"):
        code = node.text()[:_MAX_SCRIPT]
        if any(mark in code for mark in _MARKS):
            yield node, _simplified(code)


def _simplified(code: str) -> str:
    """Drop comments, and put strings together."""
    if "//" in code or "/*" in code:
        code = _CODE_OR_COMMENT.sub(lambda match: match[1] or " ", code)
    return _STRINGS.sub(_joined, code) if "+" in code else code


def _joined(match: re.Match[str]) -> str:
    parts = [part[1:-1] if part[0] == '"' else part[1:-1].replace('"', '\\"') for part in _ONE_STRING.findall(match[0])]
    return match[0] if len(parts) == 1 else f'"{"".join(parts)}"'


def style_changes(code: str) -> Iterator[tuple[str, str]]:
    """Yield (selector of an element, style text that the script gives it, or `.name` of a class)."""
    named = {match[1]: match[2] for match in islice(_NAMED.finditer(code), _MAX_NAMES)}
    if named:
        code = _use_of(named).sub(lambda match: named[match[0]], code)
    for match in islice(_CHANGE.finditer(code), _MAX_NAMES):
        if (selector := _selector(match)) and is_top_level(code[: match.start()]):
            yield from ((selector, change) for change in _changes(match))
    for match in islice(_REMOVED.finditer(code), _MAX_NAMES):
        if (selector := _selector(match)) and is_top_level(code[: match.start()]):
            yield selector, "display:none"


def _selector(match: re.Match[str]) -> str:
    name = _text(match["whom"])
    if not _SELECTOR.match(name):
        return ""
    return name if match["how"] == "querySelector" else f'[id="{name}"]'


def _changes(match: re.Match[str]) -> Iterator[str]:
    if match["gone"]:
        yield "display:none"
    elif match["names"]:
        yield from (f".{name}" for name in _text(match["names"]).split())
    elif match["text"]:
        yield _text(match["text"])
    else:
        key = match["property"] or _text(match["key"] or '""')
        name = _CAPITAL.sub(lambda capital: f"-{capital[0].lower()}", key)
        value = _text(match["value"])
        yield value if name == "css-text" else f"{name}:{value}"


def _text(string: str) -> str:
    return unescape_script(string[1:-1])


def _use_of(named: dict[str, str]) -> re.Pattern[str]:
    """Return a pattern for the uses of variables that hold an element."""
    return re.compile(rf"(?<![\w$.])(?:{'|'.join(map(re.escape, named))})(?=\s*[.)])")


def _declared(change: str, sheets: Sequence[StyleSheet]) -> dict[str, str]:
    if not change.startswith("."):
        return _plain(change)
    rules = (rule for sheet in sheets for _, rule in sheet.hiding.get(change.lower(), ()))
    return {
        name: value
        for rule in rules
        if rule.selector.lower() == change.lower()
        for name, (value, _) in rule.style.items()
    }


def _plain(style: str) -> dict[str, str]:
    declared = {name: value for name, (value, _) in read_style(style).items()}
    return dict(_GONE) if declared.get("visibility") == "hidden" else declared


def written_markup(code: str) -> str:
    """Return the constant strings that a script writes into the page, in order."""
    return "".join(_text(match["markup"]).replace('\\"', '"') for match in _WRITE.finditer(code))


def _open_hidden_tag(markup: str) -> str | None:
    """Return the name of a hiding element that the markup opens and does not close."""
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
    """Yield what stands after the script, up to the script that writes the closing tag."""
    current = script.next
    for _ in range(_MAX_SIBLINGS):
        if current is None:
            return
        if current.tag == "script" and f"</{tag}" in written_markup(current.text()[:_MAX_SCRIPT]).lower():
            return
        yield current.mem_id
        current = current.next
