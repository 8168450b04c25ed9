"""Parsing as the stages ask for it: bodies in, facts out; the processes behind it do not show."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, Protocol

from app.domain.page_looks import PageLook
from app.domain.reading import Effect
from app.domain.scan_facts import HopKind, Reference
from app.domain.violations import ViolationFact
from app.engines.analyse.subject import Subject
from app.engines.documents.links import DocumentFacts
from app.engines.extract.page import Extraction
from app.engines.extract.sitemap import Sitemap
from app.engines.html.page_content import PageContent
from app.engines.html.redirects import Redirect
from app.engines.local_reader.model import LocalOpinion
from app.engines.parsing.pool import ParserPool
from app.engines.parsing.serialisation import (
    content_of,
    document_of,
    extraction_of,
    reference_of,
    subject_to,
    violation_of,
)
from app.engines.ports import Unreadable
from app.engines.reading_model.answer import Opinion
from app.engines.reading_model.excerpt import Excerpt

Headers = Sequence[tuple[str, str]]
ANSWER_CPU_S: Final = 0.9  # a third party's page is parsed once and analysed once: together below two seconds
ANALYSIS_CPU_S: Final = 0.9
DOCUMENT_CPU_S: Final = 4.0  # it stops by itself after `documents.document.CPU_S`, unless one page of it takes so long
LOOK_CPU_S: Final = 0.9
SITEMAP_CPU_S: Final = 5.0  # 50 MiB and 50,000 addresses are allowed
_LOOK: Final = re.compile(r"[0-9a-f]{38}")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]{4,2000000}={0,2}")
_MALFORMED: Final = (TypeError, ValueError, KeyError, IndexError)  # what a process says that its page has taken over


_ROUNDS: Final = 3  # a page is read: without its sheets, with those of which a process must be told, with all


@dataclass(frozen=True, slots=True)
class SheetRules:
    """What of a style sheet bears on hiding."""

    text: str  # for the process that reads pages
    imports: tuple[str, ...]  # URLs


class SheetSource(Protocol):
    """Where the style sheets of pages come from."""

    @property
    def known(self) -> Mapping[str, Sequence[str] | None]:
        """Digests of sheets, imported ones first, by URL; None: there is none."""
        ...

    def text_of(self, digest: str) -> str:
        """Return the text of `SheetRules`."""
        ...

    async def fetch(self, urls: Sequence[str]) -> None:
        """See that all of these are known, as far as that is allowed."""
        ...


class PageParser:
    """All methods raise `Unreadable` for a body that cannot be read, and `ParserUnavailable` when none can."""

    def __init__(self, pool: ParserPool) -> None:
        self._pool = pool

    async def page(self, body: bytes, *, url: str, headers: Headers, sheets: SheetSource | None = None) -> Extraction:
        """A page of the target (`extract.page.extract`), with the style sheets that it names as far as there are."""
        plain = [(name, value if value.isascii() else _escaped(value)) for name, value in headers]
        pieces = await self._read_page(body, url, plain, sheets)
        try:
            rest = pieces[0][2]
            links = chain.from_iterable(piece[0] for piece in pieces)
            return extraction_of(rest, links, chain.from_iterable(map(reference_of, piece[1]) for piece in pieces))
        except _MALFORMED as error:
            raise Unreadable("error") from error

    async def _read_page(
        self, body: bytes, url: str, headers: list[tuple[str, str]], sheets: SheetSource | None
    ) -> list[Any]:
        """Let the page be read, and get what is needed of its sheets in between."""
        texts: dict[str, str] = {}
        for turn in range(_ROUNDS):
            known = sheets.known if sheets is not None else {}
            answer = await self._pool.run(
                "page", url, headers, known, texts, sheets is not None and turn == 0, body=body
            )
            if sheets is None or not isinstance(answer[0], dict):
                return answer
            try:
                unknown, missing = map(list, (answer[0]["unknown"], answer[0]["missing"]))
                texts |= {digest: sheets.text_of(digest) for digest in missing}
            except _MALFORMED as error:
                raise Unreadable("error") from error
            if unknown:
                await sheets.fetch(unknown)
                texts |= {digest: sheets.text_of(digest) for item in unknown for digest in sheets.known.get(item) or ()}
        raise Unreadable("error")

    async def rules(self, body: bytes, *, url: str) -> SheetRules:
        """What of a style sheet bears on hiding (`extract.css_rules.read_sheet`)."""
        ((text, imports),) = await self._pool.run("rules", url, body=body)
        try:
            return SheetRules(str(text), tuple(map(str, imports)))
        except _MALFORMED as error:
            raise Unreadable("error") from error

    async def difference(self, added: str, usual: str, *, url: str) -> tuple[Reference, ...]:
        """What lines that a page shows to some visitors alone tell of tampering: at most one sign."""
        body = added.encode("utf-8", "replace")
        (found,) = await self._pool.run("difference", usual, url, body=body, cpu_s=ANALYSIS_CPU_S)
        try:
            return tuple(map(reference_of, found))
        except _MALFORMED as error:
            raise Unreadable("error") from error

    async def sheet(self, body: bytes, *, url: str) -> tuple[Reference, ...]:
        """A style sheet (`extract.css_urls.extract_css`)."""
        pieces = await self._pool.run("sheet", url, body=body)
        try:
            return tuple(map(reference_of, chain.from_iterable(pieces)))
        except _MALFORMED as error:
            raise Unreadable("error") from error

    async def links(self, body: bytes, *, url: str) -> DocumentFacts:
        """What a PDF or Office document leads to (`documents.document.read_document`)."""
        try:
            return await self._links(body, url, with_texts=True)
        except Unreadable as failure:
            if failure.reason != "cpu":
                raise
        return await self._links(body, url, with_texts=False)

    async def _links(self, body: bytes, url: str, *, with_texts: bool) -> DocumentFacts:
        rest, *pieces = await self._pool.run("links", url, with_texts, body=body, cpu_s=DOCUMENT_CPU_S)
        try:
            return document_of(rest, map(reference_of, chain.from_iterable(pieces)))
        except _MALFORMED as error:
            raise Unreadable("error") from error

    async def look(self, picture: bytes) -> str | None:
        """What a picture looks like (`picture_look.look_of`)."""
        (found,) = await self._pool.run("look", body=picture, cpu_s=LOOK_CPU_S)
        if found is None or (isinstance(found, str) and _LOOK.fullmatch(found)):
            return found
        raise Unreadable("error")

    async def page_look(self, screenshot: bytes) -> PageLook | None:
        """What a page looks like (`picture_look.page_look_of`)."""
        (found,) = await self._pool.run("page_look", body=screenshot, cpu_s=LOOK_CPU_S)
        look = PageLook.parse(found) if isinstance(found, str) else None
        if found is not None and look is None:
            raise Unreadable("error")
        return look

    async def thumbnail(self, picture: bytes) -> str | None:
        """A picture for a language model: a JPEG in base64 (`picture_look.thumbnail_of`)."""
        (found,) = await self._pool.run("thumbnail", body=picture, cpu_s=LOOK_CPU_S)
        if found is None or (isinstance(found, str) and _BASE64.fullmatch(found)):
            return found
        raise Unreadable("error")

    async def answer(self, body: bytes, *, content_type: str, url: str) -> tuple[PageContent, Redirect | None]:
        """A document of anybody, as it came, and where it sends the browser."""
        ((redirect, content),) = await self._pool.run(
            "answer", _escaped(content_type), url, body=body, cpu_s=ANSWER_CPU_S
        )
        try:
            return content_of(content), (HopKind(redirect[0]), str(redirect[1])) if redirect else None
        except _MALFORMED as error:
            raise Unreadable("error") from error

    async def document(self, body: bytes, *, charset: str) -> PageContent:
        """A document whose charset is known."""
        (content,) = await self._pool.run("document", charset, body=body, cpu_s=ANSWER_CPU_S)
        try:
            return content_of(content)
        except _MALFORMED as error:
            raise Unreadable("error") from error

    async def analyse(self, subject: Subject) -> tuple[ViolationFact, ...]:
        """What a capture violates (`analyse.analyser.Analyser.analyse`)."""
        (facts,) = await self._pool.run("analysis", *subject_to(subject), cpu_s=ANALYSIS_CPU_S)
        try:
            return tuple(map(violation_of, facts))
        except _MALFORMED as error:
            raise Unreadable("error") from error

    async def reconsider(
        self, subject: Subject, opinion: Opinion | None, local: LocalOpinion | None = None
    ) -> tuple[tuple[ViolationFact, ...], Effect, Effect]:
        """The same with what review models think of the page (`analyse.analyser.Analyser.reconsider`)."""
        arguments = (opinion and opinion.to_json(), local and local.to_json(), *subject_to(subject))
        ((facts, effect, local_effect),) = await self._pool.run("opinion", *arguments, cpu_s=ANALYSIS_CPU_S)
        try:
            return tuple(map(violation_of, facts)), Effect(effect), Effect(local_effect)
        except _MALFORMED as error:
            raise Unreadable("error") from error

    async def excerpt(self, subject: Subject) -> Excerpt | None:
        """What a language model may be shown of a capture (`analyse.analyser.Analyser.excerpt`)."""
        (found,) = await self._pool.run("excerpt", *subject_to(subject), cpu_s=ANALYSIS_CPU_S)
        try:
            return None if found is None else Excerpt.from_json(found)
        except _MALFORMED as error:
            raise Unreadable("error") from error

    async def sitemap(self, body: bytes, *, url: str) -> Sitemap:
        """A sitemap (`extract.sitemap.parse_sitemap`)."""
        is_index, *pieces = await self._pool.run("sitemap", url, body=body, cpu_s=SITEMAP_CPU_S)
        return Sitemap(tuple(map(str, chain.from_iterable(pieces))), is_index=bool(is_index))


def _escaped(value: Any) -> str:
    """Bytes that are no UTF-8 stand in headers as lone surrogates: percent-encoded, as browsers send them."""
    raw = str(value).encode("utf-8", "surrogateescape")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return "".join(chr(byte) if byte < 0x80 else f"%{byte:02X}" for byte in raw)  # noqa: PLR2004 - ASCII's end
