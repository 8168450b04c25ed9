"""Chooses what of a page a language model is shown: where the words of the trades stand closest."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from app.engines.analyse.structure.asked import asked_by
from app.engines.analyse.subject import Subject
from app.engines.analyse.text.lexicon import Hit, Lexicon, Role
from app.engines.analyse.text.normalise import Normaliser
from app.engines.html.own_page import OwnPage
from app.engines.reading_model.excerpt import Excerpt, Place, choose_excerpt
from app.engines.urls import host_of

MAX_TEXT: Final = 30_000  # characters of the page that are looked through
MAX_LINKS: Final = 60
GUARD_WEIGHT: Final = 0.2  # what speaks against a trade belongs to the picture, but does not make it


class Excerpts:
    """Immutable after construction."""

    def __init__(self, *, lexicon: Lexicon, normaliser: Normaliser) -> None:
        self._lexicon = lexicon
        self._normaliser = normaliser

    def of_subject(self, subject: Subject) -> Excerpt | None:
        """Return that of a captured page; None when it says nothing that could be judged."""
        page = subject.page
        links = (*page.link_texts, *(download.text for download in page.downloads))
        text = f"{page.text}\n{subject.picture_text}" if subject.picture_text else page.text
        found = self._excerpt(subject.host, subject.title, page.meta, text, links)
        return found and replace(found, asks=asked_by(page).anything)

    def of_own(self, page: OwnPage) -> Excerpt | None:
        """Return that of a crawled page of the target; None when it says nothing that could be judged."""
        links = (link.text for link in page.links()[:MAX_LINKS])
        return self._excerpt(host_of(page.url), page.title, page.meta, page.text, links)

    def _excerpt(self, host: str, title: str, meta: Iterable[str], text: str, links: Iterable[str]) -> Excerpt | None:
        text = text[:MAX_TEXT]
        found = choose_excerpt(host=host, title=title, meta=meta, text=text, links=links, places=self._places(text))
        return found if found.says_something else None

    def _places(self, text: str) -> list[Place]:
        """Return where words of the trades stand in the text, in ascending order."""
        normalised = self._normaliser.normalise(text)
        hits = self._lexicon.find(normalised)
        return [(normalised.span(hit.start, hit.end)[0], _weight(hit)) for hit in hits]


def _weight(hit: Hit) -> float:
    return max(GUARD_WEIGHT if term.role is Role.GUARD else term.weight for term in hit.terms)
