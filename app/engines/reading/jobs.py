"""What a reader can do: bodies in, facts as JSON out. Everything that looks at what a stranger wrote is here."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, Final

from app.engines.analyse.analyser import Analyser
from app.engines.capture.pages import read_document
from app.engines.crawl.sitemap import parse_sitemap
from app.engines.extract.charset import decode
from app.engines.extract.css import extract_css
from app.engines.extract.page import extract
from app.engines.net.redirects import document_redirect
from app.engines.reading.wire import chunks, extraction_to, reference_to, subject_of
from app.engines.scope import Scope

MAX_ANSWER: Final = 64 * 1024 * 1024  # characters of all references of one page

Job = Callable[..., Iterator[Any]]


class TooMuch(Exception):
    """What was found on one page would fill the scan's memory."""


class Jobs:
    """The jobs of one scan. A job gives at least one piece."""

    def __init__(self, *, target: str, language: str) -> None:
        self._target = target
        self._language = language
        self._scope = Scope(target)
        self._jobs: dict[str, Job] = {
            "page": self._page,
            "sheet": self._sheet,
            "answer": self._answer,
            "document": self._document,
            "analysis": self._analysis,
            "sitemap": self._sitemap,
        }

    def prepare(self) -> None:
        """What takes long to make is made before readers are forked, so that all share it."""
        _ = self._analyser

    @cached_property
    def _analyser(self) -> Analyser:
        return Analyser(scope_target=self._target, language=self._language)

    def run(self, name: str, body: bytes, arguments: Sequence[Any]) -> list[Any]:
        """Raises whatever the page makes our code raise."""
        return list(self._jobs[name](body, *arguments))

    def _page(self, body: bytes, url: str, headers: list[tuple[str, str]]) -> Iterator[Any]:
        found = extract(body, url=url, headers=headers, is_internal=self._scope.is_own)
        if sum(len(item.raw) + len(item.url) for item in found.references) > MAX_ANSWER:
            raise TooMuch
        yield from extraction_to(found)

    def _sheet(self, body: bytes, url: str) -> Iterator[Any]:
        found = extract_css(body.decode("utf-8-sig", errors="replace"), url=url)
        yield from ([reference_to(reference) for reference in piece] for piece in chunks(found))

    def _answer(self, body: bytes, content_type: str, url: str) -> Iterator[Any]:
        html = decode(body, content_type)[0]
        yield document_redirect(html, url), read_document(html)

    def _document(self, body: bytes) -> Iterator[Any]:
        yield read_document(body.decode())

    def _analysis(self, body: bytes, *subject: Any) -> Iterator[Any]:
        yield self._analyser.analyse(subject_of(subject, decode(body, "")[0] if body else ""))

    def _sitemap(self, body: bytes, url: str) -> Iterator[Any]:
        found = parse_sitemap(body, url=url)
        yield found.is_index
        yield from chunks(found.urls)
