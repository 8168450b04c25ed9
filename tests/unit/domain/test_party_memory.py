"""What a site remembers of a third party while it is away, and when coming and going is no news any more."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.differences import Change, Section, compare
from app.domain.inventory import Inventory, Party, Registration, Showing, Way
from app.domain.party_memory import (
    KEPT_ADDRESSES,
    KEPT_RETURNS,
    KEPT_SHOWINGS,
    KEPT_URL,
    KEPT_WAYS,
    LONG_AWAY,
    MAX_STAY,
    PartyMemory,
    completed,
    known_from_json,
    lacks_facts,
    merged,
    remembered,
    rotates_when_gone,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
URL = "http://ad.test/"
OWNER = Registration("registered", "rdap.test", "2011-04-12", "Names")
SHOWN = Showing("content", "ad.test", URL, "Pumps", "f" * 160)
LINK, SCRIPT = Way("link"), Way("script", "http://ad.test/a.js")
AD = Party("ad.test", category="ads", registration=OWNER, showings={URL: SHOWN}, ways=frozenset({LINK}))


def day(number):
    return START + timedelta(days=number)


def history(scans):
    """The memory after daily scans: "x" found it, "." was read and lacks it, "?" was not read."""
    memory, last = None, None
    for number, one in enumerate(scans):
        if one == "x":
            if memory is None:
                memory = PartyMemory(remembered(AD))
            elif scans[number - 1] == "x":
                memory = memory.seen(AD)
            else:
                memory = memory.back(AD, day(number), last)
            last = day(number)
        elif memory is not None and scans[number - 1] == "x":
            memory = replace(memory, is_gone=one == ".")
    return memory


@pytest.mark.parametrize(
    ("scans", "is_rotating"),
    [
        ("x.", False),
        ("x.x.", False),  # one return is a partner that was taken up again
        ("x.x.x.", True),
        ("xx..xxx...xx.", True),
        ("x?x?x?x?x.", False),  # absent only because its page was not read
        ("x.x?x.", False),
        (f"x.x.{'x' * (MAX_STAY + 1)}.", False),  # it has become part of the site
        (f"x.x.{'x' * MAX_STAY}.", True),
        (f"x.x.{'xx?' * MAX_STAY}x.", False),  # so it has, though its page was not always read
    ],
)
def test_it_comes_and_goes_after_two_returns_from_absences_that_were_checked(scans, is_rotating):
    assert history(scans).is_rotating_when_gone(day(99)) is is_rotating


def test_later_scans_say_nothing_of_earlier_ones():
    memory = history("x.x.x.")  # back on days 2 and 4
    assert [memory.rotates(day(number)) for number in (3, 4)] == [False, True]


def test_how_long_it_stayed_before_it_came_back_again_is_not_known():
    """A comparison that is made later must not be softer: the stay that counts now is another one."""
    memory = history(f"x.x.{'x' * (MAX_STAY + 1)}.x")
    assert not memory.is_rotating_when_gone(day(4 + MAX_STAY + 1))


def test_what_a_page_showed_once_before_it_was_away_is_kept_for_the_next_time():
    """Seen once in two scans is seen twice, also if the page came and went between them."""
    once = replace(AD, showings={URL: replace(SHOWN, shown_once="Casino")})
    memory = PartyMemory.from_json("ad.test", PartyMemory(remembered(once)).to_json())
    known = memory.known(day(1), before=day(2), now=day(3))
    found = compare(Inventory(known={"ad.test": known}), Inventory(parties={"ad.test": once}))
    assert [(item.change, item.before, item.after) for item in found if item.section is Section.CONTENT] == [
        (Change.CHANGED, "Pumps", "Casino")
    ]


def test_facts_that_a_scan_lacks_stay_known():
    """A registry that does not respond, and a page that is away: the owner before is not forgotten."""
    dark = replace(AD, category="unknown", registration=None, showings={URL: replace(SHOWN, kind="error", title="")})
    known = merged(AD, dark)
    assert (known.registration, known.showings, known.category) == (OWNER, {URL: SHOWN}, "ads")
    unseen = merged(AD, replace(AD, showings={URL: replace(SHOWN, title="", look="")}))
    assert unseen.showings == {URL: SHOWN}
    half = replace(OWNER, registered_on="", registrar="")
    assert merged(AD, replace(AD, registration=half)).registration == OWNER


DARK = replace(
    AD, category="unknown", registration=None, showings={URL: replace(SHOWN, kind="error", title="", look="")}
)


@pytest.mark.parametrize(
    ("old", "new", "is_lacking"),
    [
        (AD, AD, False),
        (DARK, AD, True),
        (AD, DARK, False),  # nothing to compare
        (DARK, DARK, False),
        (replace(AD, registration=None), AD, True),
        (replace(AD, registration=replace(OWNER, registered_on="")), AD, True),
        (replace(AD, registration=replace(OWNER, registrar="")), AD, True),
        (replace(AD, category="unknown"), AD, True),
        (replace(AD, showings={}), AD, True),
        (replace(AD, showings={URL: replace(SHOWN, look="")}), AD, True),
        (replace(AD, showings={URL: replace(SHOWN, title="")}), AD, True),
    ],
)
def test_a_scan_lacks_what_the_newer_one_knows(old, new, is_lacking):
    assert lacks_facts(old, new) is is_lacking


def test_what_a_scan_could_not_see_is_as_scans_before_knew_it():
    page = f"{URL}other"
    dark = replace(DARK, page="http://a.test/", ways=frozenset({SCRIPT}), showings={**DARK.showings, page: SHOWN})
    found = completed(dark, replace(AD, showings={URL: SHOWN, page: replace(SHOWN, title="Older")}))
    assert (found.registration, found.category) == (OWNER, "ads")
    assert found.showings == {URL: SHOWN, page: SHOWN}  # what the scan saw is as it saw it
    assert (found.page, found.ways) == (dark.page, dark.ways)


def test_a_newer_fact_replaces_an_older_one():
    sold = replace(OWNER, registered_on="2026-11-20")
    casino = replace(SHOWN, title="Casino")
    known = merged(AD, replace(AD, registration=sold, showings={URL: casino}))
    assert (known.registration, known.showings) == (sold, {URL: casino})


def test_what_is_kept_is_bounded():
    many = {f"{URL}{number}": replace(SHOWN, url=f"{URL}{number}") for number in range(9)}
    scripts = frozenset(Way("script", f"{URL}{number}.js") for number in range(KEPT_WAYS))
    known = merged(AD, replace(AD, showings=many, ways=scripts))
    assert list(known.showings) == list(many)[-KEPT_SHOWINGS:]
    assert known.ways is None  # and so it is never known to be the same
    assert len(history("x." * 20 + "x").returns) == KEPT_RETURNS
    long = frozenset({Way("script", f"{URL}{'a' * KEPT_ADDRESSES}.js")})
    url = f"{URL}{'a' * KEPT_URL}"
    known = merged(AD, replace(AD, showings={url: replace(SHOWN, url=url)}, ways=long))
    assert (known.showings, known.ways) == (AD.showings, None)


def test_what_was_known_before_it_came_back_is_kept_once():
    memory = PartyMemory(remembered(AD)).back(replace(AD, ways=frozenset({SCRIPT})), day(9), day(1))
    before = memory.known(day(9), before=day(5), now=day(9))  # the list has the scan of day 9 already
    assert (before.facts.ways, before.seen_on, before.is_away_long) == ({LINK}, "2026-01-02", False)
    assert memory.known(day(9), before=day(12), now=day(13)).facts.ways == {LINK, SCRIPT}
    unknown = memory.known(day(9), before=START, now=day(1))
    assert (unknown.facts, unknown.seen_on, unknown.is_away_long) == (None, "", True)


def test_after_a_month_its_return_is_told():
    memory = PartyMemory(remembered(AD))
    for more, is_long in ((timedelta(0), False), (timedelta(seconds=1), True)):
        assert memory.known(START, before=day(1), now=START + LONG_AWAY + more).is_away_long is is_long


@given(st.text("x.?", min_size=1, max_size=12).filter(lambda scans: "x" in scans))
def test_a_memory_is_stored_as_it_is(scans):
    memory = history(scans)
    assert PartyMemory.from_json("ad.test", memory.to_json()) == memory


@given(st.text("x.?", min_size=1, max_size=12), st.integers(-1, 13), st.integers(0, 40))
def test_what_is_parsed_in_part_says_the_same_as_the_whole_memory(scans, before, later):
    scans = f"x{scans}"
    memory, last = history(scans), day(scans.rindex("x"))
    before, now = day(before), day(before + later)
    value = memory.to_json()
    assert known_from_json("ad.test", value, last_seen_at=last, before=before, now=now) == memory.known(
        last, before, now
    )
    assert rotates_when_gone(value, before) == memory.is_rotating_when_gone(before)
