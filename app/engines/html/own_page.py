"""A page of the site as it is analysed: content, links, and invisible parts.

What takes long to find out is found out when it is asked for: most pages are harmless at first sight.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.engines.html.marks import Marks
from app.engines.html.page_content import PageContent


@dataclass(frozen=True, slots=True)
class OwnText:
    """A text of the page with its place."""

    text: str
    dom_path: str
    hidden: str | None = None  # kind of hiding


@dataclass(frozen=True, slots=True)
class OwnLink:
    """A link to a foreign host, with a text."""

    url: str
    domain: str  # registrable
    text: str
    dom_path: str
    raw: str  # as written
    hidden: str | None = None  # kind of hiding
    is_inactive: bool = False  # it stands where browsers with scripts show nothing


@dataclass(frozen=True, slots=True)
class OwnPage:
    """One crawled page of the target."""

    url: str
    title: str
    text: str  # that a visitor can read at first sight, without a look at styles
    meta: Sequence[str]  # description, keywords and the like
    markup: str  # decoded source
    marks: Marks  # those that stand in it
    unseen: str  # text of the elements with the attribute `hidden`, which the visible text does not have
    links: Callable[[], Sequence[OwnLink]]
    seen_text: Callable[[], str]  # the same without what styles hide
    hidden_texts: Callable[[], Sequence[OwnText]]
    scripts: Callable[[], Sequence[OwnText]]  # code of the inline scripts that run
    content: Callable[[], PageContent]  # what the text classifier reads of it
