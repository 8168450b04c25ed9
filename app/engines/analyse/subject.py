"""What is analysed: one capture of a third party, and how the site refers to it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from app.engines.analyse.page import PageView, parse_page
from app.engines.model import Capture, Reference, ThirdParty
from app.engines.urls import host_of


@dataclass(frozen=True)
class Subject:
    """One capture with its surroundings. Without slots: the parsed page is made once, when a layer first asks."""

    capture: Capture
    third_party: ThirdParty
    html: str = ""  # of the final answer, decoded; may be empty
    references: Sequence[Reference] = field(default=())  # bounded sample, hidden ones included

    @cached_property
    def page(self) -> PageView:
        return parse_page(self.html)

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
    def has_content(self) -> bool:
        """Whether the captured page is the party's own content: dead names and place-holders are not."""
        return not self.capture.dead and self.capture.page_class == "content"
