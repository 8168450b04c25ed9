"""Pages of the site whose words are those of the forbidden trades, although no word of the lexicons says so.

Two classifiers are asked, of passages and of whole pages: the title with the description, links to foreign sites that
stand side by side or cannot be seen, and, where these are in doubt, the page as a whole. A first look at the title
costs next to nothing, and is all that most pages get.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from math import inf
from typing import Final

from app.domain.tampering import TamperSign
from app.engines.analyse.own_site.own_addresses import trade_of
from app.engines.analyse.own_site.tamper_match import MAX_QUOTE, TamperMatch
from app.engines.analyse.text.classifier import TextClassifier
from app.engines.analyse.text.passages import Passages
from app.engines.html.own_page import OwnLink, OwnPage, OwnText
from app.engines.urls import host_of

LOOK: Final = -1.0  # margin of a title alone, from which on it is read with its description
SURE_HEAD: Final = 2.0  # of both
DOUBTFUL_HEAD: Final = -0.25  # of both, from which on the whole page is read
SURE_PAGE: Final = 0.884  # confidence of the text classifier, which is not fitted to own pages
LINKS: Final = 1.5  # margin of the texts of links that stand side by side
UNSEEN_LINKS: Final = 0.8  # of several that nobody sees
UNSEEN_LINK: Final = 2.0  # of a single one
DOUBTFUL_LINKS: Final = -1.0  # of links to hosts that are named after a trade
SURE_LINKS: Final = 2.2  # of few links to one or two sites
FEW_LINKS: Final = 8
UNSEEN_TEXT: Final = 0.8  # of a hidden block from which links lead to foreign sites
SURE_LINE: Final = 2.0  # of a line with a handle
ONE_LINK: Final = 1.8  # of one of several that stand apart, as visitors leave them
DENIED: Final = 0.02  # confidence of the text classifier
SURELY_DENIED: Final = 0.005
SPREAD_LINKS: Final = 1.8  # of links to one site that are strewn into running text
SPREAD_LINES: Final = 0.5  # of the lines around them
MAX_SPREAD_LINE: Final = 600  # characters
HARMLESS: Final = -1.0
WRITTEN: Final = 1.2  # of the strings of a script that writes into the page
MAX_STRINGS: Final = 200
BLOCK: Final = 3  # foreign sites
PAIR: Final = 2
MAX_LINKS: Final = 300
MAX_TEXT: Final = 800  # characters of a passage
MAX_LINES: Final = 1_000
MAX_HANDLES: Final = 20  # lines with a handle

_HANDLE: Final = re.compile(
    r"(?:微信|薇信|威信|v信|加v|\bvx|\bwx|\bqq群?|扣扣|飞机|电报|telegram|whatsapp|line|土豆|蝙蝠|signal)号?\s{0,3}(?:id|群)?\s{0,3}[:：]?\s{0,3}[@+]?[a-z_]{0,12}-?\d[\w-]{3,20}|"
    r"t\.me/\w|wa\.me/\d|\+\d[\d ]{8,18}[(\s]{0,3}(?:whatsapp|telegram)|"
    r"加[^。，,\s加]{0,4}[微薇威徽][信心]?\s{0,3}[:：]?\s{0,3}[a-z][a-z0-9_\-]{4,20}",
    re.IGNORECASE,
)

# What stands in quotation marks, and lines that stood in disguise.
_WRITTEN: Final = re.compile(
    r""""([^"\\\n]{2,600})"|'([^'\\\n]{2,600})'|`([^`\\]{2,600})`|^([^"'`;{}\n]{2,600})$""", re.MULTILINE
)
_TAG: Final = re.compile(r"<[^<>]{0,600}>")
_CODE: Final = re.compile(r"[{};]|://|^[\w#.\-]*$")


