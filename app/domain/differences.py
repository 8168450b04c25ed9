"""Differences between two scans of a site: new, gone, changed, and not checked this time. Pure (ADR 0074).

An entry is gone only if its places were checked again, and facts that may vary between two visits of the same page are
not compared. `compare(a, b)` and `compare(b, a)` mirror each other: an entry that is new in one is gone or not seen in
the other.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.domain.comparable import comparable_page, comparable_title
from app.domain.inventory import FindingKey, Inventory, KnownParty, Party, Place, Risk, Showing, Way
from app.domain.page_looks import is_look_changed
from app.domain.party_changes import Aspect, PartyChange, changes_of_party, return_of
from app.domain.third_parties import Outcome
from app.domain.violations import ViolationKey

# Causes that do not describe the content of the third party, but the references to it or the site itself.
NO_CONTENT: Final = frozenset({ViolationKey.HIDDEN_LINK, ViolationKey.TAMPERED, ViolationKey.TAKEOVER})
_ANSWERED: Final = frozenset({Outcome.EXAMINED, Outcome.GONE})


class Section(StrEnum):
    """Subject of a difference, most urgent first; stable keys on the wire."""

    CONTENT = "content"  # owner or content of a known third party
    FINDINGS = "findings"
    THIRD_PARTIES = "third_parties"
    HIDDEN_LINKS = "hidden_links"
    REFERENCES = "references"
    REDIRECTS = "redirects"
    HOSTS = "hosts"
    CERTIFICATES = "certificates"
    LOOKS = "looks"


class Change(StrEnum):
    """Kind of change; stable keys on the wire."""

    NEW = "new"
    GONE = "gone"
    CHANGED = "changed"
    NOT_SEEN = "not_seen"  # it was there, and its places were not checked this time
    BACK = "back"  # the earlier scan lacks it, and scans before that had it
    ROTATING = "rotating"  # one of the scans lacks it, as scans before did again and again, and it is the same
    SEEN_ONCE = "seen_once"  # a page differed from the earlier scan, and was as before a minute later


NO_CHANGES: Final = (Change.NOT_SEEN, Change.ROTATING, Change.SEEN_ONCE)


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. Texts that do not apply are ""."""

    section: Section
    change: Change
    name: str  # third party, host or page
    aspect: str = ""  # a cause, a relation, or a fact of `party_changes.Aspect`
    before: str = ""
    after: str = ""
    page: str = ""  # of the site, that has or had it
    url: str = ""
    was_read: bool = True  # for new entries: the earlier scan checked the places where it is now
    is_unconfirmed: bool = False  # a page that differs could not be captured once more


def compare(before: Inventory, after: Inventory) -> list[Difference]:
    """Return all differences, ordered by section, change and name.

    `places` of both inventories must contain the third parties that `unmatched` returns, unless they have too many.
    """
    found = [
        *_findings(before, after),
        *_parties(before, after),
        *_ways(before, after),
        *_hosts(before, after),
        *_redirects(before, after),
        *_certificates(before, after),
        *_looks(before, after),
    ]
    order = {name: number for number, name in enumerate((*Section, *Change))}
    return sorted(found, key=lambda item: (order[item.section], order[item.change], item.name, item.aspect, item.url))


def unmatched(one: Inventory, other: Inventory) -> list[str]:
    """Return the third parties for which `one` has something that `other` lacks: `places` are needed for them."""
    return [domain for domain, party in one.parties.items() if _has_more(party, other.parties.get(domain))]


def counts_of(found: Iterable[Difference]) -> dict[str, dict[str, int]]:
    """Return the number of differences by section and change, without zeros."""
    counted = Counter((item.section, item.change) for item in found)
    sections = {section: {change: counted[section, change] for change in Change} for section in Section}
    return {
        section.value: {change.value: number for change, number in numbers.items() if number}
        for section, numbers in sections.items()
        if any(numbers.values())
    }


def _has_more(party: Party, other: Party | None) -> bool:
    if other is None:
        return True
    has_more_ways = party.ways is not None and other.ways is not None and bool(party.ways - other.ways)
    return has_more_ways or bool(party.hidden - other.hidden)


# Whether the places of an entry were checked again


def _was_reached(places: Sequence[Place], seen: Inventory) -> bool:
    """Return whether all of the places were checked; False if none is known."""
    return bool(places) and all(_is_reached(place, seen) for place in places)


def _is_reached(place: Place, seen: Inventory) -> bool:
    if place.via:
        party = seen.parties.get(place.via)
        return party is not None and party.outcome in _ANSWERED
    return place.page in (seen.rendered if place.is_rendered else seen.read)


def _missing(is_reached: bool) -> Change:
    return Change.GONE if is_reached else Change.NOT_SEEN


# Findings


