"""Changes of the owner or the content of a third party that two scans have in common. Pure.

A domain that belonged to a company and now shows a casino is the most important difference between two scans.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.domain.comparable import comparable_title
from app.domain.inventory import NO_NAME, UNKNOWN, KnownParty, Party, Registration, Showing
from app.domain.page_looks import PageLook

ANOTHER_LOOK: Final = 0.5  # of `PageLook.distance`, for titles that have no word in common


class Aspect(StrEnum):
    """Fact that changed. The first three indicate a possible new owner."""

    REGISTERED_ON = "registered_on"  # the domain was registered again
    REGISTRATION = "registration"  # the domain is or is not registered
    REGISTRAR = "registrar"
    REDIRECT = "redirect"  # its visitors end at another domain
    PAGE_CLASS = "page_class"  # parked, for sale, expired, content, or the name no longer exists
    TITLE = "title"  # another title and another look
    CATEGORY = "category"
    RETURNED = "returned"  # it is back after a long time
    JUDGEMENT = "judgement"  # other findings about its content (`domain.differences`)


@dataclass(frozen=True, slots=True)
class PartyChange:
    """One changed fact."""

    aspect: Aspect
    before: str
    after: str
    url: str = ""  # captured URL
    is_unconfirmed: bool = False  # the page could not be captured once more


@dataclass(frozen=True, slots=True)
class Return:
    """A third party that is back. `is_rotating`: it comes and goes, and is compared and the same: no change."""

    is_rotating: bool
    changes: tuple[PartyChange, ...]  # of its owner or content while it was away


def return_of(known: KnownParty, now: Party) -> Return:
    """Compare a third party that is back with what was last known of it."""
    changes = () if known.facts is None else tuple(changes_of_party(known.facts, now))
    is_rotating = known.is_rotating and not changes and _is_proven(known, now)
    if known.is_away_long and not is_rotating:
        changes = (*changes, PartyChange(Aspect.RETURNED, known.seen_on, ""))
    return Return(is_rotating, changes)


def _is_proven(known: KnownParty, now: Party) -> bool:
    """Return whether a third party without known changes is known to be the same: its owner or its content, after a
    long time both; and the site refers to it in no way that is new, and does not hide it.
    """
    facts = known.facts
    if facts is None or now.hidden or facts.ways is None or now.ways is None or now.ways - facts.ways:
        return False
    urls = facts.showings.keys() & now.showings.keys()
    shown = [(facts.showings[url], now.showings[url]) for url in urls]
    if any(_has_other_words(old, new) for old, new in shown):
        return False
    is_content_same = any(old.says_something and new.says_something for old, new in shown)
    old, new = facts.registration, now.registration
    is_owner_same = old is not None and new is not None and bool(old.registered_on and new.registered_on)
    return is_owner_same and is_content_same if known.is_away_long else is_owner_same or is_content_same


def _has_other_words(old: Showing, new: Showing) -> bool:
    """Return whether a title alone has changed: no change of a known third party, and no proof that it is the same."""
    if old.title == new.title:
        return False
    one, other = comparable_title(old.title), comparable_title(new.title)
    return old.says_something and new.says_something and one != other and not one & other


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
    if old.category != new.category and UNKNOWN not in (old.category, new.category):
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
        yield PartyChange(Aspect.PAGE_CLASS, old.kind, new.kind, new.url, new.is_unconfirmed)
    if NO_NAME in (old.kind, new.kind):
        return
    if old.site != new.site:
        yield PartyChange(Aspect.REDIRECT, old.site, new.site, new.url)
    elif _is_another_page(old, new):
        yield PartyChange(Aspect.TITLE, old.title, new.title, new.url, new.is_unconfirmed)


def _is_another_page(old: Showing, new: Showing) -> bool:
    """Return whether title and look have both changed: one alone may be a campaign or an A/B test."""
    if old.title == new.title:
        return False
    one, other = comparable_title(old.title), comparable_title(new.title)
    if not one or not other or one & other:
        return False
    looks = PageLook.parse(old.look), PageLook.parse(new.look)
    return looks[0] is not None and looks[1] is not None and looks[0].distance(looks[1]) >= ANOTHER_LOOK
