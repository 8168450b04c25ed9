"""Where a click leads that is handled by code: `onclick="location = '...'"`, `javascript:window.open('...')`."""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

from app.engines.html.script_text import unescape_script

HANDLERS: Final = ("onclick", "onmousedown", "onmouseup", "ondblclick", "ontouchend", "onchange")
_MAX_CODE: Final = 4_000  # characters of one handler
_MAX_TARGETS: Final = 20
_LITERAL: Final = r"""["'`]([^"'`\\\s<>]{1,2000})["'`]"""
_TARGET: Final = re.compile(
    rf"\blocation(?:\s{{0,9}}\.\s{{0,9}}href)?\s{{0,9}}=\s{{0,9}}{_LITERAL}"
    rf"|\blocation\s{{0,9}}\.\s{{0,9}}(?:assign|replace)\s{{0,9}}\(\s{{0,9}}{_LITERAL}"
    rf"|(?:\bwindow\s{{0,9}}\.\s{{0,9}}|(?<![\w$.]))open\s{{0,9}}\(\s{{0,9}}{_LITERAL}",
)
_SCHEME: Final = "javascript:"


def click_targets(attributes: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
    """Yield (name of the attribute, address as written) of what a click on the element opens."""
    for name in HANDLERS:
        if code := attributes.get(name):
            yield from ((name, target) for target in _targets(code))
    address = (attributes.get("href") or "").lstrip()
    if address[: len(_SCHEME)].lower() == _SCHEME:
        yield from (("href", target) for target in _targets(address[len(_SCHEME) :]))


def _targets(code: str) -> Iterator[str]:
    for match in islice(_TARGET.finditer(unescape_script(code[:_MAX_CODE])), _MAX_TARGETS):
        yield next(group for group in match.groups() if group)
