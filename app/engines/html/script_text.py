"""Text of scripts: the escapes and the base64 of its strings undone, and what of it runs at once."""

import base64
import binascii
import re
import sys
from typing import Final

_ESCAPED: Final = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|(/))")
_OPAQUE: Final = re.compile(r"""//[^\n]*|/\*.*?(?:\*/|\Z)|"(?:[^"\\\n]|\\.)*+"?|'(?:[^'\\\n]|\\.)*+'?""", re.DOTALL)
_SURROGATES: Final = range(0xD800, 0xE000)  # no characters: they could not be encoded again


def unescape_script(text: str) -> str:
    """The text with JavaScript's and JSON's escapes for characters undone."""
    return _ESCAPED.sub(_character, text) if "\\" in text else text


def _character(match: re.Match[str]) -> str:
    if match[4]:
        return "/"
    code = int(match[1] or match[2] or match[3], 16)
    return chr(code) if code <= sys.maxunicode and code not in _SURROGATES else match[0]


def decode_base64(text: str) -> str:
    """What `atob` would give; an empty string when it is not base64."""
    compact = "".join(text.split()).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(compact + "=" * (-len(compact) % 4)).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


def is_top_level(before: str) -> bool:
    """Whether code that follows `before` runs at once: no brace is open."""
    code = _OPAQUE.sub("", before)
    return code.count("{") <= code.count("}")
