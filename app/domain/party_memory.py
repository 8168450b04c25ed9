"""What the scans of a site remember of a third party, so that one which is away for a while is known when it is back.

Pure (ADR 0084). Only absences are softened: a third party that comes and goes is "rotating" instead of gone. Whatever
is back is compared with what was last known of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Self

from app.domain.inventory import UNKNOWN, KnownParty, Party, Registration, Showing, Way

RETURNS: Final = 2  # so often a third party was gone and came back before its absence is no news any more
MAX_STAY: Final = 5  # scans in a row: what was there in more of them is part of the site, and its absence is news
KEPT_RETURNS: Final = 5
KEPT_WAYS: Final = 30  # with more, ways are not compared
KEPT_SHOWINGS: Final = 4  # a scan captures four pages of a third party at most
KEPT_TEXT: Final = 200  # characters of a title
# Characters of the URL of a page; pages with a longer one are not compared.
KEPT_URL: Final = 2_048
KEPT_ADDRESSES: Final = 4_000  # characters of the addresses of all ways; with more, ways are not compared
LONG_AWAY: Final = timedelta(days=30)  # as for findings, which are announced again then


@dataclass(frozen=True, slots=True)
class PartyMemory:
    """`facts`: each fact as the newest scan that knew it has it. `earlier`: the same, and when it was last seen, before
    it came back the last time. `returns`: the newest times at which it came back after it was gone.
    """

    facts: Party
    earlier: tuple[datetime, Party] | None = None
    returns: tuple[datetime, ...] = ()
    stay: int = 1  # scans in a row that found it
    is_gone: bool = False  # its places were checked when it was absent for the first time

    def seen(self, party: Party) -> Self:
        """Return the memory after a scan that found it as the one before did."""
        return replace(self, facts=merged(self.facts, party), stay=self.stay + 1, is_gone=False)

    def back(self, party: Party, at: datetime, last_seen_at: datetime) -> Self:
        """Return the memory after a scan that found it again. An absence that nobody checked is none."""
        known = replace(self, facts=merged(self.facts, party), earlier=(last_seen_at, self.facts), is_gone=False)
        if not self.is_gone:
            return replace(known, stay=self.stay + 1)
        return replace(known, returns=(*self.returns, at)[-KEPT_RETURNS:], stay=1)

    def rotates(self, at: datetime) -> bool:
        """Return whether the scans until then show it coming and going."""
        return sum(moment <= at for moment in self.returns) >= RETURNS

    def is_rotating_when_gone(self, at: datetime) -> bool:
        """Return the same for one that is gone since then: after a long stay its absence is news. If it has come back
        since, it is not known how long it had stayed.
        """
        has_returned = any(moment > at for moment in self.returns)
        return self.rotates(at) and self.stay <= MAX_STAY and not has_returned

    def known(self, last_seen_at: datetime, before: datetime, now: datetime) -> KnownParty:
        """Return what was known at the end of a scan that lacks it, for one at `now`, which has it."""
        seen_at, facts = last_seen_at, self.facts
        if seen_at > before:  # the list has a later scan by now, and what was known before it is kept once
            if self.earlier is None or self.earlier[0] > before:
                return KnownParty(None, "", is_away_long=True, is_rotating=self.rotates(before))
            seen_at, facts = self.earlier
        is_long = now - seen_at > LONG_AWAY
        return KnownParty(facts, seen_at.date().isoformat(), is_away_long=is_long, is_rotating=self.rotates(before))

    def to_json(self) -> dict[str, Any]:
        earlier = None if self.earlier is None else [self.earlier[0].isoformat(), _facts_to_json(self.earlier[1])]
        returns = [moment.isoformat() for moment in self.returns]
        state = {"returns": returns, "stay": self.stay, "is_gone": self.is_gone}
        return {"facts": _facts_to_json(self.facts), "earlier": earlier, **state}

    @classmethod
    def from_json(cls, domain: str, value: Mapping[str, Any]) -> Self:
        facts = _facts_from_json(domain, value["facts"])
        return cls(facts, _earlier_from_json(domain, value), _returns_of(value), value["stay"], value["is_gone"])


def known_from_json(
    domain: str, value: Mapping[str, Any], *, last_seen_at: datetime, before: datetime, now: datetime
) -> KnownParty:
    """Return what `PartyMemory.known` does; of the stored facts those that it does not take are not parsed."""
    is_earlier = last_seen_at > before
    facts = Party(domain) if is_earlier else _facts_from_json(domain, value["facts"])
    earlier = _earlier_from_json(domain, value) if is_earlier else None
    return PartyMemory(facts, earlier, _returns_of(value)).known(last_seen_at, before, now)


def rotates_when_gone(value: Mapping[str, Any], at: datetime) -> bool:
    """Return what `PartyMemory.is_rotating_when_gone` does. Of thousands that are gone, most have never come back."""
    if not value["returns"]:
        return False
    return PartyMemory(Party(""), None, _returns_of(value), value["stay"]).is_rotating_when_gone(at)


def merged(old: Party, new: Party) -> Party:
    """Return the facts with those that the newer scan knows. Those that it lacks stay: a registry that does not respond
    must not make an owner forgotten.
    """
    shown = {url: _merged_showing(old.showings.get(url), one) for url, one in new.showings.items()}
    kept = {url: one for url, one in shown.items() if one.says_something and max(len(url), len(one.url)) <= KEPT_URL}
    showings = {**old.showings, **kept}
    newest = [url for url in showings if url not in new.showings] + [url for url in new.showings if url in showings]
    return Party(
        new.domain,
        category=old.category if new.category == UNKNOWN else new.category,
        relation=new.relation,
        registration=_merged_registration(old.registration, new.registration),
        showings={url: showings[url] for url in newest[-KEPT_SHOWINGS:]},
        ways=_merged_ways(old.ways, new.ways),
    )


def lacks_facts(old: Party, new: Party) -> bool:
    """Return whether a scan knows facts about a third party that the older one lacks. Then it is worth asking whether
    scans before had them.
    """
    if old.category == UNKNOWN != new.category or _lacks_registration(old.registration, new.registration):
        return True
    return any(one.says_something and _lacks_showing(old.showings.get(url), one) for url, one in new.showings.items())


def completed(party: Party, facts: Party) -> Party:
    """Return a third party as a scan has it, and as scans before knew it where that scan does not know it."""
    known = merged(facts, party)
    showings = {**party.showings, **known.showings}
    return replace(party, category=known.category, registration=known.registration, showings=showings)


def remembered(party: Party) -> Party:
    """Return the facts about a third party that are kept."""
    return merged(Party(party.domain, relation=party.relation), party)


def _merged_showing(old: Showing | None, new: Showing) -> Showing:
    """Return the newer one. A screenshot that failed leaves what the same page looked like."""
    if old is None or (old.kind, old.site) != (new.kind, new.site):
        return new
    return replace(new, title=new.title or old.title, look=new.look or old.look)


def _lacks_showing(old: Showing | None, new: Showing) -> bool:
    if old is None or not old.says_something:
        return True
    return bool(new.title and not old.title) or bool(new.look and not old.look)


def _lacks_registration(old: Registration | None, new: Registration | None) -> bool:
    if old is None or new is None:
        return new is not None
    return bool(new.registered_on and not old.registered_on) or bool(new.registrar and not old.registrar)


def _merged_registration(old: Registration | None, new: Registration | None) -> Registration | None:
    if old is None or new is None or new.state != old.state or new.source != old.source:
        return new or old
    registered_on, registrar = new.registered_on or old.registered_on, new.registrar or old.registrar
    return replace(new, registered_on=registered_on, registrar=registrar)


def _merged_ways(old: frozenset[Way] | None, new: frozenset[Way] | None) -> frozenset[Way] | None:
    if old is None or new is None:
        return None
    ways = old | new
    is_much = len(ways) > KEPT_WAYS or sum(len(way.address) for way in ways) > KEPT_ADDRESSES
    return None if is_much else ways


def _facts_to_json(party: Party) -> dict[str, Any]:
    registration = party.registration
    shown = {url: texts_of(one) for url, one in party.showings.items()}
    return {
        "category": party.category,
        "relation": party.relation,
        "registration": None if registration is None else _registration_to_json(registration),
        "showings": shown,
        "ways": None if party.ways is None else sorted([way.relation, way.address] for way in party.ways),
    }


def _facts_from_json(domain: str, value: Mapping[str, Any]) -> Party:
    return Party(
        domain,
        category=value["category"],
        relation=value["relation"],
        registration=None if value["registration"] is None else Registration(*value["registration"]),
        showings={url: Showing(*texts) for url, texts in value["showings"].items()},
        ways=None if value["ways"] is None else frozenset(Way(*texts) for texts in value["ways"]),
    )


def _earlier_from_json(domain: str, value: Mapping[str, Any]) -> tuple[datetime, Party] | None:
    earlier = value["earlier"]
    return None if earlier is None else (datetime.fromisoformat(earlier[0]), _facts_from_json(domain, earlier[1]))


def _returns_of(value: Mapping[str, Any]) -> tuple[datetime, ...]:
    return tuple(map(datetime.fromisoformat, value["returns"]))


def _registration_to_json(registration: Registration) -> list[str]:
    return [registration.state, registration.source, registration.registered_on, registration.registrar]


def texts_of(showing: Showing) -> list[str]:
    """Return what a page showed as texts, in the order of the fields of `Showing`. Half surrogate pairs of pages, which
    JSON cannot hold, become question marks.
    """
    title, once = showing.title[:KEPT_TEXT], showing.shown_once[:KEPT_TEXT]
    texts = (showing.kind, showing.site, showing.url, title, showing.look, once)
    return [text.encode("utf-8", "replace").decode() for text in texts]