class OwnWords:
    """Holds no state of a page; the classifier of passages keeps what it has said of short texts."""

    def __init__(self, *, passages: Passages, classifier: TextClassifier) -> None:
        self._passages = passages
        self._classifier = classifier

    def examine_head(self, page: OwnPage) -> Iterator[TamperMatch]:
        """Judge title and description, and the page as a whole when these are in doubt."""
        margin = self._passages.margin(page.title)
        head = " | ".join((page.title, *page.meta))[:MAX_TEXT]
        if margin >= LOOK and page.meta:
            margin = self._passages.margin(head)
        if margin >= SURE_HEAD:
            quote = page.title[:MAX_QUOTE]
            yield TamperMatch(
                TamperSign.HEAD_WORDS, quote, quote, self._passages.terms(head), dom_path="html > head > title"
            )
        if margin >= DOUBTFUL_HEAD:
            yield from self.examine_whole(page)

    def examine_whole(self, page: OwnPage) -> Iterator[TamperMatch]:
        """Judge the page as the text classifier judges that of a third party."""
        said = self._classifier.opinion(page.title, page.content(), SURE_PAGE)
        if said is not None:
            yield TamperMatch(TamperSign.WORDS, said.terms[0] if said.terms else "", said.quote, said.terms)

    def denies(self, page: OwnPage, *, title: bool = False, below: float = DENIED) -> bool:
        """Whether the words of a page, and of its title when asked for, are far from those of a forbidden trade."""
        if title and not 0 > self._passages.margin(page.title) > -inf:
            return False
        said = self._classifier.opinion(page.title, page.content(), 0.0)
        return said is not None and said.confidence < below

    def is_harmless(self, text: str) -> bool:
        """Whether a text says enough to tell that it offers nothing."""
        return HARMLESS >= self._passages.margin(text) > -inf

    def offer_in(self, code: str) -> tuple[str, tuple[str, ...]] | None:
        """Return a quote and the words of what a script, whose strings are put together, writes of an offer."""
        written = (next(filter(None, match.groups())) for match in islice(_WRITTEN.finditer(code), MAX_STRINGS))
        said = [plain for text in written if _is_said(plain := " ".join(_TAG.sub(" ", text).split()))]
        text = " | ".join(dict.fromkeys(said))[:MAX_TEXT]
        if self._passages.margin(text) < WRITTEN:
            return None
        return max(said, key=self._passages.margin)[:MAX_QUOTE], self._passages.terms(text)

    def examine_links(
        self, links: Iterable[OwnLink], is_known: Callable[[str], bool], *, by_visitors: bool
    ) -> Iterator[TamperMatch]:
        """Judge the texts of links to foreign sites that stand side by side, or that nobody sees: at most one sign.
        `is_known`: whether a host is that of a well-known service. Links of visitors that can be seen stand apart.
        """
        groups = defaultdict[tuple[str, bool], dict[str, OwnLink]](dict)  # by text
        alone = dict[str, OwnLink]()
        for link in islice(links, MAX_LINKS):
            if is_known(host_of(link.url)):
                continue
            is_unseen = link.hidden is not None or link.is_inactive
            groups[_around(link), is_unseen].setdefault(link.text, link)
            if self._passages.margin(link.text) >= ONE_LINK:
                alone.setdefault(link.domain, link)
        for (_, is_unseen), by_text in groups.items():
            sign = self._sign_of(list(by_text.values()), is_unseen=is_unseen, by_visitors=by_visitors)
            if sign is not None:
                yield self._match(sign, list(by_text.values()))
                return
        if len(alone) >= BLOCK:
            yield self._match(TamperSign.LINK_PAIR, list(alone.values()))

    def examine_spread(
        self, links: Iterable[OwnLink], text: str, is_known: Callable[[str], bool]
    ) -> Iterator[TamperMatch]:
        """Judge links to one site that stand in running text here and there, with the lines around them."""
        by_domain = defaultdict[str, dict[str, OwnLink]](dict)
        for link in islice(links, MAX_LINKS):
            if link.hidden is None and not link.is_inactive and not is_known(host_of(link.url)):
                by_domain[link.domain].setdefault(link.text, link)
        for group in by_domain.values():
            if not 1 < len(group) <= FEW_LINKS or self._margin(list(group.values())) < SPREAD_LINKS:
                continue
            lines = [
                line
                for line in text.split("\n", MAX_LINES)
                if len(line) < MAX_SPREAD_LINE and any(one in line for one in group)
            ]
            if self._passages.margin(" | ".join(lines)[:MAX_TEXT]) >= SPREAD_LINES:
                yield self._match(TamperSign.LINK_PAIR, list(group.values()))
                return

    def _sign_of(self, group: Sequence[OwnLink], *, is_unseen: bool, by_visitors: bool) -> TamperSign | None:
        """Judge links that stand side by side, together. Hosts that are named after a trade count as much as words."""
        domains = len({link.domain for link in group})
        if is_unseen and self._sells(group, is_unseen=True):
            return TamperSign.HIDDEN_LINK if domains < PAIR else TamperSign.LINK_BLOCK
        if by_visitors and not is_unseen:
            return None
        if domains >= BLOCK and self._sells(group, is_unseen=False):
            return TamperSign.LINK_BLOCK
        trade = trade_of(group)
        margin = self._margin(group)
        if is_unseen and trade and margin >= DOUBTFUL_LINKS:
            return TamperSign.HIDDEN_LINK
        if len(trade) >= PAIR and margin >= DOUBTFUL_LINKS:
            return TamperSign.LINK_BLOCK if len(trade) >= BLOCK else TamperSign.LINK_PAIR
        few = domains < BLOCK and 1 < len(group) <= FEW_LINKS  # one alone is no sign
        if few and margin >= (SURE_LINKS - 1 if trade else SURE_LINKS):
            return TamperSign.LINK_PAIR
        return None

    def _margin(self, links: Sequence[OwnLink]) -> float:
        return self._passages.margin(" | ".join(link.text for link in links)[:MAX_TEXT])

    def examine_hidden(self, texts: Iterable[OwnText], links: Iterable[OwnLink]) -> Iterator[TamperMatch]:
        """Judge hidden blocks from which links lead to foreign sites, with the texts of these links."""
        hidden = list(links)
        for block in texts:
            inside = [link.text for link in hidden if link.dom_path.startswith(block.dom_path)]
            text = " | ".join((block.text, *inside))[:MAX_TEXT]
            if inside and self._passages.margin(text) >= UNSEEN_TEXT:
                terms = self._passages.terms(text)
                yield TamperMatch(
                    TamperSign.HIDDEN_TEXT,
                    block.text[:MAX_QUOTE],
                    text[:MAX_QUOTE],
                    terms,
                    block.dom_path,
                    block.hidden,
                )
                return

    def examine_lines(self, text: str) -> Iterator[TamperMatch]:
        """Judge lines that leave a handle to write to."""
        for line in islice((line for line in text.split("\n", MAX_LINES) if _HANDLE.search(line)), MAX_HANDLES):
            if self._passages.margin(line[:MAX_TEXT]) >= SURE_LINE:
                terms = self._passages.terms(line[:MAX_TEXT])
                yield TamperMatch(TamperSign.TEXT_UNSURE, line[:MAX_QUOTE], line[:MAX_QUOTE], terms)
                return

    def _sells(self, links: Sequence[OwnLink], *, is_unseen: bool) -> bool:
        least = LINKS if not is_unseen else UNSEEN_LINKS if len(links) > 1 else UNSEEN_LINK
        return self._margin(links) >= least

    def _match(self, sign: TamperSign, links: Sequence[OwnLink]) -> TamperMatch:
        first = max(links, key=lambda link: self._passages.margin(link.text))
        return TamperMatch(
            sign,
            first.raw,
            ", ".join(f"{link.text} ({link.domain})" for link in (first, *links))[:MAX_QUOTE],
            self._passages.terms(" | ".join(link.text for link in links)[:MAX_TEXT]),
            first.dom_path,
            first.hidden,
        )


def _around(link: OwnLink) -> str:
    """Return the path of what links that stand side by side stand in: a list, a paragraph, a row."""
    return link.dom_path.rsplit(" > ", 2)[0]


def _is_said(text: str) -> bool:
    """Whether a string of a script is for people: neither a name, an address nor code."""
    return not text.isascii() or (" " in text and _CODE.search(text) is None)
