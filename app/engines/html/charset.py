"""Bytes of a document to text: byte order mark, HTTP header, `meta`, detector, in this order (HTML standard, 13.2.3).

Declarations lie: Apache adds ISO-8859-1 to GBK pages, templates say gb2312 and are saved as UTF-8. So a declaration is
checked against the bytes, and what reads as real text wins over what was declared.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from types import MappingProxyType
from typing import Final

import cchardet
import webencodings  # type: ignore[import-untyped]  # ships no types
from charset_normalizer import from_bytes

from app.engines.html.common_characters import COMMON

_REFUSED: Final = frozenset({"replacement", "x-user-defined"})  # no text that anybody wrote
# Labels that pages and detectors use although the standard does not know them.
_ALIASES: Final = MappingProxyType(
    {
        "utf-8-sig": "utf-8",
        "utf-16": "utf-8",
        "cp936": "gbk",
        "ms936": "gbk",
        "big5hkscs": "big5",
        "big-5": "big5",
        "cp950": "big5",
        "cp932": "shift_jis",
        "eucjp": "euc-jp",
        "euc_jp": "euc-jp",
        "cp949": "euc-kr",
        "uhc": "euc-kr",
        "euc_kr": "euc-kr",
        "cp874": "windows-874",
        "latin-1": "windows-1252",
        "latin-9": "iso-8859-15",
        "latin9": "iso-8859-15",
    }
)
_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16le"), (b"\xfe\xff", "utf-16be"))
_PRESCAN_BYTES: Final = 4_096  # browsers look at 1,024; real pages have comments before their meta
_META: Final = re.compile(rb"<meta[\s/][^<>]{0,500}?charset\s*+=\s*+[\"']?+\s*+([\w.:\-]{2,40})", re.IGNORECASE)
_XML_OR_CSS: Final = re.compile(
    rb"\A\s*+(?:<\?xml[^>]{0,500}?encoding\s*+=\s*+|@charset\s++)[\"']([\w.:\-]{2,40})[\"']", re.IGNORECASE
)
_HEADER: Final = re.compile(r"charset\s*+=\s*+[\"']?+\s*+([\w.:\-]{2,40})", re.IGNORECASE)
_NON_ASCII: Final = re.compile(r"[^\x00-\x7f]+")
_HIGH: Final = bytes(range(0x80, 0x100))
_NON_ASCII_BYTES: Final = re.compile(rb"[\x80-\xff][\x40-\xff]?")

_SAMPLE_CHARACTERS: Final = 3_000  # enough for a stable share; keeps the check below 0.2 ms
_SHARE_CHARACTERS: Final = 500_000  # in which undecodable places are counted
_DETECT_BYTES: Final = 16_384
_SECOND_OPINION_BYTES: Final = 4_096  # charset-normalizer needs 2 ms for these
_READS_WELL: Final = 0.08  # share of frequent characters: real East Asian text has 0.3 to 0.6, mojibake 0.01 to 0.04
_DECLARED_BONUS: Final = 1.5  # a declaration loses only to what reads clearly better
_MAX_BAD: Final = 0.05  # share of undecodable places that real pages have (cut characters)
_SHORT: Final = 24  # bytes outside ASCII; below this GBK may be valid UTF-8 by chance (the famous 联通)
_SURE: Final = 0.5  # confidence of the detector


def decode(body: bytes, content_type: str) -> tuple[str, str]:
    """Text of a document and the label of its charset as the encoding standard spells it ("gb18030", "utf-8", ...).

    `content_type` is the header's value, or "". GBK and GB2312 are read as GB18030. Undecodable bytes become U+FFFD.
    Never raises.
    """
    for mark, label in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(_codec(label), "replace"), label
    if wide := _without_mark(body):
        return body.decode(_codec(wide), "replace"), wide
    declared = tuple(dict.fromkeys(_declarations(body, content_type)))
    if body.isascii():
        label = declared[0] if declared else "utf-8"
        return body.decode("iso2022_jp" if label == "iso-2022-jp" else "ascii", "replace"), label
    text = _strict_utf8(body)
    if text is None:
        return _decode_legacy(body, declared)
    return _short_legacy(body, declared, text) or (text, "utf-8")


def decode_as(body: bytes, charset: str) -> str:
    """Text of a document whose charset `decode` has found; "" is found anew."""
    if not charset:
        return decode(body, "")[0]
    return body.decode(_codec(charset), "replace").removeprefix("\ufeff")


def encode_query(raw: str, charset: str) -> str:
    """A URL as written, with its query as a browser sends it from a document in that charset (URL standard, 5.2)."""
    head, mark, rest = raw.partition("?")
    query, end, fragment = rest.partition("#")
    if not mark or query.isascii() or charset.startswith("utf-"):
        return raw
    codec = "gbk" if charset == "gb18030" else _codec(charset)  # nearly all of these are GBK, whose encoder knows less
    return f"{head}?{''.join(_sent(character, codec) for character in query)}{end}{fragment}"


def _sent(character: str, codec: str) -> str:
    if character.isascii():
        return character
    try:
        return "".join(f"%{byte:02X}" for byte in character.encode(codec))
    except UnicodeEncodeError:
        return f"%26%23{ord(character)}%3B"


@lru_cache(maxsize=256)
def _label(name: str) -> str | None:
    """The standard's name for a label, GB18030 for its subsets; None for what is no charset of pages.

    A page that declares UTF-16 in ASCII is not in UTF-16 (HTML standard); `_without_mark` finds the real ones.
    """
    encoding = webencodings.lookup(_ALIASES.get(name.lower(), name))
    if encoding is None or encoding.name in _REFUSED:
        return None
    known: str = "utf-8" if encoding.name.startswith("utf-16") else encoding.name
    return "gb18030" if known == "gbk" else known


def _codec(label: str) -> str:
    """Python's name of a charset."""
    return str(webencodings.PYTHON_NAMES.get(label, label))


