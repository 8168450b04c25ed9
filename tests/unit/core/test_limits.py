"""Rates, strikes and growing delays with the time handed in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.limits import (
    DebtTokenBucket,
    GrowingDelay,
    KeyedBackoff,
    KeyedTokenBuckets,
    Strikes,
    TokenBucket,
    network_of,
    wider_networks_of,
)


def test_a_bucket_gives_its_burst_and_then_its_rate():
    bucket = TokenBucket(burst=3, per_s=2)
    assert [bucket.take(0.0) for _ in range(4)] == [True, True, True, False]
    assert bucket.wait_s() == 0.5
    assert [bucket.take(0.5), bucket.take(0.5)] == [True, False]
    assert not bucket.is_full(0.6)
    assert bucket.is_full(10.0)


@given(st.lists(st.floats(0, 0.5), max_size=200))
def test_a_bucket_never_gives_more_than_burst_plus_rate(pauses):
    bucket, now, given_out = TokenBucket(burst=5, per_s=3), 0.0, 0
    for pause in pauses:
        now += pause
        given_out += bucket.take(now)
    assert given_out <= 5 + 3 * now + 1e-6


def test_a_bucket_gives_many_at_once_or_none_and_nobody_waits_for_more_than_a_burst():
    bucket = TokenBucket(burst=4, per_s=1)
    assert [bucket.take(0.0, 3), bucket.take(0.0, 2), bucket.take(0.0, 1)] == [True, False, True]
    assert bucket.wait_s(100) == 4.0
    assert bucket.take(4.0, 100)


@given(st.lists(st.integers(1, 1_000), min_size=1, max_size=100))
def test_a_pace_is_an_average_that_one_amount_at_most_goes_beyond(amounts):
    pace, now, spent = DebtTokenBucket(burst=100, per_s=50), 0.0, 0
    for amount in amounts:
        now += pace.wait_s(now)
        assert spent <= 100 + 50 * now + 1e-6
        pace.spend(amount, now)
        spent += amount


def test_keys_have_their_own_buckets_and_full_ones_are_forgotten():
    buckets = KeyedTokenBuckets(burst=1, per_s=1, max_keys=2)
    assert buckets.wait_s("a") == 0.0
    assert buckets.take("a", 0.0)
    assert not buckets.take("a", 0.0)
    assert buckets.wait_s("a") == 1.0
    assert buckets.take("b", 0.0)
    assert buckets.take("c", 5.0)
    assert buckets.take("a", 5.0)


def test_the_oldest_key_goes_when_there_are_too_many():
    buckets = KeyedTokenBuckets(burst=1, per_s=0.001, max_keys=2)
    for key in ("a", "b", "c"):
        assert buckets.take(key, 0.0)
    assert not buckets.take("c", 0.0)
    assert buckets.take("a", 0.0)


def test_the_third_strike_within_the_window_is_the_last():
    strikes = Strikes(limit=3, window_s=60)
    assert [strikes.add(0), strikes.add(30), strikes.add(61), strikes.add(62)] == [False, False, False, True]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
        ("", "unknown"),
        (None, "unknown"),
    ],
)
def test_an_address_counts_as_its_network(address, network):
    assert network_of(address) == network


@pytest.mark.parametrize(
    ("address", "networks"),
    [
        ("192.0.2.7", ("192.0.2.0/24",)),
        ("::ffff:192.0.2.7", ("192.0.2.0/24",)),
        ("2001:db8:1:234:5:6:7:8", ("2001:db8:1:200::/56", "2001:db8:1::/48")),
        ("::1", ("::/56", "::/48")),
        ("testclient", ()),
        (None, ()),
    ],
)
def test_around_an_address_are_the_networks_that_one_may_own(address, networks):
    assert wider_networks_of(address) == networks


def delays(**values: float) -> KeyedBackoff:
    max_keys = values.pop("max_keys", 10_000)
    return KeyedBackoff(GrowingDelay(**{"free": 2, "first_s": 1.0, "longest_s": 10.0, **values}), max_keys=max_keys)


def test_a_delay_doubles_up_to_the_longest():
    waits, now = delays(), 0.0
    assert waits.begin("a", now) == 0.0
    seen = []
    for _ in range(7):
        assert waits.begin("a", now) == 0.0
        seen.append(waits.begin("a", now))
        now += seen[-1]
    assert seen == [1, 2, 4, 8, 10, 10, 10]


def test_success_forgets_and_a_withdrawn_try_does_not_count():
    waits = delays()
    waits.begin("a", 0)
    waits.begin("a", 0)
    assert waits.begin("a", 0.5) == 0.5
    waits.withdraw("a", 0.5)
    assert waits.begin("a", 0.5) == 0.0
    waits.succeed("a")
    waits.succeed("a")
    waits.withdraw("a", 0.5)
    assert [waits.begin("a", 0.5) for _ in range(3)] == [0.0, 0.0, 1.0]


def test_time_takes_tries_back_one_by_one():
    waits, now = delays(), 0.0
    for _ in range(4):
        now += waits.begin("a", now)
        waits.begin("a", now)
    wait = waits.begin("a", now)
    assert waits.begin("a", now + wait + 35) == 0.0  # three were taken back
    assert waits.begin("a", now + wait + 35) > 0


def test_the_keys_with_the_fewest_tries_are_forgotten():
    waits = delays(max_keys=3)
    for key in ("a", "a", "b", "c", "c"):
        waits.begin(key, 0)
    for key in ("d", "e", "f"):
        assert waits.begin(key, 10) == 0.0
    assert waits.begin("a", 0) == 1.0
    assert waits.begin("c", 0) == 1.0


def test_no_number_of_other_keys_makes_a_delay_forgotten():
    waits = delays(max_keys=100)
    for _ in range(2):
        waits.begin("a", 0)
    for number in range(1_001):
        waits.begin(f"other {number}", number / 1_000)
    assert waits.begin("a", 0.5) == 0.5


def test_without_room_all_new_keys_share_one_delay():
    waits = delays(max_keys=2)
    for key in ("a", "a", "b", "b", "c", "d"):
        assert waits.begin(key, 0) == 0.0
    assert waits.begin("e", 0) == 1.0
    waits.withdraw("e", 0)
    assert waits.begin("f", 0) == 1.0
    assert waits.begin("a", 0) == 1.0
    assert waits.begin("f", 1.0) == 0.0
    assert waits.begin("g", 40.0) == 0.0  # the first ones have been taken back meanwhile
    assert waits.begin("g", 40.0) == 0.0
    assert waits.begin("g", 40.0) > 0.0


def test_a_key_whose_only_try_is_withdrawn_leaves_nothing_behind():
    waits = delays()
    waits.begin("a", 0)
    waits.withdraw("a", 0)
    assert not waits._tries


@given(st.lists(st.tuples(st.floats(0, 30), st.sampled_from(["try", "withdraw"])), max_size=200))
def test_nobody_waits_longer_than_the_longest_delay(steps):
    waits, now = delays(), 0.0
    for pause, step in steps:
        now += pause
        if step == "withdraw":
            waits.withdraw("a", now)
        else:
            assert 0.0 <= waits.begin("a", now) <= 10.0
    assert waits.begin("a", now + 10.0) == 0.0


@given(st.lists(st.floats(0, 5), max_size=300))
def test_guesses_are_few_however_they_are_spread(pauses):
    waits, now, admitted = delays(), 0.0, 0
    for pause in pauses:
        now += pause
        admitted += waits.begin("a", now) == 0.0
    assert admitted <= 2 + 4 + now / 10.0 * 2 + 1
