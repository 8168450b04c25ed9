"""Places and memory for HTTP connections, by address and in all."""

import pytest

from app.core.metrics import Metrics
from app.transport.http_limits import ADDRESS_SHARE, REASONS, HttpConnectionLimits
from tests.support.backend import make_settings

ONE, SAME_NETWORK, OTHER, PROXY = "2001:db8::1", "2001:db8::2", "192.0.2.9", "10.0.0.1"


@pytest.fixture
def limits(tmp_path):
    settings = make_settings(
        tmp_path,
        http_max_connections=4,
        http_max_connections_per_address=2,
        http_max_kept_body_bytes=8_000_000,
        trusted_proxies=["10.0.0.0/8"],
    )
    return HttpConnectionLimits(settings=settings, metrics=Metrics())


def test_one_network_has_so_many_places_and_gets_them_back(limits):
    assert [limits.admit(address) for address in (ONE, SAME_NETWORK, ONE)] == [None, None, "address_limit"]
    assert limits.admit(OTHER) is None
    limits.release(SAME_NETWORK)
    assert limits.admit(ONE) is None


def test_all_have_so_many_places_together(limits):
    assert [limits.admit(PROXY) for _ in range(5)] == [None] * 4 + ["process_limit"]
    assert len(limits) == 4


def test_those_behind_a_proxy_share_its_address_and_not_its_limit(limits):
    assert [limits.admit(PROXY) for _ in range(3)] == [None] * 3
    assert limits.is_proxy(PROXY)
    assert not limits.is_proxy("no address")


def test_one_address_may_fill_a_part_of_the_room_for_bodies(limits):
    part = 8_000_000 // ADDRESS_SHARE
    assert limits.reserve_body(OTHER, part)
    assert not limits.reserve_body(OTHER, 1)
    assert limits.reserve_body(PROXY, 8_000_000 - part)
    assert not limits.reserve_body(ONE, 1)
    limits.free_body(OTHER, part)
    assert limits.reserve_body(ONE, 1)


@pytest.mark.parametrize("reason", REASONS)
def test_every_end_is_counted_by_its_reason(limits, reason):
    limits.count_cut(reason)
    assert limits._metrics.registry.get_sample_value("http_connections_cut_total", {"reason": reason}) == 1
