"""Whole sites as they lie in folders, and what a scan would say of their pages.

A folder is a site: pages, style sheets and scripts as they lie on its server. Each page is judged by the functions that
the other evaluations use: as a page of the site itself with the site's style sheets, its start page as it was captured
as well; at the end what only all pages together tell (rare scripts); and as the page of a third party. Nothing is
rendered: script files are not read, as no scan reads them but by the browser that runs them.
"""

import json
import re
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from app.domain.scan_facts import Capture, Reference, Relation, ThirdParty
from app.domain.tampering import sign_of
from app.domain.violations import ViolationFact
from app.engines.analyse.analyser import Analyser
from app.engines.analyse.risk import risk_of
from app.engines.analyse.subject import Subject
from app.engines.extract.css_rules import read_sheet
from app.engines.extract.page import Sheets, extract_document, hidden_elements
from app.engines.extract.page_styles import linked_sheets
from app.engines.extract.style_sheet import StyleSheet, sheet_of
from app.engines.html.document import HtmlDocument
from app.engines.html.page_content import read_content
from app.engines.identify.aggregate import ThirdPartyAggregate
from app.engines.parsing.own_pages import own_page_of, references_of
from app.engines.pipeline.analysis.analysis_stage import is_weak_at_home, of_start_page
from app.engines.pipeline.analysis.tampered_pages import tampered_page
from app.engines.pipeline.capture_selector import CaptureTarget
from app.engines.pipeline.third_party.rare_scripts import rare_scripts
from app.engines.pipeline.third_party.third_parties import SAMPLE
from app.engines.scope import InvalidTarget, Scope, parse_target, registrable_domain
from app.engines.urls import host_of, resolve
from tests.eval.eval_site import HTML, analyser_of, judge_references

PAGES: Final = frozenset({".html", ".htm", ".shtml", ".xhtml"})
STARTS: Final = ("index.html", "index.htm", "default.html", "default.htm", "index.shtml")
MAX_BYTES: Final = 3_000_000  # of a page or sheet; a scan takes no more of most pages either
MAX_NESTING: Final = 2  # of imported sheets, as a scan has it
PAGE_TIMEOUT_S: Final = 30
OWN, THIRD = "own", "third"
QUOTED: Final = 200  # characters

