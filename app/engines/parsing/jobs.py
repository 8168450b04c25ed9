"""Jobs of a parser process: bodies in, facts as JSON out. All parsing of untrusted content happens here."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import Any, Final

import orjson

from app.domain.scan_facts import Capture, ThirdParty
from app.engines.analyse.analyser import Analyser
from app.engines.analyse.own_site.own_scripts import looks_odd
from app.engines.analyse.reputation.layer import ReputationList
from app.engines.analyse.shipped_data import shipped_classifier
from app.engines.analyse.subject import Subject
from app.engines.documents.document import read_document
from app.engines.extract.css_rules import read_sheet
from app.engines.extract.css_urls import extract_css
from app.engines.extract.page import Extraction, content_type_of, extract_document, hidden_elements
from app.engines.extract.page_budget import PageBudget
from app.engines.extract.page_styles import linked_sheets
from app.engines.extract.sitemap import parse_sitemap
from app.engines.extract.style_sheet import sheet_to_json
from app.engines.html.charset import decode_as
from app.engines.html.document import HtmlDocument
from app.engines.html.own_page import OwnPage
from app.engines.html.page_content import read_content
from app.engines.html.redirects import document_redirect
from app.engines.identify.classify import UNKNOWN, classify, serves_sheets
from app.engines.lists.in_use import lists_of
from app.engines.local_reader.model import LocalOpinion
from app.engines.parsing.own_pages import own_page_of, references_of
from app.engines.parsing.picture_look import look_of, page_look_of, thumbnail_of
from app.engines.parsing.serialisation import chunks, document_to, extraction_to, reference_to, subject_of, subject_to
from app.engines.parsing.sheet_cache import SheetCache
from app.engines.reading_model.answer import Opinion
from app.engines.scope import Scope
from app.engines.urls import host_of, resolve

MAX_ANSWER: Final = 64 * 1024 * 1024  # characters of all references and links of one page

# A page that makes everything be made that pages need: the automata of the lexicons alone take 40 ms. Analysing it as
# what a third party shows makes as much again, which each of the processes would make for itself.
_SAMPLE: Final = b'<title>Sample</title><p>A page with a text and <a href="https://www.example.net/">a link</a>.'
_SAMPLE_URL: Final = "https://sample.example/"
_SAMPLE_PARTY: Final = "sample.example"

Job = Callable[..., Iterator[Any]]


class TooMuch(Exception):
    """What was found on one page would fill the scan's memory."""


