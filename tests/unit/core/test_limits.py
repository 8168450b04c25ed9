"""Rates and strikes with the time handed in."""

from hypothesis import given
from hypothesis import strategies as st

from app.core.limits import KeyedBuckets, Strikes, TokenBucket


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


def test_keys_have_their_own_buckets_and_full_ones_are_forgotten():
    buckets = KeyedBuckets(burst=1, per_s=1, max_keys=2)
    assert buckets.wait_s("a") == 0.0
    assert buckets.take("a", 0.0)
    assert not buckets.take("a", 0.0)
    assert buckets.wait_s("a") == 1.0
    assert buckets.take("b", 0.0)
    assert buckets.take("c", 5.0)
    assert buckets.take("a", 5.0)


def test_the_oldest_key_goes_when_there_are_too_many():
    buckets = KeyedBuckets(burst=1, per_s=0.001, max_keys=2)
    for key in ("a", "b", "c"):
        assert buckets.take(key, 0.0)
    assert not buckets.take("c", 0.0)
    assert buckets.take("a", 0.0)


def test_the_third_strike_within_the_window_is_the_last():
    strikes = Strikes(limit=3, window_s=60)
    assert [strikes.add(0), strikes.add(30), strikes.add(61), strikes.add(62)] == [False, False, False, True]
