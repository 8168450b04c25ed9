from hypothesis import given
from hypothesis import strategies as st

from app.engines.discover.hostnames import valid_name
from app.engines.discover.permutations import MAX_PERMUTATIONS, permutations_of
from app.engines.scope import Scope

NAMES = st.lists(st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.dev)?\.a\.test", fullmatch=True), max_size=40)


def test_a_number_has_neighbours_of_its_own_width():
    found = permutations_of(["node09.a.test"], "a.test")
    assert found[:4] == ["node10.a.test", "node08.a.test", "node11.a.test", "node12.a.test"]


def test_there_is_nothing_below_zero():
    assert "n-1.a.test" not in permutations_of(["n0.a.test"], "a.test")


def test_a_label_gets_what_second_copies_are_called_on_both_sides():
    found = permutations_of(["shop.a.test"], "a.test")
    assert {"shop-dev.a.test", "test-shop.a.test", "shop2.a.test"} <= set(found)


def test_a_part_of_a_label_is_replaced():
    assert "pay-uat.a.test" in permutations_of(["pay-dev.a.test"], "a.test")
    assert "uat-dev.a.test" in permutations_of(["pay-dev.a.test"], "a.test")


def test_variations_stay_in_the_zone_of_the_name():
    found = permutations_of(["api.dev.a.test"], "a.test")
    assert all(name.endswith(".dev.a.test") for name in found)


def test_the_target_itself_has_none():
    assert permutations_of(["a.test"], "a.test") == []


def test_a_limit_leaves_something_to_every_name():
    names = [f"host{letter}.a.test" for letter in "abcdefghij"]
    found = permutations_of(names, "a.test", limit=60)
    assert len(found) == 60
    assert all(any(name.removesuffix(".a.test") in varied for varied in found) for name in names)


@given(NAMES)
def test_all_are_valid_new_and_told_once(names):
    found = permutations_of(names, "a.test")
    assert len(found) == len(set(found)) <= MAX_PERMUTATIONS
    assert not set(found) & set(names)
    assert all(valid_name(name, Scope("a.test")) == name for name in found)
