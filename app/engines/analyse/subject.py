"""Input of the analysis: one capture of a third party, and how the site refers to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from app.domain.scan_facts import Capture, Reference, ThirdParty
from app.domain.violations import ViolationKey
from app.engines.html.page_content import EMPTY, PageContent
from app.engines.urls import host_of


@dataclass(frozen=True, slots=True)
class SeenLook:
    """The known look, or icon, that a page has."""

    key: ViolationKey
    domain: str  # whose look it is; "": it is not said


@dataclass(frozen=True)
class Subject:
    """One capture with its surroundings."""

    capture: Capture
    third_party: ThirdParty
    page: PageContent = EMPTY  # of the final answer; may be empty
    references: Sequence[Reference] = ()  # bounded sample, hidden ones included
    own_icon: str = ""  # the target's host whose icon this foreign page has
    picture_text: str = ""  # what was read in the page's picture, where its own text is scarce
    known_look: SeenLook | None = None  # what the page looks like that was confirmed to be a violation
    known_icon: SeenLook | None = None  # the same of its icon

    @property
    def title(self) -> str:
        return self.capture.title or self.page.title

    @cached_property
    def host(self) -> str:
        """Host that the content came from: of the final URL, else the captured host."""
        return host_of(self.capture.final_url) or self.capture.host

    @cached_property
    def chain(self) -> tuple[str, ...]:
        """Every host on the way, the final one first, without repeats."""
        hops = [host_of(url) for hop in self.capture.hops for url in (hop.location, hop.url)]
        return tuple(dict.fromkeys(name for name in (self.host, *hops, self.capture.host) if name))

    @property
    def urls(self) -> tuple[str, ...]:
        """Every URL on the way, those of the references too, without repeats."""
        capture = self.capture
        hops = [url for hop in capture.hops for url in (hop.url, hop.location)]
        references = [reference.url for reference in self.references]
        return tuple(dict.fromkeys(url for url in (capture.url, *hops, capture.final_url, *references) if url))

    @property
    def has_content(self) -> bool:
        """Whether the captured page is the party's own content: dead names and place-holders are not."""
        return not self.capture.dead and self.capture.page_class == "content"