def _without_mark(body: bytes) -> str:
    """UTF-16 without a byte order mark: markup is ASCII, so every other byte is zero in long runs."""
    head = body[:_PRESCAN_BYTES]
    if head.count(0) * 5 < len(head):
        return ""
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) < 3 * min(even, odd):
        return ""
    return "utf-16le" if odd > even else "utf-16be"


def _declarations(body: bytes, content_type: str) -> Iterator[str]:
    """Known labels from the header and the document, the header's first."""
    head = body[:_PRESCAN_BYTES]
    if b"<!--" in head:
        head = _without_comments(head)
    found = (_HEADER.search(content_type), _XML_OR_CSS.match(head), _META.search(head))
    for match in found:
        if match is None:
            continue
        name = match[1].decode("ascii", "replace") if isinstance(match[1], bytes) else match[1]
        if label := _label(name):
            yield label


def _without_comments(head: bytes) -> bytes:
    """One that is not closed stays: the prescan may have cut it."""
    start, *rest = head.split(b"<!--")
    parts = [comment.partition(b"-->") for comment in rest]
    return start + b"".join(after if end else b"<!--" + text for text, end, after in parts)


def _strict_utf8(body: bytes) -> str | None:
    """The text when all of it is UTF-8; a character that the size limit cut off at the end is forgiven."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason != "unexpected end of data":
            return None
        return body[: error.start].decode("utf-8")


def _short_legacy(body: bytes, declared: tuple[str, ...], text: str) -> tuple[str, str] | None:
    """The declared reading of a body with few non-ASCII bytes when that reads better than UTF-8."""
    if (
        not declared
        or declared[0] in {"utf-8", "windows-1252"}
        or len(body) - len(body.translate(None, _HIGH)) > _SHORT
    ):
        return None
    other = body.decode(_codec(declared[0]), "replace")
    return (other, declared[0]) if quality(other) > quality(text) else None


def _decode_legacy(body: bytes, declared: tuple[str, ...]) -> tuple[str, str]:
    """Not UTF-8: the reading with the most frequent characters; when none reads as East Asian text, the first of the
    declared and the detected ones that has few undecodable places.
    """
    detected = _detect(body)
    candidates = dict.fromkeys((*declared, *detected, "gb18030", "big5"))
    readings = {label: body.decode(_codec(label), "replace") for label in candidates}
    best = max(readings, key=lambda label: _rank(readings[label], is_declared=label in declared))
    if quality(readings[best]) >= _READS_WELL and _bad_share(readings[best]) <= _MAX_BAD:
        return readings[best], best
    named = [label for label in (*declared, *detected) if _bad_share(readings[label]) <= _MAX_BAD]
    label = next(iter((*named, *declared, *detected)), "windows-1252")
    return readings.get(label) or body.decode(_codec(label), "replace"), label


def _rank(text: str, *, is_declared: bool) -> float:
    return quality(text) * (1.0 - min(1.0, 10 * _bad_share(text))) * (_DECLARED_BONUS if is_declared else 1.0)


def _detect(body: bytes) -> tuple[str, ...]:
    """What the detectors say, surest first. charset-normalizer is asked only when the first one is not sure."""
    sample = b" ".join(_NON_ASCII_BYTES.findall(body[: 4 * _DETECT_BYTES]))[:_DETECT_BYTES]
    first = cchardet.detect(body[:_DETECT_BYTES] if len(sample) < _SHORT else _dense_part(body))
    label = _label(first["encoding"] or "")
    if label and (first["confidence"] or 0.0) >= _SURE:
        return (label,)
    best = from_bytes(sample[:_SECOND_OPINION_BYTES]).best()
    second = _label(best.encoding.replace("_", "-")) if best else None
    return tuple(dict.fromkeys(name for name in (label, second) if name))


def _dense_part(body: bytes) -> bytes:
    """The bytes from a little before the first non-ASCII one: detectors need text, not markup."""
    match = _NON_ASCII_BYTES.search(body)
    start = match.start() if match else 0
    return body[start : start + _DETECT_BYTES]


def quality(text: str) -> float:
    """Share of frequent Chinese, Japanese and Korean characters among those outside ASCII: 0.0 to 1.0."""
    sample = "".join(_first(_NON_ASCII.findall(text[: 40 * _SAMPLE_CHARACTERS]), _SAMPLE_CHARACTERS))
    return sum(map(COMMON.__contains__, sample)) / len(sample) if sample else 0.0


def _first(runs: Iterable[str], limit: int) -> Iterator[str]:
    taken = 0
    for run in runs:
        yield run
        taken += len(run)
        if taken >= limit:
            return


def _bad_share(text: str) -> float:
    text = text[:_SHARE_CHARACTERS]
    bad = text.count("\ufffd")
    return bad / max(1, sum(map(len, _NON_ASCII.findall(text)))) if bad else 0.0