_DOMAIN_AS_NAME: Final = re.compile(
    r"[_-](?=(?:com|net|org|edu|gov)(?:[_-]cn)?$|cn$)|(?<=com|net|org|edu|gov)[_-](?=cn$)"
)
_PAGES_HOST: Final = re.compile(r"\.github\.com$")  # where repositories of old called their sites so
_NOT_FOR_NAMES: Final = re.compile(r"[^a-z0-9]+")
_TEMPLATE: Final = re.compile(rb"\{%|\{\{|<%|<\?php|\A\s*---\s*\n")
_PAGE: Final = re.compile(rb"<(?:!doctype|html|head|body|title|frameset)\b", re.IGNORECASE)
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_CHINESE: Final = re.compile("[\u4e00-\u9fff]")
_OTHER_EAST: Final = re.compile("[\u3040-\u30ff\uac00-\ud7af]")
_ENGLISH: Final = re.compile(r"\b(?:the|and|of|to|in|for|is|with|this|you|home|about|contact)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Accusation:
    """What is said of one page in one of its two parts."""

    site: str
    path: str
    as_: str  # OWN or THIRD
    facts: tuple[ViolationFact, ...]
    risks: tuple[str, ...]  # of each fact, when a link leads to it
    title: str = ""

    def to_json(self) -> Iterator[str]:
        for fact, risk in zip(self.facts, self.risks, strict=True):
            evidence = [
                {"rule": one.rule, "score": one.score, "terms": one.terms, "snippet": one.snippet[:QUOTED]}
                for one in fact.evidence
            ]
            said = {
                "site": self.site, "path": self.path, "as": self.as_, "class": fact.violation_key, "risk": risk,
                "confidence": fact.confidence_score, "title": self.title[:QUOTED], "domain": fact.domain,
                "evidence": evidence,
            }  # fmt: skip
            yield json.dumps(said, ensure_ascii=False)


@dataclass(slots=True)
class Outcome:
    """What became of one site."""

    site: str
    languages: Counter[str] = field(default_factory=Counter)  # of the pages that were judged
    skipped: Counter[str] = field(default_factory=Counter)  # of what was not, by why
    accusations: list[Accusation] = field(default_factory=list)


@dataclass(frozen=True)
class Site:
    """One folder."""

    folder: Path
    scheme: str = "https"

    @property
    def name(self) -> str:
        return self.folder.name

    @cached_property
    def root(self) -> Path:
        """The folder with the start page, when no other one is as near to the top."""
        starts = [path.parent for path in self.folder.rglob("*") if path.name.lower() in STARTS]
        nearest = min((len(path.parts) for path in starts), default=0)
        found = {path for path in starts if len(path.parts) == nearest}
        return found.pop() if len(found) == 1 else self.folder

    @cached_property
    def host(self) -> str:
        repository = _PAGES_HOST.sub(".github.io", self.name.rpartition("+")[2].lower())
        file = next((path for path in (self.root / "CNAME", self.folder / "CNAME") if path.is_file()), None)
        lines = file.read_text("utf-8", "replace").split() if file else ()
        for name in (*lines[:1], repository, _DOMAIN_AS_NAME.sub(".", repository)):
            try:
                return parse_target(name).name
            except InvalidTarget:
                continue
        return f"{_NOT_FOR_NAMES.sub('-', repository).strip('-') or 'site'}.example"

    def pages(self, most: int) -> list[Path]:
        """Pages spread evenly over the site, the start page first."""
        every = sorted(path for path in self.root.rglob("*") if path.suffix.lower() in PAGES and path.is_file())
        every.sort(key=lambda path: self.url_of(path) != f"{self.scheme}://{self.host}/")
        step = max(1.0, len(every) / most)
        return [every[int(place * step)] for place in range(min(most, len(every)))]

    def url_of(self, path: Path) -> str:
        steps = path.relative_to(self.root).as_posix()
        if path.name.lower() in STARTS[:2]:
            steps = steps.removesuffix(path.name)
        return f"{self.scheme}://{self.host}/{quote(steps, safe='/%')}"

    def file_of(self, url: str) -> Path | None:
        """The file of the site that the address leads to."""
        if host_of(url) != self.host:
            return None
        path = self.root / unquote(urlsplit(url).path).lstrip("/")
        try:
            return path if path.resolve().is_relative_to(self.root.resolve()) and path.is_file() else None
        except (OSError, ValueError):
            return None


class SiteSheets:
    """Style sheets of a site, each read once."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._read: dict[str, list[StyleSheet] | None] = {}

    def of(self, document: HtmlDocument, url: str) -> Sheets:
        linked = {name: self._sheet(name) for name in linked_sheets(document.trees, document.base_url(url))}
        return {name: found for name, found in linked.items() if found is not None}

    def _sheet(self, url: str, nesting: int = 0) -> list[StyleSheet] | None:
        if url not in self._read:
            self._read[url] = None  # who imports itself ends here
            path = self._site.file_of(url)
            if path is not None:
                text = path.read_bytes()[:MAX_BYTES].decode("utf-8-sig", "replace")
                self._read[url] = [*self._imported(text, url, nesting), sheet_of(text)]
        return self._read[url]

    def _imported(self, text: str, url: str, nesting: int) -> Iterator[StyleSheet]:
        if nesting < MAX_NESTING:
            for raw in read_sheet(text).imports:
                name = resolve(url, raw)
                yield from (self._sheet(name, nesting + 1) if name else None) or ()


class Timeout(Exception):
    """A page takes too long."""


class Judge:
    """Judges the pages of one site."""

    def __init__(self, site: Site, third: Analyser) -> None:
        self.outcome = Outcome(site.name)
        self._site = site
        self._third = third
        self._own = analyser_of(registrable_domain(site.host))
        self._scope = Scope(site.host)
        self._sheets = SiteSheets(site)
        self._parties = ThirdPartyAggregate(self._scope)
        self._titles: dict[str, tuple[str, str]] = {}  # path and title by address

    def judge(self, path: Path, *, is_page: bool = False) -> None:
        """`is_page`: somebody has said so; else templates and fragments are left out."""
        body = path.read_bytes()[:MAX_BYTES]
        head = body[:4096]
        if is_page:
            self._judge(path, body)
        elif _TEMPLATE.search(head):
            self.outcome.skipped["templates"] += 1
        elif not _PAGE.search(head) and not head.startswith(_UTF_16):
            self.outcome.skipped["fragments"] += 1
        else:
            self._judge(path, body)

    def _judge(self, path: Path, body: bytes) -> None:
        url = self._site.url_of(path)
        document = HtmlDocument.decode(body, HTML)
        hidden = hidden_elements(document, url, self._sheets.of(document, url))
        found = extract_document(document, url=url, headers=(), is_internal=self._scope.is_own, hidden=hidden)
        place = path.relative_to(self._site.folder).as_posix()
        self._titles[url] = place, found.title
        signs = references_of(self._own.examine_own(own_page_of(document, found, url, hidden)), url)
        told = [sign for sign in signs if sign_of(sign.kind) is not None]
        content = read_content(document)
        host = self._site.host
        capture = Capture(host, host, url, url, status=200, title=content.title)
        party = ThirdParty(host, (host,), relation=Relation.LINK)
        own = [*([tampered_page(url, told)] if told else ()), *judge_references(self._own, found.references)]
        if urlsplit(url).path == "/":
            start = self._own.analyse(Subject(capture, party, content))
            target = CaptureTarget(host, host, url)
            own += [of_start_page(one, target, self._scope.is_own) for one in start if not is_weak_at_home(one)]
        self._accuse(url, OWN, own)
        self._accuse(url, THIRD, self._third.analyse(Subject(capture, party, content)))
        self._parties.add(found.references)
        self.outcome.languages[language_of(found.text)] += 1

    def end(self) -> None:
        """Judge what only the whole site tells."""
        every = ((party, self._parties.references_of(party.domain, SAMPLE)) for party in self._parties.all())
        for sign in rare_scripts(every, pages=self.outcome.languages.total()):
            self._accuse(sign.page_url, OWN, [tampered_page(sign.page_url, [sign])])

    def _accuse(self, url: str, as_: str, facts: Sequence[ViolationFact]) -> None:
        if facts:
            place, title = self._titles[url]
            link = Reference(url, url, url, Relation.LINK, "a[href]")
            risks = tuple(risk_of(fact.violation_key, link, self._scope.is_own).level.value for fact in facts)
            self.outcome.accusations.append(Accusation(self._site.name, place, as_, tuple(facts), risks, title))


def language_of(text: str) -> str:
    """Return `Chinese`, `English` or `other`, by the characters and a few words."""
    sample = text[:20_000]
    chinese, other = len(_CHINESE.findall(sample)), len(_OTHER_EAST.findall(sample))
    if chinese > 20 and chinese > 0.05 * len(sample) and other < 0.2 * chinese:
        return "Chinese"
    return "English" if len(_ENGLISH.findall(sample)) > 0.03 * len(sample.split()) and other < 20 else "other"


def judge_site(site: Site, *, most: int, are_pages: bool = False) -> Outcome:
    """Judge one site; a page that cannot be judged is counted by what went wrong. `are_pages`: as of `Judge.judge`."""
    judge = Judge(site, analyser_of("scope.example"))
    before = signal.signal(signal.SIGALRM, _on_alarm)
    for path in site.pages(most):
        _attempt(partial(judge.judge, path, is_page=are_pages), judge.outcome)
    _attempt(judge.end, judge.outcome)
    signal.signal(signal.SIGALRM, before)
    return judge.outcome


def _attempt(action: Callable[[], None], outcome: Outcome) -> None:
    signal.alarm(PAGE_TIMEOUT_S)
    try:
        action()
    except Exception as error:  # noqa: BLE001 - whatever a page does to us is a number in the table
        outcome.skipped[f"failed: {type(error).__name__}"] += 1
    finally:
        signal.alarm(0)


def _on_alarm(*_: object) -> None:
    raise Timeout
