"""How intruders write a text so that it does not stand in the page: `[[name:text]]` becomes the text, encoded.

The sets stay readable, and what has to be found is known, because the page is encoded when it is built.
"""

import base64
import re
from collections.abc import Callable
from typing import Final
from urllib.parse import quote

_MARK: Final = re.compile(r"\[\[(\w+):(.*?)\]\]", re.DOTALL)
_WORD: Final = re.compile(r"\b\w+\b", re.ASCII)
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


def _escape(text: str) -> str:
    """As JavaScript's `escape`, all characters: what `unescape` reads."""
    return "".join(f"%u{ord(c):04X}" if ord(c) > 0xFF else f"%{ord(c):02X}" for c in text)


def _hex_escapes(text: str) -> str:
    return "".join(f"\\u{ord(c):04x}" if ord(c) > 0xFF else f"\\x{ord(c):02x}" for c in text)


def _in_base_36(number: int) -> str:
    return (_in_base_36(number // 36) if number > 35 else "") + _DIGITS[number % 36]


def _pack(script: str) -> str:
    """As the packer that everybody uses: words become numbers in base 36, and the list of words stands at the end."""
    words = list(dict.fromkeys(_WORD.findall(script)))
    short = {word: _in_base_36(place) for place, word in enumerate(words)}
    body = _WORD.sub(lambda match: short[match.group()], script).replace("\\", "\\\\").replace("'", "\\'")
    return (
        "eval(function(p,a,c,k,e,d){e=function(c){return(c<a?'':e(parseInt(c/a)))+((c=c%a)>35?"
        "String.fromCharCode(c+29):c.toString(36))};if(!''.replace(/^/,String)){while(c--)d[e(c)]=k[c]||e(c);"
        "k=[function(e){return d[e]}];e=function(){return'\\\\w+'};c=1};while(c--)if(k[c])"
        "p=p.replace(new RegExp('\\\\b'+e(c)+'\\\\b','g'),k[c]);return p}"
        f"('{body}',36,{len(words)},'{'|'.join(words)}'.split('|'),0,{{}}))"
    )


ENCODINGS: Final[dict[str, Callable[[str], str]]] = {
    "entities": lambda text: "".join(f"&#{ord(c)};" for c in text),
    "entities_hex": lambda text: "".join(f"&#x{ord(c):x};" for c in text),
    "unescape": _escape,
    "percent": lambda text: quote(text, safe=""),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64_of_percent": lambda text: base64.b64encode(quote(text, safe="").encode()).decode(),
    "codes": lambda text: ",".join(str(ord(c)) for c in text),
    "hex_escapes": _hex_escapes,
    "packed": _pack,
    "reversed": lambda text: text[::-1],
}


def encoded(written: str) -> str:
    """The page as it is sent."""
    return _MARK.sub(lambda mark: ENCODINGS[mark.group(1)](mark.group(2)), written)


def plain(written: str) -> str:
    """The page as somebody reads it who decodes one level."""
    return _MARK.sub(lambda mark: mark.group(2), written)
