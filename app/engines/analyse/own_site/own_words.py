"""Pages of the site whose words are those of the forbidden trades, although no word of the lexicons says so.

Two classifiers are asked, of passages and of whole pages: the title with the description, links to foreign sites that
stand side by side or cannot be seen, and, where these are in doubt, the page as a whole. A first look at the title
costs next to nothing, and is all that most pages get.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from app.domain.tampering import TamperSign
from app.engines.analyse.own_site.tamper_match import MAX_QUOTE, TamperMatch
from app.engines.analyse.text.classifier import TextClassifier
from app.engines.analyse.text.passages import Passages
from app.engines.html.own_page import OwnLink, OwnPage
from app.engines.urls import host_of

LOOK: Final = -1.0  # margin of a title alone, from which on it is read with its description
SURE_HEAD: Final = 2.0  # of both
DOUBTFUL_HEAD: Final = -0.25  # of both, from which on the whole page is read
SURE_PAGE: Final = 0.884  # confidence of the text classifier, which is not fitted to own pages
LINKS: Final = 1.5  # margin of the texts of links that stand side by side
UNSEEN_LINKS: Final = 0.8  # of several that nobody sees
UNSEEN_LINK: Final = 2.0  # of a single one
ONE_LINK: Final = 1.8  # of one of several that stand apart, as visitors leave them
WRITTEN: Final = 1.2  # of the strings of a script that writes into the page
MAX_STRINGS: Final = 200
BLOCK: Final = 3  # foreign sites
PAIR: Final = 2
MAX_LINKS: Final = 300
MAX_TEXT: Final = 800  # characters of a passage

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
            groups[link.dom_path.rsplit(" > ", 2)[0], is_unseen].setdefault(link.text, link)
            if self._passages.margin(link.text) >= ONE_LINK:
                alone.setdefault(link.domain, link)
        for (_, is_unseen), by_text in groups.items():
            group = list(by_text.values())
            domains = len({link.domain for link in group})
            if (is_unseen or (domains >= BLOCK and not by_visitors)) and self._sells(group, is_unseen=is_unseen):
                yield self._match(TamperSign.HIDDEN_LINK if domains < PAIR else TamperSign.LINK_BLOCK, group)
                return
        if len(alone) >= BLOCK:
            yield self._match(TamperSign.LINK_PAIR, list(alone.values()))

    def _sells(self, links: Sequence[OwnLink], *, is_unseen: bool) -> bool:
        text = " | ".join(link.text for link in links)[:MAX_TEXT]
        least = LINKS if not is_unseen else UNSEEN_LINKS if len(links) > 1 else UNSEEN_LINK
        return self._passages.margin(text) >= least

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


def _is_said(text: str) -> bool:
    """Whether a string of a script is for people: neither a name, an address nor code."""
    return not text.isascii() or (" " in text and _CODE.search(text) is None)
