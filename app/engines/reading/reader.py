"""Reading as the stages ask for it: facts in, facts out; the processes behind it do not show."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from app.engines.analyse.subject import Subject
from app.engines.capture.pages import Document
from app.engines.crawl.sitemap import Sitemap
from app.engines.extract.page import Extraction
from app.engines.model import HopKind, Reference, ViolationFact
from app.engines.ports import Unreadable
from app.engines.reading.pool import Runs
from app.engines.reading.wire import extraction_of, reference_of, subject_to, violation_of

Headers = Sequence[tuple[str, str]]
ANSWER_CPU_S: Final = 0.9  # a third party's page is read once and judged once: together below two seconds
ANALYSIS_CPU_S: Final = 0.9
SITEMAP_CPU_S: Final = 5.0  # 50 MiB and 50,000 addresses are allowed
_MALFORMED: Final = (TypeError, ValueError, KeyError, IndexError)  # what a reader says that its page has taken over


@dataclass(frozen=True, slots=True)
class Answer:
    """What a document shows, and where it sends the browser."""

    document: Document
    redirect: tuple[HopKind, str] | None


class PageReader:
    """All methods raise `Unreadable` for a body that cannot be read, and `ReadingUnavailable` when none can."""

    def __init__(self, pool: Runs) -> None:
        self._pool = pool

    async def page(self, body: bytes, *, url: str, headers: Headers) -> Extraction:
        """A page of the target (`extract.page.extract`)."""
        plain = [(name, value if value.isascii() else _escaped(value)) for name, value in headers]
        rest, *pieces = await self._pool.run("page", url, plain, body=body)
        try:
            links = chain.from_iterable(piece[0] for piece in pieces)
            return extraction_of(rest, links, chain.from_iterable(map(reference_of, piece[1]) for piece in pieces))
        except _MALFORMED as error:
            raise Unreadable("error") from error

    async def sheet(self, body: bytes, *, url: str) -> tuple[Reference, ...]:
        """A style sheet (`extract.css.extract_css`)."""
        pieces = await self._pool.run("sheet", url, body=body)
        try:
            return tuple(map(reference_of, chain.from_iterable(pieces)))
        except _MALFORMED as error:
            raise Unreadable("error") from error

    async def answer(self, body: bytes, *, content_type: str, url: str) -> Answer:
        """A document of anybody, as it came."""
        ((redirect, document),) = await self._pool.run(
            "answer", _escaped(content_type), url, body=body, cpu_s=ANSWER_CPU_S
        )
        try:
            return Answer(Document(**document), (HopKind(redirect[0]), str(redirect[1])) if redirect else None)
        except _MALFORMED as error:
            raise Unreadable("error") from error

    async def document(self, html: str) -> Document:
        """A document as Chromium has drawn it."""
        (document,) = await self._pool.run("document", body=html.encode("utf-8", "replace"), cpu_s=ANSWER_CPU_S)
        try:
            return Document(**document)
        except _MALFORMED as error:
            raise Unreadable("error") from error

    async def analyse(self, subject: Subject, html: bytes) -> tuple[ViolationFact, ...]:
        """What a capture violates (`analyse.analyser.Analyser.analyse`); `html` instead of the subject's own."""
        (facts,) = await self._pool.run("analysis", *subject_to(subject), body=html, cpu_s=ANALYSIS_CPU_S)
        try:
            return tuple(map(violation_of, facts))
        except _MALFORMED as error:
            raise Unreadable("error") from error

    async def sitemap(self, body: bytes, *, url: str) -> Sitemap:
        """A sitemap (`crawl.sitemap.parse_sitemap`)."""
        is_index, *pieces = await self._pool.run("sitemap", url, body=body, cpu_s=SITEMAP_CPU_S)
        return Sitemap(tuple(map(str, chain.from_iterable(pieces))), is_index=bool(is_index))


def _escaped(value: Any) -> str:
    """Bytes that are no UTF-8 stand in headers as lone surrogates: percent-encoded, as browsers send them."""
    raw = str(value).encode("utf-8", "surrogateescape")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return "".join(chr(byte) if byte < 0x80 else f"%{byte:02X}" for byte in raw)  # noqa: PLR2004 - ASCII's end
