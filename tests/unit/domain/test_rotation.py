"""What comes and goes on a page rotates; what is always there does not."""

import pytest

from app.domain.rotation import NOTHING, Rotation, place_of, rotation_of

PAGE = "http://corp.test/"
SLOT, LIST = "a[href] body > div > a", "a[href] body > ul > li > a"


def seen(*domains, place=SLOT):
    return {(domain, place) for domain in domains}


@pytest.mark.parametrize(
    ("first", "looks", "found", "expected"),
    [
        (seen("new.test"), [seen("new.test")] * 2, {"new.test"}, set()),  # it stays: it is new
        (seen("new.test"), [], {"new.test"}, set()),  # nobody could look
        (seen("new.test"), [seen("ad.test"), seen("ad.test")], {"new.test", "ad.test"}, {"new.test"}),
        (seen("new.test"), [seen("new.test"), seen("ad.test")], {"new.test", "ad.test"}, {"new.test", "ad.test"}),
        (set(), [seen("old.test")] * 2, set(), {"old.test"}),  # the crawl did not find it, and it is there
        (set(), [set(), set()], set(), set()),  # it is gone
    ],
)
def test_what_one_of_the_looks_lacks_rotates(first, looks, found, expected):
    rotation = rotation_of(PAGE, first, looks, found)
    assert (rotation.parties, rotation.slots) == (expected, {(PAGE, SLOT)} if expected else set())
    assert rotation.stays == ({domain for domain, _ in first} - expected if looks else set())


def test_only_the_places_of_what_rotates_rotate():
    looks = [seen("partner.test", place=LIST) | seen("ad1.test"), seen("partner.test", place=LIST) | seen("ad2.test")]
    rotation = rotation_of(f"{PAGE}?sid=1", (), looks, {"partner.test", "ad1.test"})
    assert rotation == Rotation(frozenset({"ad1.test", "ad2.test"}), frozenset({(PAGE, SLOT)}))


def test_the_position_in_a_list_is_not_part_of_a_place():
    places = {place_of("a[href]", f"html > body > ul > li:nth-child({number}) > a") for number in range(3)}
    assert places == {"a[href] html > body > ul > li > a"}
    assert place_of("iframe[src]", "html > body") != place_of("a[href]", "html > body")


def test_it_is_kept_as_json():
    one, other = Rotation(frozenset({"a.test"}), frozenset({(PAGE, SLOT)})), Rotation(stays=frozenset({"b.test"}))
    both = one | other
    assert Rotation.from_json(both.to_json()) == both
    assert NOTHING | NOTHING == NOTHING
