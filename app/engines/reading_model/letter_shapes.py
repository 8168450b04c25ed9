"""Text as a reader takes it, whatever it is written with: what both people and models read through.

Format characters are gone, letters of the tag block are read as the ASCII that they stand for, compatibility forms
(full width, circled, mathematical), accents and marks are folded, letters that are drawn like Latin ones are those, and
letters that were pulled apart ("i g n o r e") stand together. "i" and "1" are "l", as for who reads pictures.
"""

import re
import unicodedata
from dataclasses import dataclass
from itertools import compress
from typing import Final

# By what is drawn, upper case for itself: a capital may look like another letter than its small one.
_DRAWN_ALIKE: Final = {
    **dict(zip("АВЕЅІЈКМНОРСТУХԌԚԜ", "abesijkmhopctyxgqw", strict=True)),  # Cyrillic
    **dict(zip("аеорсухіјѕһԁԛԝьвкмнтгпи", "aeopcyxijshdqwbbkmhtrnu", strict=True)),
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "abezhikmnoptyx", strict=True)),  # Greek
    **dict(zip("αβεηικνορτυχγωμσς", "abenikvoptuxywuoc", strict=True)),
    **dict(zip("աոսցօհյզլՍՕՏԼ", "wnugohjqluosl", strict=True)),  # Armenian
    **dict(zip("ᎠᎡᎢᎥᎪᎫᎬᎳᎷᎻᏀᏃᏏᏒᏔᏕᏙᏞᏟᏢᏦᏭᏴ", "drtiajewmhgzbrwsvlcpkgb", strict=True)),  # Cherokee
    **dict(zip("ꓐꓑꓓꓔꓖꓗꓙꓚꓜꓝꓟꓠꓡꓢꓣꓦꓧꓪꓫꓬꓮꓰꓲꓳꓴ", "bpdtgkjczfmnlsrvhwxyaeiou", strict=True)),  # Lisu
    **dict(zip("ɑɩŋʃɛ", "ainse", strict=True)),  # whose names say no letter
    **dict(zip("0134578@$|", "oleastbasl", strict=True)),
}
_LATIN: Final = re.compile(r"LATIN (?:CAPITAL |SMALL )?LETTER (?:[A-Z]+ ){0,5}?([A-Z])(?: |$)")
_TAGS: Final = range(0xE0020, 0xE007F)  # invisible ASCII, which models read
_SQUARED: Final = (range(0x1F130, 0x1F14A), range(0x1F150, 0x1F16A), range(0x1F170, 0x1F18A), range(0x1F1E6, 0x1F200))
_APART: Final = r"[ .\-_*·~,]"
_PULLED_APART: Final = re.compile(rf"(?<!\w)(?:[^\W_]{_APART}{{1,2}}){{3,}}[^\W_](?!\w)")


@dataclass(frozen=True, slots=True)
class PlainText:
    """`text` as it reads; character i comes from character `origins[i]` of the original."""

    original: str
    text: str
    origins: tuple[int, ...]

    def quote(self, start: int, end: int) -> str:
        """Return what stands in the original where `text[start:end]` does (not empty)."""
        return self.original[self.origins[start] : self.origins[end - 1] + 1]


class _Shapes(dict[str, str]):
    """What a character reads as; filled as characters are met (at most all of Unicode)."""

    def __missing__(self, char: str) -> str:
        self[char] = found = _shape(char)
        return found


_SHAPES: Final = _Shapes()


def read_plainly(text: str) -> PlainText:
    """Return the text as it reads, with one blank for each run of them."""
    pieces = [_SHAPES[char] for char in text]
    origins = [index for index, piece in enumerate(pieces) for _ in piece]
    plain = "".join(pieces)
    kept = [char != " " or plain[index - 1 : index] != " " for index, char in enumerate(plain)]
    for run in _PULLED_APART.finditer(plain):
        for index in range(*run.span()):
            kept[index] = plain[index].isalnum()
    return PlainText(text, "".join(compress(plain, kept)), tuple(compress(origins, kept)))


def _shape(char: str) -> str:
    code = ord(char)
    if code in _TAGS:
        return _shape(chr(code - 0xE0000))
    if letter := next((chr(ord("a") + code - item.start) for item in _SQUARED if code in item), ""):
        return _folded(letter)
    if char.isspace():
        return " "
    if unicodedata.category(char)[0] in "CM":  # format, control and lone surrogates; marks
        return ""
    return "".join(map(_folded, unicodedata.normalize("NFKD", char)))


def _folded(char: str) -> str:
    if unicodedata.category(char)[0] == "M":
        return ""
    drawn = _DRAWN_ALIKE.get(char) or _latin(char) or _DRAWN_ALIKE.get(char.casefold()) or char.casefold()
    return drawn.replace("i", "l")


def _latin(char: str) -> str:
    """Return the letter of which a Latin one is a variant: small capitals, strokes, hooks, turned and open ones."""
    if char.isascii():
        return ""
    found = _LATIN.match(unicodedata.name(char, ""))
    return found[1].lower() if found else ""
