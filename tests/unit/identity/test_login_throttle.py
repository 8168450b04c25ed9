"""Limits of sign-ins: by address, by network and by account, with known addresses out of reach for strangers."""

import pytest

from app.core.errors import LimitReached
from app.identity.login_throttle import REFRESH_BURST, WIDER, LoginThrottle, delay_of
from app.identity.sign_in_counters import MemoryCounters
from tests.support.backend import HandClock, make_settings


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def throttle(tmp_path, clock):
    settings = make_settings(
        tmp_path,
        login_burst_per_address=2,
        logins_per_minute_per_address=60,
        login_free_failures=1,
        login_delay_s=10,
        login_max_delay_s=100,
    )
    return LoginThrottle(settings=settings, counters=MemoryCounters(delay_of(settings), clock=clock))


async def test_an_address_has_a_burst_and_then_its_rate(throttle, clock):
    for _ in range(2):
        await throttle.admit_address("192.0.2.1")
    with pytest.raises(LimitReached) as caught:
        await throttle.admit_address("192.0.2.1")
    assert caught.value.retry_after_s == pytest.approx(1)
    await throttle.admit_address("192.0.2.2")
    clock.seconds = 1
    await throttle.admit_address("192.0.2.1")


async def test_a_network_of_unknown_addresses_has_a_wider_rate(throttle):
    for number in range(2 * WIDER):
        await throttle.admit_unknown_address(f"192.0.2.{number}")
    with pytest.raises(LimitReached):
        await throttle.admit_unknown_address("192.0.2.200")
    await throttle.admit_unknown_address("198.51.100.1")


async def test_failures_of_an_account_delay_strangers_and_not_a_known_network(throttle):
    await throttle.begin("Mei")
    with pytest.raises(LimitReached) as caught:
        await throttle.begin("MEI")
    assert caught.value.retry_after_s == pytest.approx(10)
    await throttle.begin("mei", "192.0.2.1")


async def test_success_forgets_the_failures_and_a_withdrawn_try_is_none(throttle):
    await throttle.succeed(await throttle.begin("mei"))
    for _ in range(5):
        await throttle.withdraw(await throttle.begin("mei"))
    await throttle.begin("mei")


async def test_a_session_has_a_rate_of_refreshes_of_its_own(throttle):
    for _ in range(REFRESH_BURST):
        await throttle.admit_refresh("s1")
    with pytest.raises(LimitReached):
        await throttle.admit_refresh("s1")
    await throttle.admit_refresh("s2")


async def test_bad_tokens_are_counted_by_address(throttle):
    for _ in range(2):
        await throttle.admit_bad_token("192.0.2.1")
    with pytest.raises(LimitReached):
        await throttle.admit_bad_token("192.0.2.1")
    await throttle.admit_address("192.0.2.1")