def _findings(before: Inventory, after: Inventory) -> Iterator[Difference]:
    for key, risk in before.findings.items():
        if key not in after.findings:
            change = _missing(_finding_was_reached(key, risk, before, after))
            yield _finding(change, key, risk, before=risk.level)
    for key, risk in after.findings.items():
        known = before.findings.get(key)
        if known is None:
            was_read = _finding_was_reached(key, risk, after, before)
            yield _finding(Change.NEW, key, risk, after=risk.level, was_read=was_read)
        elif known.level != risk.level:
            yield _finding(Change.CHANGED, key, risk, before=known.level, after=risk.level)
    yield from _judgements(before, after)


def _finding(
    change: Change, key: FindingKey, risk: Risk, *, before: str = "", after: str = "", was_read: bool = True
) -> Difference:
    domain, cause = key
    return Difference(Section.FINDINGS, change, domain, cause, before, after, risk.page, risk.url, was_read)


def _finding_was_reached(key: FindingKey, risk: Risk, had: Inventory, seen: Inventory) -> bool:
    """Return whether the subject of a finding of `had` was checked in `seen` as well."""
    domain, cause = key
    if risk.is_own:
        return comparable_page(risk.page or risk.url) in seen.read
    places = had.places.get(domain, ())
    if cause == ViolationKey.HIDDEN_LINK:
        return _was_reached([place for place in places if place.hidden], seen)
    party = seen.parties.get(domain)
    return party.outcome in _ANSWERED if party is not None else seen.is_whole and _was_reached(places, seen)


def _judgements(before: Inventory, after: Inventory) -> Iterator[Difference]:
    """Yield third parties of both scans whose findings differ: their content has changed."""
    one, other = _causes(before), _causes(after)
    for domain in {*one, *other}:
        old, new = before.parties.get(domain), after.parties.get(domain)
        causes = one.get(domain, frozenset()), other.get(domain, frozenset())
        if causes[0] == causes[1] or old is None or new is None:
            continue
        if old.outcome is Outcome.EXAMINED and new.outcome is Outcome.EXAMINED:
            was, now = (",".join(sorted(names)) for names in causes)
            aspect = Aspect.JUDGEMENT.value
            yield Difference(Section.CONTENT, Change.CHANGED, domain, aspect, was, now, new.page)


def _causes(inventory: Inventory) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for (domain, cause), risk in inventory.findings.items():
        if not risk.is_own and cause not in NO_CONTENT:
            found.setdefault(domain, set()).add(cause)
    return {domain: frozenset(causes) for domain, causes in found.items()}


# Third parties, and how the site refers to them


def _parties(before: Inventory, after: Inventory) -> Iterator[Difference]:
    for domain, party in before.parties.items():
        now = after.parties.get(domain)
        if now is not None:
            yield from _changes(changes_of_party(party, now), now)
            yield from _seen_once(now, party.showings)
            continue
        change = _missing(after.is_whole and _was_reached(before.places.get(domain, ()), after))
        if change is Change.GONE and domain in before.rotating:
            yield _party(Change.ROTATING, party, before=party.relation)
        else:
            yield _party(change, party)
    for domain, party in after.parties.items():
        if domain not in before.parties:
            was_read = before.is_whole and _was_reached(after.places.get(domain, ()), before)
            yield from _new_party(party, before.known.get(domain), was_read=was_read)


def _new_party(party: Party, known: KnownParty | None, *, was_read: bool) -> Iterator[Difference]:
    """Yield a third party that the earlier scan lacks: it is new only if no scan before had it."""
    if known is None:
        yield _party(Change.NEW, party, was_read=was_read)
        return
    found = return_of(known, party)
    yield from _changes(found.changes, party)
    yield from _seen_once(party, {} if known.facts is None else known.facts.showings)
    if found.is_rotating:
        yield _party(Change.ROTATING, party, after=party.relation, was_read=was_read)
    else:
        yield _party(Change.BACK, party, before=known.seen_on, was_read=was_read)


def _changes(found: Iterable[PartyChange], now: Party) -> Iterator[Difference]:
    for one in found:
        values = one.aspect.value, one.before, one.after
        yield Difference(
            Section.CONTENT, Change.CHANGED, now.domain, *values, now.page, one.url, is_unconfirmed=one.is_unconfirmed
        )


def _seen_once(now: Party, before: Mapping[str, Showing]) -> Iterator[Difference]:
    for url, one in now.showings.items():
        if one.shown_once:
            change = _once_or_again(before.get(url), one)
            values = Aspect.TITLE.value, one.title, one.shown_once
            yield Difference(Section.CONTENT, change, now.domain, *values, now.page, one.url)


def _party(change: Change, party: Party, *, before: str = "", after: str = "", was_read: bool = True) -> Difference:
    values = party.domain, party.relation, before, after, party.page
    return Difference(Section.THIRD_PARTIES, change, *values, was_read=was_read)


