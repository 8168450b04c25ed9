"""Changes of the owner or the content of a third party that two scans have in common. Pure.

A domain that belonged to a company and now shows a casino is the most important difference between two scans.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.domain.comparable import comparable_title
from app.domain.inventory import NO_NAME, Party, Registration, Showing
from app.domain.page_looks import PageLook

ANOTHER_LOOK: Final = 0.5  # of `PageLook.distance`, for titles that have no word in common
_UNKNOWN: Final = "unknown"


class Aspect(StrEnum):
    """Fact that changed. The first three indicate a possible new owner."""

    REGISTERED_ON = "registered_on"  # the domain was registered again
    REGISTRATION = "registration"  # the domain is or is not registered
    REGISTRAR = "registrar"
    REDIRECT = "redirect"  # its visitors end at another domain
    PAGE_CLASS = "page_class"  # parked, for sale, expired, content, or the name no longer exists
    TITLE = "title"  # another title and another look
    CATEGORY = "category"
    JUDGEMENT = "judgement"  # other findings about its content (`domain.differences`)


@dataclass(frozen=True, slots=True)
class PartyChange:
    """One changed fact."""

    aspect: Aspect
    before: str
    after: str
    url: str = ""  # captured URL


def changes_of_party(old: Party, new: Party) -> Iterator[PartyChange]:
    """Yield the changed facts. Facts that only one of the scans has are not compared."""
    if old.registration is not None and new.registration is not None:
        yield from _of_registration(old.registration, new.registration)
    yielded: set[tuple[Aspect, str, str]] = set()
    for url in sorted(old.showings.keys() & new.showings.keys()):
        for change in _of_showing(old.showings[url], new.showings[url]):
            key = (change.aspect, change.before, change.after)
            if key not in yielded:  # a change that several pages share is yielded once
                yielded.add(key)
                yield change
    if old.category != new.category and _UNKNOWN not in (old.category, new.category):
        yield PartyChange(Aspect.CATEGORY, old.category, new.category)


def _of_registration(old: Registration, new: Registration) -> Iterator[PartyChange]:
    if old.state != new.state:
        yield PartyChange(Aspect.REGISTRATION, old.state, new.state)
    elif old.registered_on and new.registered_on and old.registered_on != new.registered_on:
        yield PartyChange(Aspect.REGISTERED_ON, old.registered_on, new.registered_on)
    if old.source == new.source and old.registrar and new.registrar and old.registrar != new.registrar:
        yield PartyChange(Aspect.REGISTRAR, old.registrar, new.registrar)


def _of_showing(old: Showing, new: Showing) -> Iterator[PartyChange]:
    if not (old.says_something and new.says_something):
        return
    if old.kind != new.kind:
        yield PartyChange(Aspect.PAGE_CLASS, old.kind, new.kind, new.url)
    if NO_NAME in (old.kind, new.kind):
        return
    if old.site != new.site:
        yield PartyChange(Aspect.REDIRECT, old.site, new.site, new.url)
    elif _is_another_page(old, new):
        yield PartyChange(Aspect.TITLE, old.title, new.title, new.url)


def _is_another_page(old: Showing, new: Showing) -> bool:
    """Return whether title and look have both changed: one alone may be a campaign or an A/B test."""
    one, other = comparable_title(old.title), comparable_title(new.title)
    if not one or not other or one & other:
        return False
    looks = PageLook.parse(old.look), PageLook.parse(new.look)
    return looks[0] is not None and looks[1] is not None and looks[0].distance(looks[1]) >= ANOTHER_LOOK