class Jobs:
    """The jobs of one scan. A job gives at least one piece."""

    def __init__(
        self,
        *,
        target: str,
        own_domains: Sequence[str] = (),
        reads: bool = False,
        lists: Sequence[Mapping[str, Any]] = (),
        make_budget: Callable[[], PageBudget] = PageBudget,
    ) -> None:
        """`own_domains`: see `Scope`. `reads`: a language model reads along, and pages of the target have excerpts for
        it. `lists`: those of the deployment, as `engines.lists.in_use.order_of` says them. `make_budget`: the time of
        one page, which begins when it is called.
        """
        self._make_budget = make_budget
        self._lists = tuple(ReputationList(used, file) for used, file in lists_of(lists))
        self._reads = reads
        self._scope = Scope(target, frozenset(own_domains))
        self._sheets = SheetCache()
        self._jobs: dict[str, Job] = {
            "page": self._page,
            "sheet": self._sheet,
            "rules": self._rules,
            "links": self._links,
            "look": self._look,
            "thumbnail": self._thumbnail,
            "page_look": self._page_look,
            "answer": self._answer,
            "document": self._document,
            "analysis": self._analysis,
            "opinion": self._opinion,
            "excerpt": self._excerpt,
            "sitemap": self._sitemap,
            "difference": self._difference,
        }

    def prepare(self) -> None:
        """What takes long to make is made before processes are forked, so that all share it.

        A list with a damaged line is no reason not to begin: each process then makes for itself what is missing here,
        and what the line makes fail is the capture that it is about.
        """
        self.run("page", _SAMPLE, (_SAMPLE_URL, (), {}, {}, False))
        shown = Subject(
            Capture(_SAMPLE_PARTY, _SAMPLE_PARTY, _SAMPLE_URL, _SAMPLE_URL, status=200),
            ThirdParty(_SAMPLE_PARTY, (_SAMPLE_PARTY,)),
            read_content(HtmlDocument.decode(_SAMPLE, "")),
        )
        with suppress(ValueError):  # of a damaged line about the sample
            self.run("analysis", b"", orjson.loads(orjson.dumps(subject_to(shown))))

    @cached_property
    def _analyser(self) -> Analyser:
        return Analyser(
            scope_target=self._scope.target_name,
            own_domains=self._scope.own_domains,
            lists=self._lists,
            classifier=shipped_classifier(),
            is_known=lambda host: classify(host) != UNKNOWN,
        )

    @property
    def mapped_bytes(self) -> int:
        """How much of the address space files take that all processes share."""
        return sum(len(item.file) for item in self._lists)

    def run(self, name: str, body: bytes, arguments: Sequence[Any]) -> list[Any]:
        """Raises whatever the page makes our code raise."""
        return list(self._jobs[name](body, *arguments))

    def _page(
        self,
        body: bytes,
        url: str,
        headers: list[tuple[str, str]],
        known: Mapping[str, Sequence[str] | None],
        texts: Mapping[str, str],
        asks: bool,
    ) -> Iterator[Any]:
        """Give the facts, or first say what is needed of style sheets.

        `known`: digests of sheets by their URL, None of one that did not come; `texts`: of digests that were asked
        for. `asks`: whether sheets that are not known may be asked for.
        """
        budget = self._make_budget()
        document = HtmlDocument.decode(body, content_type_of(headers))
        self._sheets.add(texts)
        linked = linked_sheets(document.trees, document.base_url(url))
        unknown = [sheet for sheet in linked if sheet not in known and self._has_sheets(host_of(sheet))]
        missing = self._sheets.missing(digest for sheet in linked for digest in known.get(sheet) or ())
        if (unknown and asks) or missing:
            yield {"unknown": unknown if asks else [], "missing": missing}
            return
        hidden = hidden_elements(document, url, self._sheets.by_url(linked, known))
        is_own = self._scope.is_own
        found = extract_document(document, url=url, headers=headers, is_internal=is_own, hidden=hidden, budget=budget)
        if sum(len(item.raw) + len(item.url) for item in found.references) + sum(map(len, found.links)) > MAX_ANSWER:
            raise TooMuch
        if budget.judges:
            found = self._judged(document, own_page_of(document, found, url, hidden), found)
        else:
            found = replace(found, overflowed=True)
        yield from extraction_to(found)

    def _judged(self, document: HtmlDocument, own: OwnPage, found: Extraction) -> Extraction:
        """Return what was found on the page, with its signs of tampering."""
        signs = self._analyser.examine_own(own)
        if signs:
            found = replace(found, references=(*found.references, *references_of(signs, own.url)))
        elif self._reads:
            found = replace(found, excerpt=self._own_excerpt(document, own))
        return replace(found, is_odd=True) if looks_odd(document.markup, document.marks) else found

    def _has_sheets(self, host: str) -> bool:
        """Tell whether sheets of the host may be asked for."""
        return self._scope.is_own(host) or serves_sheets(host)

    def _own_excerpt(self, document: HtmlDocument, page: OwnPage) -> list[Any] | None:
        excerpt = self._analyser.own_excerpt(page)
        asks = next(iter(document.select("input[type=password i]")), None) is not None
        return None if excerpt is None else replace(excerpt, asks=asks).to_json()

    def _sheet(self, body: bytes, url: str) -> Iterator[Any]:
        found = extract_css(body.decode("utf-8-sig", errors="replace"), url=url)
        yield from ([reference_to(reference) for reference in piece] for piece in chunks(found))

    def _rules(self, body: bytes, url: str) -> Iterator[Any]:
        """Give what of a sheet bears on hiding, and the sheets that it imports."""
        found = read_sheet(body.decode("utf-8-sig", errors="replace"))
        imports = [imported for raw in found.imports if (imported := resolve(url, raw)) is not None]
        yield sheet_to_json(found.rules, found.variables), imports

    def _links(self, body: bytes, url: str, with_texts: bool) -> Iterator[Any]:
        """Give what a document that is no page leads to."""
        yield from document_to(read_document(body, url=url, is_own=self._scope.is_own, with_texts=with_texts))

    def _thumbnail(self, body: bytes) -> Iterator[Any]:
        yield thumbnail_of(body)

    def _look(self, body: bytes) -> Iterator[Any]:
        yield look_of(body)

    def _page_look(self, body: bytes) -> Iterator[Any]:
        found = page_look_of(body)
        yield None if found is None else str(found)

    def _answer(self, body: bytes, content_type: str, url: str) -> Iterator[Any]:
        document = HtmlDocument.decode(body, content_type)
        yield document_redirect(document, url), read_content(document)

    def _document(self, body: bytes, charset: str) -> Iterator[Any]:
        yield read_content(HtmlDocument(decode_as(body, charset), charset=charset))

    def _analysis(self, _: bytes, *subject: Any) -> Iterator[Any]:
        yield self._analyser.analyse(subject_of(subject))

    def _opinion(
        self, _: bytes, opinion: dict[str, Any] | None, local: list[Any] | None, *subject: Any
    ) -> Iterator[Any]:
        said = None if opinion is None else Opinion.from_json(opinion)
        local_said = None if local is None else LocalOpinion.from_json(local)
        yield self._analyser.reconsider(subject_of(subject), said, local_said)

    def _excerpt(self, _: bytes, *subject: Any) -> Iterator[Any]:
        found = self._analyser.excerpt(subject_of(subject))
        yield found and found.to_json()

    def _difference(self, added: bytes, usual: str, url: str) -> Iterator[Any]:
        found = self._analyser.examine_difference(added.decode(), usual)
        yield [reference_to(reference) for reference in references_of((found,) if found else (), url)]

    def _sitemap(self, body: bytes, url: str) -> Iterator[Any]:
        found = parse_sitemap(body, url=url)
        yield found.is_index
        yield from chunks(found.urls)