def _ways(before: Inventory, after: Inventory) -> Iterator[Difference]:
    """Yield changed ways of third parties in both scans, and changed hidden links of all third parties."""
    for domain, party in before.parties.items():
        for way, hidden in _only_in(party, after.parties.get(domain)):
            places = _places_of(before, domain, way, hidden)
            yield _way(_missing(_was_reached(places, after)), domain, way, hidden, places)
    for domain, party in after.parties.items():
        for way, hidden in _only_in(party, before.parties.get(domain) or _facts_of(before.known.get(domain))):
            places = _places_of(after, domain, way, hidden)
            yield _way(Change.NEW, domain, way, hidden, places, was_read=_was_reached(places, before))


def _facts_of(known: KnownParty | None) -> Party | None:
    return None if known is None else known.facts


def _only_in(party: Party, other: Party | None) -> Iterator[tuple[Way | None, str]]:
    for target in party.hidden - (frozenset() if other is None else other.hidden):
        yield None, target
    if other is not None and party.ways is not None and other.ways is not None:
        for way in party.ways - other.ways:
            yield way, ""


def _places_of(inventory: Inventory, domain: str, way: Way | None, hidden: str) -> list[Place]:
    found = inventory.places.get(domain, ())
    return [place for place in found if (place.way == way if way is not None else place.hidden == hidden)]


def _way(
    change: Change, domain: str, way: Way | None, hidden: str, places: Sequence[Place], *, was_read: bool = True
) -> Difference:
    page = places[0].page if places else ""
    if way is None:
        return Difference(Section.HIDDEN_LINKS, change, domain, "hidden", page=page, url=hidden, was_read=was_read)
    return Difference(Section.REFERENCES, change, domain, way.relation, page=page, url=way.address, was_read=was_read)


# The site itself


def _hosts(before: Inventory, after: Inventory) -> Iterator[Difference]:
    """Yield changed hosts. A name that does not resolve may be briefly unavailable: it is not seen, never gone."""
    for name in before.hosts.keys() - after.hosts.keys():
        yield Difference(Section.HOSTS, Change.NOT_SEEN, name)
    for name, alias in after.hosts.items():
        if name not in before.hosts:
            yield Difference(Section.HOSTS, Change.NEW, name, after=alias)
        elif alias != before.hosts[name]:
            yield Difference(Section.HOSTS, Change.CHANGED, name, "alias", before.hosts[name], alias)


def _redirects(before: Inventory, after: Inventory) -> Iterator[Difference]:
    for page, site in before.redirects.items():
        if page not in after.redirects:
            yield Difference(Section.REDIRECTS, _missing(page in after.read), page, before=site, page=page)
    for page, site in after.redirects.items():
        known = before.redirects.get(page)
        if known is None:
            was_read = page in before.read
            yield Difference(Section.REDIRECTS, Change.NEW, page, after=site, page=page, was_read=was_read)
        elif known != site:
            yield Difference(Section.REDIRECTS, Change.CHANGED, page, "", known, site, page)


def _certificates(before: Inventory, after: Inventory) -> Iterator[Difference]:
    """Yield hosts with a certificate in both scans whose acceptance, or whose issuer and names, have changed."""
    for host in before.certificates.keys() & after.certificates.keys():
        old, now = before.certificates[host], after.certificates[host]
        if old.problem != now.problem:
            yield Difference(Section.CERTIFICATES, Change.CHANGED, host, "problem", old.problem, now.problem)
        elif old.issuer != now.issuer and old.names != now.names:
            yield Difference(Section.CERTIFICATES, Change.CHANGED, host, "issuer", old.issuer, now.issuer)


def _looks(before: Inventory, after: Inventory) -> Iterator[Difference]:
    """Yield the site's captured pages that have changed."""
    for url in before.own.keys() & after.own.keys():
        old, now = before.own[url], after.own[url]
        if now.shown_once:
            yield Difference(
                Section.LOOKS, _once_or_again(old, now), url, "look", now.title, now.shown_once, url=now.url
            )
        if not (old.says_something and now.says_something):
            continue
        note = {"is_unconfirmed": now.is_unconfirmed}
        if old.kind != now.kind:
            yield Difference(Section.LOOKS, Change.CHANGED, url, "page_class", old.kind, now.kind, "", now.url, **note)
        elif is_look_changed(old.look, now.look):
            yield Difference(Section.LOOKS, Change.CHANGED, url, "look", old.title, now.title, "", now.url, **note)


def _once_or_again(before: Showing | None, now: Showing) -> Change:
    """Return how a page counts that differed, and was as before a minute later. If it did the same in the scan before,
    and that has no word in common with its title, it is no A/B test: seen once in two scans is seen twice.
    """
    title, once = comparable_title(now.title), comparable_title(now.shown_once)
    again = frozenset() if before is None else comparable_title(before.shown_once)
    return Change.CHANGED if once & again and not once & title else Change.SEEN_ONCE
