"""Content that only one kind of visitor is shown: views of one page in, references out. Pure.

Pages differ from one visit to the next for many reasons. In which respects they do tell two plain visits: there nothing
counts that others are shown. And of what is left only that counts which nobody shows by mistake: what trades offer, a
way to another site, a frame over the page, a block of foreign links. All other foreign hosts become third parties, and
are judged by what they show themselves.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final
from urllib.parse import unquote

from app.domain.scan_facts import Reference, Relation
from app.domain.tampering import TamperSign, certainty, kind_of, shown_to, sign_of, without_visitor
from app.domain.violations import VIOLATION_FROM
from app.domain.visitors import Visitor
from app.engines.cloaking.page_sample import SampledPage
from app.engines.cloaking.view import View
from app.engines.scope import registrable_domain
from app.engines.urls import host_of

MAX_SHOWN: Final = 20  # references of one page that only one visitor was shown
MAX_SNIPPET: Final = 200  # characters
MAX_HOSTS: Final = 5  # quoted
MANY_LINKS: Final = 3  # foreign sites, as of a block of links
WHOLE_PAGE: Final = 200  # characters of text from which on a page is more than a shell that scripts fill
REPLACED: Final = 5  # so many times shorter is a text that gave way to something else
LABEL: Final = 5  # characters of a name that tell whose it is
_COMPARED: Final = (Relation.SCRIPT, Relation.EMBED, Relation.LINK)
# Newcomers are asked for consent, robots for proof that they are people: by frames and scripts, too.
_ASKED: Final = frozenset({Visitor.NEWCOMER, Visitor.ROBOT})
_DIFFERENCES: Final = frozenset({TamperSign.SHOWN_OFFER, TamperSign.SHOWN_WORD})
_FROM_SEARCH: Final = frozenset({Visitor.SEARCH, Visitor.ROBOT})


@dataclass(frozen=True, slots=True)
class Compared:
    """What only one visitor was shown."""

    visitor: Visitor
    signs: tuple[Reference, ...]
    references: tuple[Reference, ...]  # to foreign hosts


class Comparison:
    """Compares the views of one page. `is_known`: whether a host is that of a well-known service."""

    def __init__(self, page: SampledPage, plain: Sequence[View], *, is_known: Callable[[str], bool]) -> None:
        """`plain`: one or two views, all of which show something."""
        self._page = page
        self._plain = plain
        self._is_known = is_known
        self._own = registrable_domain(host_of(page.url))
        self._domains = frozenset(domain for view in plain for domain in view.domains)
        self._sent = {registrable_domain(host_of(view.sent_to)) for view in plain if view.sent_to}
        self._is_way_steady = len({bool(view.sent_to) for view in plain}) == 1
        self._lines = [view.lines for view in plain]
        self._unsteady = {relation for relation in _COMPARED if len({_domains(view, relation) for view in plain}) > 1}
        self._told: set[tuple[str, str]] = set()  # (kind, snippet or address) of what was found, by any visitor

    def difference(self, view: View | None) -> tuple[str, str]:
        """Return the lines that the view alone has, and those that it lacks. None: what all plain views have and the
        crawl did not see.
        """
        usual = {line: None for lines in self._lines for line in lines}
        if view is None:
            stable = [line for line in usual if all(line in lines for lines in self._lines)]
            seen = self._page.lines
            return ("\n".join(line for line in stable if hash(line) not in seen) if seen else "", "")
        shown = view.lines
        return "\n".join(item for item in shown if item not in usual), "\n".join(
            item for item in usual if item not in shown
        )

    def later(self, words: Sequence[Reference]) -> Compared | None:
        """Return what the plain views show and the crawl did not see; `words`: what their `difference` tells."""
        if self._page.is_tampered:
            return None
        first = self._plain[0]
        always = set.intersection(*({sign.kind for sign in view.signs} for view in self._plain))
        signs = [sign for sign in first.signs if sign.kind in always]
        is_sent = all(view.sent_to for view in self._plain)
        way = first if is_sent and self._leads_astray(Visitor.BROWSER, first) else None
        found = [*self._words(Visitor.BROWSER, [*words, *signs], first), *self._ways(Visitor.BROWSER, way)]
        return self._result(Visitor.BROWSER, found, way, self._new() if words else [])

    def _new(self) -> list[Reference]:
        """References to domains that the crawl did not see on the page."""
        pairs = ((domain, one) for relation in _COMPARED for domain, one in _first(self._plain, relation))
        return [one for domain, one in pairs if domain not in self._page.domains]

    def of(self, visitor: Visitor, view: View, words: Sequence[Reference]) -> Compared | None:
        """Return what this visitor was shown and nobody before; None: nothing, or the view says nothing. `words`: what
        its `difference` tells.
        """
        if not view.was_shown:
            return None
        usual = {sign.kind for plain in self._plain for sign in plain.signs}
        signs = [*words, *(sign for sign in view.signs if sign.kind not in usual)]
        strange = [item for relation in _COMPARED for item in self._strange(view, relation)]
        way = view if self._is_way(view) else None
        found = [
            *self._words(visitor, signs, view),
            *self._ways(visitor, way if way is not None and self._leads_astray(visitor, way) else None),
            *self._covers(visitor, view, strange),
            *self._links(visitor, strange),
        ]
        return self._result(visitor, found, way, strange)

    def _result(
        self, visitor: Visitor, found: Sequence[Reference], way: View | None, strange: Sequence[Reference]
    ) -> Compared | None:
        signs = tuple(
            reference for reference in found if (without_visitor(reference.kind), reference.snippet) not in self._told
        )
        leading = list(strange)
        if way is not None:
            leading.insert(0, Reference(self._page.url, way.sent_to, way.sent_to, Relation.REDIRECT, way.sent_by))
            self._sent.add(registrable_domain(host_of(way.sent_to)))
        self._told |= {(without_visitor(sign.kind), sign.snippet) for sign in signs}
        self._told |= {(reference.kind, reference.url) for reference in strange}
        shown = (replace(item, page_url=self._page.url, kind=shown_to(item.kind, visitor)) for item in leading)
        return Compared(visitor, signs, tuple(islice(shown, MAX_SHOWN))) if signs or leading else None

    def _is_way(self, view: View) -> bool:
        """Whether the visitor is sent where nobody before was sent."""
        if not view.sent_to or not self._is_way_steady:
            return False
        return registrable_domain(host_of(view.sent_to)) not in self._sent

    def _strange(self, view: View, relation: Relation) -> list[Reference]:
        """References to domains that no plain view knows, where plain views agree."""
        if relation in self._unsteady:
            return []
        found = view.by_relation.get(relation, {}).items()
        return [one for domain, one in found if domain not in self._domains and (one.kind, one.url) not in self._told]

    def _words(self, visitor: Visitor, signs: Sequence[Reference], view: View) -> Iterator[Reference]:
        """Yield the signs as those of what this visitor was shown; what tells the difference has title and hosts."""
        if certainty(sign for item in signs if (sign := sign_of(item.kind)) is not None) < VIOLATION_FROM:
            return
        url = self._page.url
        for item in signs:
            snippet = self._quoted(item.snippet, view) if sign_of(item.kind) in _DIFFERENCES else item.snippet
            yield replace(item, page_url=url, url=url, kind=shown_to(item.kind, visitor), snippet=snippet)

    def _quoted(self, line: str, view: View) -> str:
        """Quote what was shown: its title, the line, the hosts that nobody else was led to."""
        hosts = sorted({host_of(reference.url) for reference in view.references if self._is_strange(reference)})[
            :MAX_HOSTS
        ]
        title = view.title[: MAX_SNIPPET // 3]
        said = dict.fromkeys((title, line[: MAX_SNIPPET // 3] if line != view.title else title, ", ".join(hosts)))
        return " | ".join(filter(None, said))[:MAX_SNIPPET]

    def _is_strange(self, reference: Reference) -> bool:
        host = host_of(reference.url)
        return registrable_domain(host) not in self._domains and not self._is_known(host)

    def _ways(self, visitor: Visitor, astray: View | None) -> Iterator[Reference]:
        if astray is not None:
            yield self._sign(TamperSign.SHOWN_REDIRECT, visitor, astray.sent_to, astray.sent_to)

    def _leads_astray(self, visitor: Visitor, view: View) -> bool:
        """Whether the way is one that nobody expects. Organisations send phones to another name of theirs, newcomers to
        where they sign in or agree to something, and back.
        """
        host = host_of(view.sent_to)
        domain = registrable_domain(host)
        if domain in self._domains or self._is_known(host):
            return False
        return visitor in _FROM_SEARCH or not (_is_related(domain, self._own) or self._comes_back(view.sent_to))

    def _comes_back(self, address: str) -> bool:
        """Whether the address names one of ours to return to."""
        told = unquote(address.partition("?")[2])
        return any(registrable_domain(host_of(f"https://{rest}")) == self._own for rest in told.split("://")[1:])

    def _covers(self, visitor: Visitor, view: View, strange: Sequence[Reference]) -> Iterator[Reference]:
        """Yield what takes the place of the page."""
        code = [
            reference for reference in strange if reference.relation is Relation.SCRIPT and self._is_strange(reference)
        ]
        if not code or visitor in _ASKED:
            return
        shortest = min(len(plain.text) for plain in self._plain)
        is_replaced = shortest >= WHOLE_PAGE and len(view.text) * REPLACED < shortest
        cover = next((item for item in view.covers() if item in code), code[0] if is_replaced else None)
        if cover is not None:
            yield self._sign(TamperSign.SHOWN_COVER, visitor, cover.raw, cover.url, cover.dom_path)

    def _links(self, visitor: Visitor, strange: Sequence[Reference]) -> Iterator[Reference]:
        """Yield a block of links for search engines. Of a page that scripts fill, robots get what these show others."""
        links = [
            reference for reference in strange if reference.relation is Relation.LINK and self._is_strange(reference)
        ]
        is_filled = min(len(plain.text) for plain in self._plain) >= WHOLE_PAGE
        if len(links) >= MANY_LINKS and is_filled and visitor in _FROM_SEARCH:
            said = ", ".join(f"{link.text} ({host_of(link.url)})" for link in links)
            yield self._sign(TamperSign.SHOWN_LINKS, visitor, links[0].raw, said, links[0].dom_path)

    def _sign(self, sign: TamperSign, visitor: Visitor, raw: str, snippet: str, dom_path: str = "") -> Reference:
        page, kind = self._page.url, kind_of(sign, visitor)
        return Reference(page, page, raw[:MAX_SNIPPET], Relation.MENTION, kind, dom_path, snippet[:MAX_SNIPPET])


def _domains(view: View, relation: Relation) -> frozenset[str]:
    return frozenset(view.by_relation.get(relation, ()))


def _first(views: Sequence[View], relation: Relation) -> Iterator[tuple[str, Reference]]:
    yield from {domain: one for view in views for domain, one in view.by_relation.get(relation, {}).items()}.items()


def _is_related(one: str, other: str) -> bool:
    """Whether one name is part of the other: example.com and example-mobile.cn."""
    short, long = sorted((one.partition(".")[0], other.partition(".")[0]), key=len)
    return len(short) >= LABEL and short in long
