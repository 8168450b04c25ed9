"""Character references in text that is no markup."""

import re
from html import unescape as unescape_all
from typing import Final

# `html.unescape` makes a number of all its digits, and Python refuses one of more than 4,300.
_LONG: Final = re.compile(r"&#(?:([0-9]{8,})|[xX]([0-9a-fA-F]{7,}));?")
_MAX_DIGITS: Final = 7  # 1,114,111 is the last character


def unescape_html(text: str) -> str:
    """Undo character references as browsers do: a number that is no character becomes U+FFFD."""
    return unescape_all(_LONG.sub(_shorten, text)) if "&" in text else text


def _shorten(match: re.Match[str]) -> str:
    digits = (match[1] or match[2]).lstrip("0")
    if len(digits) > _MAX_DIGITS:
        return "\ufffd"
    return f"&#{'' if match[1] else 'x'}{digits or '0'};"
