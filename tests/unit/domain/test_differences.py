"""What two scans of a site differ in, and what they do not."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.differences import Change, Section, compare, counts_of, unmatched
from app.domain.inventory import Certificate, Inventory, KnownParty, Party, Place, Registration, Risk, Showing, Way
from app.domain.third_parties import Outcome

HOME, NEWS, OLD = "http://corp.test/", "http://corp.test/news", "http://corp.test/old"
LINK = Way("link")
LOOK = "f" * 80 + "0" * 80
OTHER_LOOK = "0" * 80 + "f" * 80


def party(domain="partner.test", **more):
    values = {"outcome": Outcome.EXAMINED, "ways": frozenset({LINK}), "page": HOME}
    return Party(domain, **{**values, **more})


def scan(*parties, places=(), read=(HOME, NEWS), **more):
    """`places`: (domain, page) where something is; each party is on HOME otherwise."""
    known = {item.domain: [Place(HOME, LINK)] for item in parties} | {
        domain: [Place(page, LINK)] for domain, page in places
    }
    return Inventory({item.domain: item for item in parties}, read=frozenset(read), places=known, **more)


def told(before, after):
    return [(item.section, item.change, item.name) for item in compare(before, after)]


def content(before, after):
    return [
        (item.aspect, item.before, item.after)
        for item in compare(scan(before), scan(after))
        if item.section is Section.CONTENT
    ]


def showing(**more):
    return Showing(**{"kind": "content", "site": "partner.test", "url": "http://partner.test/", **more})


def test_a_third_party_that_the_site_has_now_is_new():
    assert told(scan(), scan(party())) == [(Section.THIRD_PARTIES, Change.NEW, "partner.test")]


def test_a_third_party_whose_page_was_read_again_is_gone():
    assert told(scan(party()), scan()) == [(Section.THIRD_PARTIES, Change.GONE, "partner.test")]


@pytest.mark.parametrize(
    "after",
    [
        scan(read=[NEWS]),  # its page was not read
        scan(is_whole=False),  # there were too many third parties
    ],
)
def test_a_third_party_where_nobody_looked_is_not_seen(after):
    assert told(scan(party()), after) == [(Section.THIRD_PARTIES, Change.NOT_SEEN, "partner.test")]


def test_all_pages_must_have_been_read_again():
    before = replace(scan(party()), places={"partner.test": [Place(HOME, LINK), Place(OLD, LINK)]})
    assert told(before, scan())[0][1] is Change.NOT_SEEN


def test_of_too_many_places_nobody_says_that_all_were_looked_at():
    assert told(replace(scan(party()), places={}), scan())[0][1] is Change.NOT_SEEN


def test_what_only_a_browser_shows_is_gone_when_a_browser_has_looked_again():
    before = replace(scan(party()), places={"partner.test": [Place(HOME, LINK, is_rendered=True)]})
    assert told(before, scan())[0][1] is Change.NOT_SEEN
    assert told(before, scan(rendered=frozenset({HOME})))[0][1] is Change.GONE


def test_where_a_third_party_led_is_gone_when_that_one_was_captured_again():
    goal = {"goal.test": [Place(HOME, Way("redirect"), via="partner.test")]}
    before = replace(scan(party(), party("goal.test")), places=goal)
    assert (Section.THIRD_PARTIES, Change.GONE, "goal.test") in told(before, scan(party()))
    away = scan(party(outcome=Outcome.UNREACHABLE))
    assert (Section.THIRD_PARTIES, Change.NOT_SEEN, "goal.test") in told(before, away)


def test_what_is_new_says_whether_its_page_had_been_read():
    before = scan(read=[NEWS])
    assert [item.was_read for item in compare(before, scan(party()))] == [False]
    assert [item.was_read for item in compare(scan(), scan(party()))] == [True]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("2011-04-12", "2026-11-20", [("registered_on", "2011-04-12", "2026-11-20")]),
        ("2011-04-12", "", []),
        ("2011-04-12", "2011-04-12", []),
    ],
)
def test_a_domain_that_was_registered_anew_may_have_another_owner(old, new, expected):
    one, other = (Registration("registered", "rdap.test", at, "A") for at in (old, new))
    assert content(party(registration=one), party(registration=other)) == expected


def test_a_registrar_is_compared_as_the_same_registry_spells_it():
    one = Registration("registered", "rdap.test", "", "Alpha")
    assert content(party(registration=one), party(registration=replace(one, registrar="Beta"))) == [
        ("registrar", "Alpha", "Beta")
    ]
    other = replace(one, registrar="ALPHA LTD", source="whois.test")
    assert content(party(registration=one), party(registration=other)) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (showing(kind="parked"), showing(), [("page_class", "parked", "content")]),
        (showing(), showing(kind="no_name"), [("page_class", "content", "no_name")]),
        (showing(), showing(site="casino.test"), [("redirect", "partner.test", "casino.test")]),
        (showing(), showing(kind="error"), []),
        (showing(), showing(kind=""), []),
        (showing(title="Pumps"), showing(title="Casino"), []),
        (showing(title="Pumps", look=LOOK), showing(title="Casino", look=OTHER_LOOK), [("title", "Pumps", "Casino")]),
        (showing(title="Pumps 1", look=LOOK), showing(title="Pumps 2", look=OTHER_LOOK), []),
        (showing(title="Pumps", look=LOOK), showing(title="Casino", look=LOOK), []),
    ],
)
def test_what_a_third_party_shows_is_compared(old, new, expected):
    before, after = (party(showings={"http://partner.test/": one}) for one in (old, new))
    assert content(before, after) == expected


def test_a_category_that_one_scan_did_not_know_is_no_change():
    assert content(party(category="ads"), party(category="analytics")) == [("category", "ads", "analytics")]
    assert content(party(category="ads"), party()) == []


def test_a_casino_at_a_known_domain_comes_before_all_else():
    found = {("partner.test", "gambling"): Risk("high", "http://partner.test/", HOME)}
    other = party("other.test")
    items = compare(scan(party()), scan(party(), other, findings=found))
    assert [(item.section, item.aspect, item.before, item.after) for item in items] == [
        (Section.CONTENT, "judgement", "", "gambling"),
        (Section.FINDINGS, "gambling", "", "high"),
        (Section.THIRD_PARTIES, "link", "", ""),
    ]


def test_a_finding_at_a_third_party_that_was_not_examined_is_not_seen():
    found = {("partner.test", "gambling"): Risk("high", "http://partner.test/", HOME)}
    before = scan(party(), findings=found)
    away = scan(party(outcome=Outcome.UNREACHABLE))
    assert told(before, away) == [(Section.FINDINGS, Change.NOT_SEEN, "partner.test")]
    assert (Section.FINDINGS, Change.GONE, "partner.test") in told(before, scan(party()))


def test_a_finding_of_the_site_itself_is_gone_when_its_page_was_read_again():
    found = {("corp.test", "tampered"): Risk("high", HOME, HOME, is_own=True)}
    assert told(scan(findings=found), scan()) == [(Section.FINDINGS, Change.GONE, "corp.test")]
    assert told(scan(findings=found), scan(read=[])) == [(Section.FINDINGS, Change.NOT_SEEN, "corp.test")]


def test_another_risk_is_a_change():
    one, other = (scan(party(), findings={("partner.test", "fraud"): Risk(level, "u", HOME)}) for level in "ab")
    assert told(one, other) == [(Section.FINDINGS, Change.CHANGED, "partner.test")]


def test_a_link_that_was_hidden_is_new():
    target = "http://partner.test/"
    after = replace(
        scan(party(hidden=frozenset({target}))), places={"partner.test": [Place(HOME, LINK, hidden=target)]}
    )
    assert told(scan(party()), after) == [(Section.HIDDEN_LINKS, Change.NEW, "partner.test")]
    assert told(after, scan(party())) == [(Section.HIDDEN_LINKS, Change.GONE, "partner.test")]
    assert told(after, scan(party(), read=[])) == [(Section.HIDDEN_LINKS, Change.NOT_SEEN, "partner.test")]


def test_another_script_of_a_known_third_party_is_another_reference():
    scripts = [Way("script", f"http://partner.test/{name}.js") for name in "ab"]
    one, other = (party(ways=frozenset({way})) for way in scripts)
    before = replace(scan(one), places={"partner.test": [Place(HOME, scripts[0])]})
    after = replace(scan(other), places={"partner.test": [Place(HOME, scripts[1])]})
    assert told(before, after) == [
        (Section.REFERENCES, Change.NEW, "partner.test"),
        (Section.REFERENCES, Change.GONE, "partner.test"),
    ]


def test_a_third_party_with_too_many_scripts_is_not_compared_by_them():
    assert told(scan(party(ways=None)), scan(party(ways=frozenset({Way("script", "u")})))) == []


# What scans before had

URL = "http://partner.test/"
OWNER = Registration("registered", "rdap.test", "2011-04-12", "Names")
ROTATOR = party(registration=OWNER, showings={URL: showing(title="Pumps", look=LOOK)}, category="ads")


def back(now=ROTATOR, facts=ROTATOR, *, is_rotating=True, is_long=False):
    """What is told of a third party that the scan before lacks, and scans before that had."""
    known = KnownParty(facts, "2026-01-02", is_away_long=is_long, is_rotating=is_rotating)
    found = compare(scan(known={"partner.test": known}), scan(now))
    return [(item.section.value, item.change.value, item.aspect, item.before, item.after) for item in found]


IS_BACK = ("third_parties", "back", "link", "2026-01-02", "")
ROTATES = ("third_parties", "rotating", "link", "", "link")
RETURNED = ("content", "changed", "returned", "2026-01-02", "")


def test_what_scans_before_had_is_back_and_not_new():
    assert back(is_rotating=False) == [IS_BACK]


def test_what_comes_and_goes_and_is_the_same_is_no_change():
    assert back() == [ROTATES]
    gone = compare(scan(ROTATOR, rotating=frozenset({"partner.test"})), scan())
    assert [(item.change, item.before, item.after) for item in gone] == [(Change.ROTATING, "link", "")]


def test_what_comes_and_goes_is_not_seen_where_nobody_looked():
    before = scan(ROTATOR, rotating=frozenset({"partner.test"}))
    assert told(before, scan(read=[NEWS])) == [(Section.THIRD_PARTIES, Change.NOT_SEEN, "partner.test")]


@pytest.mark.parametrize("is_rotating", [True, False])
@pytest.mark.parametrize(
    ("more", "change"),
    [
        ({"registration": replace(OWNER, registered_on="2026-11-20")}, ("registered_on", "2011-04-12", "2026-11-20")),
        ({"registration": replace(OWNER, registrar="Other")}, ("registrar", "Names", "Other")),
        ({"showings": {URL: showing(site="casino.test")}}, ("redirect", "partner.test", "casino.test")),
        ({"showings": {URL: showing(kind="parked")}}, ("page_class", "content", "parked")),
        ({"showings": {URL: showing(title="Casino", look=OTHER_LOOK)}}, ("title", "Pumps", "Casino")),
        ({"category": "gambling"}, ("category", "ads", "gambling")),
    ],
)
def test_what_changed_while_it_was_away_is_told_first_of_all(is_rotating, more, change):
    """A domain that was bought by a casino while the slot showed others."""
    assert back(replace(ROTATOR, **more), is_rotating=is_rotating) == [("content", "changed", *change), IS_BACK]


@pytest.mark.parametrize(
    "more",
    [
        {"showings": {URL: showing(title="Casino", look=LOOK)}},  # another title alone
        {"registration": None, "showings": {URL: showing(kind="error")}},  # neither owner nor content is known now
        {"registration": None, "showings": {"http://partner.test/other": showing(title="Pumps")}},
        {"registration": replace(OWNER, registered_on=""), "showings": {}},
        {"ways": None},  # too many to be compared
    ],
)
def test_what_is_not_known_to_be_the_same_counts_as_a_change(more):
    assert back(replace(ROTATOR, **more)) == [IS_BACK]


def test_what_is_hidden_now_counts_as_a_change():
    hidden = replace(ROTATOR, hidden=frozenset({URL}))
    assert back(hidden) == [IS_BACK, ("hidden_links", "new", "hidden", "", "")]


def test_a_script_in_the_place_of_an_advertisement_is_told():
    way = Way("script", "http://partner.test/evil.js")
    assert back(replace(ROTATOR, ways=frozenset({LINK, way}))) == [IS_BACK, ("references", "new", "script", "", "")]


def test_after_a_long_time_it_is_told_unless_owner_and_content_are_known_to_be_the_same():
    assert back(is_long=True) == [ROTATES]
    assert back(is_long=True, is_rotating=False) == [RETURNED, IS_BACK]
    assert back(replace(ROTATOR, registration=None), is_long=True) == [RETURNED, IS_BACK]
    assert back(replace(ROTATOR, showings={}), is_long=True) == [RETURNED, IS_BACK]
    assert back(facts=None, is_long=True) == [RETURNED, IS_BACK]


def test_a_third_party_that_no_scan_had_is_new_whatever_else_comes_and_goes():
    known = KnownParty(ROTATOR, "2026-01-02", is_away_long=False, is_rotating=True)
    before = scan(known={"partner.test": known}, rotating=frozenset({"other.test"}))
    assert (Section.THIRD_PARTIES, Change.NEW, "evil.test") in told(before, scan(ROTATOR, party("evil.test")))


def test_a_host_that_is_away_is_never_gone():
    before, after = scan(hosts={"a.corp.test": ""}), scan(hosts={"b.corp.test": ""})
    assert told(before, after) == [
        (Section.HOSTS, Change.NEW, "b.corp.test"),
        (Section.HOSTS, Change.NOT_SEEN, "a.corp.test"),
    ]


def test_an_alias_of_another_provider_is_a_change():
    assert told(scan(hosts={"a": "one.test"}), scan(hosts={"a": "two.test"})) == [(Section.HOSTS, Change.CHANGED, "a")]


def test_redirects_of_the_site_are_compared_by_the_domain_that_they_lead_to():
    one = scan(redirects={HOME: "a.test"})
    assert told(one, scan(redirects={HOME: "b.test"})) == [(Section.REDIRECTS, Change.CHANGED, HOME)]
    assert told(one, scan()) == [(Section.REDIRECTS, Change.GONE, HOME)]
    assert told(one, scan(read=[])) == [(Section.REDIRECTS, Change.NOT_SEEN, HOME)]
    assert told(scan(), one) == [(Section.REDIRECTS, Change.NEW, HOME)]


@pytest.mark.parametrize(
    ("now", "is_changed"),
    [
        (Certificate("alpha", frozenset({"a", "b"})), False),  # renewed, with one more name
        (Certificate("beta", frozenset({"a"})), False),  # the issuer alone is another
        (Certificate("beta", frozenset({"c"})), True),
        (Certificate("alpha", frozenset({"a"}), "expired"), True),
    ],
)
def test_a_renewed_certificate_is_no_change(now, is_changed):
    before = scan(certificates={"a": Certificate("alpha", frozenset({"a"}))})
    assert bool(told(before, scan(certificates={"a": now}))) is is_changed


def test_a_page_of_the_site_that_looks_altogether_different_is_a_change():
    one, other = (scan(own={HOME: showing(look=look)}) for look in (LOOK, OTHER_LOOK))
    assert told(one, other) == [(Section.LOOKS, Change.CHANGED, HOME)]
    assert told(one, one) == []
    parked = scan(own={HOME: showing(kind="parked")})
    assert told(one, parked) == [(Section.LOOKS, Change.CHANGED, HOME)]


# What was seen once


def test_a_page_that_was_as_before_a_minute_later_is_listed_and_no_change():
    shown = showing(title="Pumps", look=LOOK)
    once = replace(shown, shown_once="Hacked")
    before, after = (scan(party(showings={URL: one}), own={HOME: one}) for one in (shown, once))
    found = compare(before, after)
    assert [(item.section, item.change, item.before, item.after) for item in found] == [
        (Section.CONTENT, Change.SEEN_ONCE, "Pumps", "Hacked"),
        (Section.LOOKS, Change.SEEN_ONCE, "Pumps", "Hacked"),
    ]
    assert told(after, before) == []  # the next scan has nothing of it


def test_what_was_seen_once_in_two_scans_is_seen_twice():
    """A page that is hacked for each first visitor: every second look is shown what was there before."""
    once = showing(title="Pumps", look=LOOK, shown_once="Casino royal")
    one = scan(party(showings={URL: once}), own={HOME: once})
    other = scan(party(showings={URL: replace(once, shown_once="Casino 7")}), own={HOME: once})
    assert [item.change for item in compare(one, other)] == [Change.CHANGED, Change.CHANGED]


def test_two_versions_of_a_page_are_no_change_however_often_they_are_seen():
    once = showing(title="Pumps", look=LOOK, shown_once="Pumps: our new shop")
    one = scan(party(showings={URL: once}), own={HOME: once})
    assert {item.change for item in compare(one, one)} == {Change.SEEN_ONCE}


def test_a_change_that_could_not_be_seen_again_says_so():
    old, new = showing(title="Pumps", look=LOOK), showing(title="Casino", look=OTHER_LOOK, is_unconfirmed=True)
    found = compare(
        scan(party(showings={URL: old}), own={HOME: old}), scan(party(showings={URL: new}), own={HOME: new})
    )
    assert [(item.section, item.change, item.is_unconfirmed) for item in found] == [
        (Section.CONTENT, Change.CHANGED, True),
        (Section.LOOKS, Change.CHANGED, True),
    ]
    sold = replace(party(showings={URL: new}), registration=replace(OWNER, registered_on="2026-11-20"))
    told_of = compare(scan(party(registration=OWNER, showings={URL: old})), scan(sold))
    assert [(item.aspect, item.is_unconfirmed) for item in told_of] == [("registered_on", False), ("title", True)]


# Any two scans

PAGES = [f"http://corp.test/{number}" for number in range(4)]
DOMAINS = [f"party{number}.test" for number in range(4)]
WAYS = [LINK, Way("embed"), Way("script", "http://party.test/a.js"), Way("script", "http://party.test/b.js")]
CAUSES = ["gambling", "hidden_link", "fraud"]
OUTCOMES = st.sampled_from(list(Outcome))
SHOWINGS = st.builds(
    Showing,
    kind=st.sampled_from(["content", "parked", "no_name", "error", ""]),
    site=st.sampled_from(DOMAINS),
    url=st.just("http://party.test/"),
    title=st.sampled_from(["Pumps", "Casino", ""]),
    look=st.sampled_from([LOOK, OTHER_LOOK, ""]),
)
PLACES = st.builds(
    Place,
    page=st.sampled_from(PAGES),
    way=st.sampled_from(WAYS),
    hidden=st.sampled_from(["", "http://party.test/x"]),
    is_rendered=st.booleans(),
    via=st.sampled_from(["", *DOMAINS[:2]]),
)


@st.composite
def scans(draw):
    parties, places = {}, {}
    for domain in draw(st.sets(st.sampled_from(DOMAINS))):
        where = draw(st.lists(PLACES, min_size=1, max_size=3))
        parties[domain] = Party(
            domain,
            category=draw(st.sampled_from(["unknown", "ads", "cdn"])),
            outcome=draw(OUTCOMES),
            showings=draw(st.dictionaries(st.sampled_from(["http://party.test/", "http://party.test/x"]), SHOWINGS)),
            ways=draw(st.sampled_from([None, frozenset(place.way for place in where)])),
            hidden=frozenset(place.hidden for place in where if place.hidden),
        )
        if draw(st.booleans()):
            places[domain] = where
    keys = st.tuples(st.sampled_from([*DOMAINS, "corp.test"]), st.sampled_from(CAUSES))
    found = draw(st.dictionaries(keys, st.sampled_from(["low", "high"])))
    return Inventory(
        parties=parties,
        hosts=draw(st.dictionaries(st.sampled_from(["a.corp.test", "b.corp.test"]), st.sampled_from(["", "cdn.test"]))),
        own=draw(st.dictionaries(st.sampled_from(PAGES), SHOWINGS)),
        redirects=draw(st.dictionaries(st.sampled_from(PAGES), st.sampled_from(DOMAINS))),
        findings={key: Risk(level, PAGES[0], PAGES[0], is_own=key[0] == "corp.test") for key, level in found.items()},
        read=frozenset(draw(st.sets(st.sampled_from(PAGES)))),
        rendered=frozenset(draw(st.sets(st.sampled_from(PAGES)))),
        is_whole=draw(st.booleans()),
        places=places,
    )


@given(scans())
def test_a_scan_differs_in_nothing_from_itself(one):
    assert compare(one, one) == []
    assert unmatched(one, one) == []


@given(scans(), scans())
def test_two_scans_mirror_each_other(one, other):
    def key(item):
        return item.section, item.name, item.aspect, item.url

    there, back = compare(one, other), compare(other, one)
    mirror = {Change.GONE: True, Change.NOT_SEEN: False}
    new = sorted((*key(item), item.after, item.was_read) for item in there if item.change is Change.NEW)
    missing = sorted((*key(item), item.before, mirror[item.change]) for item in back if item.change in mirror)
    hosts = {Section.HOSTS}  # one that is away is not seen, whoever looks
    assert [item for item in new if item[0] not in hosts] == [item for item in missing if item[0] not in hosts]
    assert [item[:4] for item in new if item[0] in hosts] == [item[:4] for item in missing if item[0] in hosts]
    changed = sorted((*key(item)[:3], item.before, item.after) for item in there if item.change is Change.CHANGED)
    turned = sorted((*key(item)[:3], item.after, item.before) for item in back if item.change is Change.CHANGED)
    assert changed == turned


@given(scans(), scans())
def test_nothing_is_gone_where_nobody_looked(one, other):
    blind = replace(
        other,
        read=frozenset(),
        rendered=frozenset(),
        parties={name: replace(party, outcome=Outcome.UNREACHABLE) for name, party in other.parties.items()},
    )
    assert [item for item in compare(one, blind) if item.change is Change.GONE] == []


@given(scans(), scans(), st.sets(st.sampled_from(DOMAINS)), st.booleans())
def test_a_memory_softens_only_what_is_gone(one, other, names, is_long):
    """Whatever is remembered: what is new or gone otherwise is told of, nothing else is lost, and hidden links stay."""
    facts = {name: party(name, registration=OWNER) for name in names}
    known = {n: KnownParty(p, "2026-01-02", is_away_long=is_long, is_rotating=True) for n, p in facts.items()}
    plain, remembering = compare(one, other), compare(replace(one, known=known, rotating=frozenset(names)), other)
    parties = [
        {(item.name) for item in found if item.section is Section.THIRD_PARTIES} for found in (plain, remembering)
    ]
    assert parties[0] == parties[1]
    untouched = {*Section} - {Section.THIRD_PARTIES, Section.CONTENT, Section.REFERENCES}
    assert [i for i in plain if i.section in untouched] == [i for i in remembering if i.section in untouched]
    assert {i for i in plain if i.section in (Section.CONTENT, Section.REFERENCES)} <= set(remembering)
    new = {item.name for item in plain if item.section is Section.THIRD_PARTIES and item.change is Change.NEW}
    still = {item.name for item in remembering if item.change is Change.NEW and item.section is Section.THIRD_PARTIES}
    assert new - names == still


@given(scans(), scans())
def test_the_counts_are_those_of_the_list(one, other):
    found = compare(one, other)
    counted = [number for changes in counts_of(found).values() for number in changes.values()]
    assert sum(counted) == len(found)
    assert all(counted)
