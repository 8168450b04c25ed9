"""Content that an attacker has added to the site's own pages.

An organisation's page that offers what the trades of the lexicons offer was changed by somebody, or is not watched.
What visitors may write (forums, comments) is not judged by its words: it leads to findings about what it links to.
Guard words count in the zone where they stand: a title is judged alone, and long innocent text buries nothing.

Signs and their scores stand in `domain.tampering`; lexicons and text layer are those of third parties. No list of
allowed hosts is asked: the target itself is never silenced.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Final

from app.domain.authorship import Author, authorship_of
from app.domain.tampering import TRADES, TamperSign, certainty
from app.domain.violations import VIOLATION_FROM
from app.engines.analyse.own_site.own_addresses import is_akin, named_in_the_open, names_trade
from app.engines.analyse.own_site.own_defaced import examine_defaced
from app.engines.analyse.own_site.own_doorways import examine_small_trades, is_borrowed, is_stuffed
from app.engines.analyse.own_site.own_downloads import examine_downloads
from app.engines.analyse.own_site.own_drawn import examine_drawn
from app.engines.analyse.own_site.own_forms import examine_forms
from app.engines.analyse.own_site.own_frames import examine_frames
from app.engines.analyse.own_site.own_lures import examine_lures
from app.engines.analyse.own_site.own_miners import examine_miners
from app.engines.analyse.own_site.own_payees import examine_payees
from app.engines.analyse.own_site.own_popunders import examine_popunders, opens
from app.engines.analyse.own_site.own_scripts import examine_scripts, may_send_away
from app.engines.analyse.own_site.own_structured import examine_structured
from app.engines.analyse.own_site.own_swaps import examine_swaps
from app.engines.analyse.own_site.own_terms import (
    MANY_TERMS,
    MAX_TERMS,
    SURE_GUARD,
    as_written,
    guard_of,
    has_product,
    is_judged,
    is_product,
    quote_of,
    words_of,
)
from app.engines.analyse.own_site.own_words import SURELY_DENIED, OwnWords
from app.engines.analyse.own_site.own_written import examine_written, writes
from app.engines.analyse.own_site.tamper_match import MAX_QUOTE, TamperMatch
from app.engines.analyse.structure.doorways import leaves_handle, names_goods, names_offer, without_quotes
from app.engines.analyse.structure.gambling_brands import GamblingBrands
from app.engines.analyse.text.layer import MAX_TEXT_CHARS, TextLayer, Zone
from app.engines.analyse.text.lexicon import Lexicon
from app.engines.analyse.text.normalise import Normaliser
from app.engines.html.marks import marks
from app.engines.html.own_page import OwnLink, OwnPage, OwnText
from app.engines.urls import host_of

SURE_TEXT: Final = 0.75  # of the text layer
ENOUGH_TEXT: Final = 200  # characters of a page that say what it is about
FADED_SHARE: Final = 0.5  # of a page's text
FADED_BLOCKS: Final = 4  # title, article, pager and the like: who plants a text plants one block or two
REPORTS: Final = 1.0  # weight of a guard word of those who report: the criminal law, the police
BLOCK_DOMAINS: Final = 3  # foreign sites of a trade side by side
PAIR_DOMAINS: Final = 2
MAX_LINKS: Final = 300
MAX_LINES: Final = 1_000
MAX_LINE: Final = 2_000  # characters
MAX_HANDLES: Final = 20  # lines with a handle

_TITLE: Final = re.compile(r"<title[^>]{0,200}>([^<]{1,4000})</title", re.IGNORECASE)
_NUMBERED: Final = re.compile(r"&#(?:\d{2,7}|[xX][0-9a-fA-F]{2,6});")
_FADED: Final = "opacity_zero"  # kind of hiding
_FRAME: Final = marks(b"frame")
_ENCODED_FROM: Final = 4  # characters of a title that are written as numbers


class OwnPages:
    """Judges crawled pages of the target. Holds no state of a page."""

    def __init__(
        self,
        *,
        lexicon: Lexicon,
        normaliser: Normaliser,
        text: TextLayer,
        gambling_brands: GamblingBrands,
        is_known: Callable[[str], bool],
        words: OwnWords | None = None,
    ) -> None:
        """`is_known`: whether a host is that of a well-known service, such as statistics."""
        self._own_words = words
        self._is_known = is_known
        self._lexicon = lexicon
        self._normaliser = normaliser
        self._text = text
        self._gambling_brands = gambling_brands

    def examine(self, page: OwnPage) -> tuple[TamperMatch, ...]:
        """Return the signs of a page that together make a violation; empty for all others."""
        first = dict[TamperSign, TamperMatch]()
        for sign in self._signs(page):
            first.setdefault(sign.sign, sign)
        found = tuple(first.values())
        return found if certainty(item.sign for item in found) >= VIOLATION_FROM else ()

    def _signs(self, page: OwnPage) -> Iterator[TamperMatch]:
        own = host_of(page.url)

        def is_partner(host: str) -> bool:
            return self._is_known(host) or (is_akin(own, host) and not names_trade(host))

        yield from self._of_markup(page)
        if not (by_visitors := authorship_of(page.url).author is Author.USER):
            yield from examine_small_trades(page, self._gambling_brands, self._is_known)
            yield from examine_defaced(page)
        if self._own_words is not None:
            yield from self._own_words.examine_links(page.links(), is_partner, by_visitors=by_visitors)
            if not by_visitors:
                yield from self._own_words.examine_head(page)
                yield from self._own_words.examine_lines(page.text)
                yield from self._own_words.examine_spread(page.links(), page.text, is_partner)
            hidden = [link for link in islice(page.links(), MAX_LINKS) if link.hidden is not None]
            if hidden := [link for link in hidden if not is_partner(host_of(link.url))]:
                yield from self._own_words.examine_hidden(page.hidden_texts(), hidden)
        if names_goods(page.text) and any(names_offer(link.text) for link in islice(page.links(), MAX_LINKS)):
            yield from self._links(page.links(), by_visitors=by_visitors)
        if not self._may_offer("\n".join((page.title, *page.meta, page.unseen, page.text[:MAX_TEXT_CHARS]))):
            return
        body, title, meta, _ = self._text.read(text=page.text, title=page.title, meta=page.meta)
        unseen = self._lexicon.find(self._normaliser.normalise(page.unseen)) if page.unseen else []
        if not any(map(has_product, (body.hits, title.hits, meta.hits, unseen))):
            return
        if has_product(body.hits) or has_product(unseen):
            yield from self._hidden(_planted(page.hidden_texts(), len(page.text)))
            yield from self._links(page.links(), by_visitors=by_visitors)
        if by_visitors:
            return
        if self._own_words is not None:
            yield from self._own_words.examine_whole(page)
        seen = self._text.read(text=page.seen_text(), title="", meta=())[0] if has_product(body.hits) else body
        yield from self._head(page, seen, title, meta)
        is_denied = self._own_words is not None and self._own_words.denies(page)
        is_denied = is_denied and not any(map(leaves_handle, page.text.split("\n", MAX_LINES)))
        is_harmless = is_denied and self._own_words is not None and self._own_words.denies(page, below=SURELY_DENIED)
        yield from self._read(seen, is_denied=is_denied, is_harmless=is_harmless)
        yield from self._planted_line(page.text)
        yield from self._stuffed(page, seen)

    def _of_markup(self, page: OwnPage) -> Iterator[TamperMatch]:
        """Judge what scripts, frames, forms and style sheets do, whatever the page is about."""
        is_named = named_in_the_open(page.links, page.url)

        def is_open(host: str) -> bool:
            return self._is_known(host) or is_named(host)

        if may_send_away(page.markup, page.marks):
            yield from examine_scripts(page.scripts(), page.url, self._is_known, is_named, self._is_harmless)
        if writes(page.marks):
            yield from examine_written(page.scripts(), page.url, self._is_known, self._offer_in)
        if opens(page.marks):
            yield from examine_popunders(page.scripts(), page.url, is_open)
        yield from examine_miners(page, is_open)
        yield from examine_swaps(page)
        yield from examine_forms(page, is_open)
        yield from examine_downloads(page, self._is_known)
        yield from examine_payees(page, is_open)
        yield from examine_structured(page, is_open, self._offer_in)
        yield from examine_drawn(page, self._offer_in)
        if page.marks >= _FRAME or "<object" in page.markup or "<embed" in page.markup:
            yield from examine_frames(page.markup, page.url, self._is_known)
        yield from examine_lures(page, is_open, self._offer_in, self._is_known)

    def _is_harmless(self, text: str) -> bool:
        return self._own_words is not None and self._own_words.is_harmless(text)

    def _offer_in(self, text: str) -> tuple[str, tuple[str, ...]] | None:
        """Return what a script that writes into the page says of an offer."""
        if self._may_offer(text):
            normalised = self._normaliser.normalise(text)
            found = words_of(self._lexicon.find(normalised)).values()
            if any(words.is_guarded for words in found):
                return None
            for words in found:
                if words.offers:
                    return quote_of(normalised, words.strongest), words.terms
        return None if self._own_words is None else self._own_words.offer_in(text)

    def _may_offer(self, text: str) -> bool:
        """Whether a trade's product may be named: a line ends before all that is looked for in one of the texts."""
        return self._names_product(self._normaliser.sketch(text))

    @cached_property
    def _names_product(self) -> Callable[[str], bool]:
        return self._lexicon.detector(is_product)

    def _head(self, page: OwnPage, body: Zone, title: Zone, meta: Zone) -> Iterator[TamperMatch]:
        """Judge title and description, each alone."""
        below = words_of(body.hits)
        said = words_of(title.hits)
        if said and (unquoted := without_quotes(page.title)) != page.title:
            said = words_of(self._lexicon.find(self._normaliser.normalise(unquoted)))
        for key, words in said.items():
            if key not in TRADES or words.is_guarded or not words.has_product:
                continue
            if key in below and below[key].guard >= REPORTS and not words.weights.keys().isdisjoint(below[key].weights):
                continue  # who reports on the trade calls it by its name
            if key in below and self._own_words is not None and self._own_words.denies(page, title=True):
                continue
            match = _TITLE.search(page.markup)
            written = match[1].strip() if match else page.title
            for sign, applies in (
                (TamperSign.TITLE, words.offers or is_borrowed(page.title)),
                (TamperSign.TITLE_FOREIGN, key not in below and len(page.text) >= ENOUGH_TEXT),
                (TamperSign.TITLE_ENCODED, len(_NUMBERED.findall(written)) >= _ENCODED_FROM),
            ):
                if applies:
                    yield TamperMatch(
                        sign, written[:MAX_QUOTE], page.title[:MAX_QUOTE], words.terms, "html > head > title"
                    )
            break
        for key, words in words_of(meta.hits).items():
            # Who offers in so many words is not excused by the title of the page that was changed.
            is_reported = not words.has_offer and guard_of(key, title.hits) >= SURE_GUARD
            is_excused = words.is_excused or is_reported
            if key not in TRADES or is_excused or not words.has_product:
                continue
            many = len(words.weights) >= MANY_TERMS and words.has_offer
            if many or (key not in below and words.offers and len(page.text) >= ENOUGH_TEXT):
                quote = quote_of(meta.text, words.strongest)
                yield TamperMatch(TamperSign.DESCRIPTION, as_written(meta.text, words.strongest), quote, words.terms)
                return

    def _read(self, body: Zone, *, is_denied: bool, is_harmless: bool) -> Iterator[TamperMatch]:
        """Judge the page as a whole as one of a third party is judged, without its head. `is_denied`: whether its words
        are far from those of a trade; beside a guard word that is enough against what is unsure, and when it
        `is_harmless` against all that the text says.
        """
        words = words_of(body.hits)
        signals = [signal for signal in self._text.judge([body]) if is_judged(signal.key, words)]
        best = max(signals, key=lambda signal: signal.evidence.score, default=None)
        if best is None or best.evidence.score < VIOLATION_FROM:
            return
        sign = TamperSign.TEXT if best.evidence.score >= SURE_TEXT else TamperSign.TEXT_UNSURE
        if words[best.key].is_guarded and (is_harmless or (is_denied and sign is TamperSign.TEXT_UNSURE)):
            return
        strongest = words[best.key].strongest
        yield TamperMatch(
            sign, as_written(body.text, strongest), best.evidence.snippet, best.evidence.terms[:MAX_TERMS]
        )

    def _planted_line(self, text: str) -> Iterator[TamperMatch]:
        """A line that offers and leaves a handle was put into a page about something else."""
        for line in islice(filter(leaves_handle, text.split("\n", MAX_LINES)), MAX_HANDLES):
            said = self._normaliser.normalise(line[:MAX_LINE])
            for words in words_of(self._lexicon.find(said)).values():
                if words.offers and len(words.weights) > 1 and not words.is_guarded:
                    quote = quote_of(said, words.strongest)
                    yield TamperMatch(TamperSign.TEXT_UNSURE, as_written(said, words.strongest), quote, words.terms)
                    return

    def _stuffed(self, page: OwnPage, body: Zone) -> Iterator[TamperMatch]:
        """Guards do not count: the text into which the title is strewn was copied from the news."""
        words = next((words for words in words_of(body.hits).values() if words.has_offer), None)
        if words is not None and is_stuffed(page.title, page.text):
            yield TamperMatch(
                TamperSign.STUFFED, page.title[:MAX_QUOTE], quote_of(body.text, words.strongest), words.terms
            )

    def _hidden(self, texts: Iterable[OwnText]) -> Iterator[TamperMatch]:
        for block in texts:
            text = self._normaliser.normalise(block.text)
            for words in words_of(self._lexicon.find(text)).values():
                many = len(words.weights) >= MANY_TERMS and not self._is_harmless(block.text)
                many = many or (len(words.weights) > 1 and words.has_offer)
                if words.is_guarded or not words.has_product or not many:
                    continue
                yield TamperMatch(
                    TamperSign.HIDDEN_TEXT,
                    as_written(text, words.strongest),
                    quote_of(text, words.strongest),
                    words.terms,
                    block.dom_path,
                    block.hidden,
                )
                return

    def _links(self, links: Iterable[OwnLink], *, by_visitors: bool) -> Iterator[TamperMatch]:
        """Judge the anchors of links to foreign sites: a trade's link sellers put several side by side. Visitors write
        links that can be seen; two that cannot are as telling as three that can.
        """
        by_domain: dict[str, tuple[OwnLink, tuple[str, ...]]] = {}
        for link in islice(links, MAX_LINKS):
            if link.domain in by_domain or (by_visitors and link.hidden is None):
                continue
            if terms := self._offered_by(link.text):
                by_domain[link.domain] = link, terms
        hidden = [link for link, _ in by_domain.values() if link.hidden is not None]
        is_planted = bool(hidden) and not by_visitors and not self._is_known(host_of(hidden[0].url))
        sign = _sign_of_links(len(by_domain), len(hidden), is_planted=is_planted)
        if sign is None:
            return
        first = next(iter(hidden), next(iter(by_domain.values()))[0])
        yield TamperMatch(
            sign,
            first.raw,
            ", ".join(f"{link.text} ({link.domain})" for link, _ in by_domain.values())[:MAX_QUOTE],
            tuple(dict.fromkeys(term for _, terms in by_domain.values() for term in terms))[:MAX_TERMS],
            first.dom_path,
            first.hidden,
        )

    def _offered_by(self, text: str) -> tuple[str, ...]:
        """Return the terms by which the text of a link offers what a trade has; empty when it does not."""
        if offer := names_offer(text):
            return (offer,)
        found = words_of(self._lexicon.find(self._normaliser.normalise(text))).values()
        return next((item.terms for item in found if item.has_product and not item.is_guarded), ())


def _planted(texts: Sequence[OwnText], length: int) -> Sequence[OwnText]:
    """Return the hidden texts without what a theme fades in: several blocks that begin transparent and together are
    most of the page's text.
    """
    faded = [len(block.text) for block in texts if block.hidden == _FADED]
    is_faded_in = len(faded) >= FADED_BLOCKS and sum(faded) > FADED_SHARE * length
    return [block for block in texts if not (is_faded_in and block.hidden == _FADED)]


def _sign_of_links(domains: int, hidden: int, *, is_planted: bool) -> TamperSign | None:
    """Return what links to so many foreign sites of a trade tell, of which so many cannot be seen.

    `is_planted`: whether a single one that is hidden counts.
    """
    if domains >= BLOCK_DOMAINS or hidden >= PAIR_DOMAINS:
        return TamperSign.LINK_BLOCK
    if domains >= PAIR_DOMAINS:
        return TamperSign.LINK_PAIR
    return TamperSign.HIDDEN_LINK if is_planted else None
