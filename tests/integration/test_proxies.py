"""Forwarded addresses count from trusted proxies alone: in limits and in the audit log, over HTTP and WebSocket."""

import pytest
from websockets.exceptions import InvalidStatus

from tests.support.live import Live, go_live

PROXY, CLIENT, OTHER = "127.0.0.1", "198.51.100.9", "198.51.100.10"
TRUSTING = [("127.0.0.1",), ("127.0.0.0/8", "10.0.0.0/8")]


def forwarded(*addresses: str) -> dict[str, str]:
    return {"X-Forwarded-For": ", ".join(addresses), "X-Forwarded-Proto": "https"}


async def wrong_login(live: Live, headers: dict[str, str]) -> int:
    body = {"username": "nobody", "password": "wrong"}
    return (await live.http.post("/api/v1/auth/login", json=body, headers=headers)).status_code


async def refused_socket(live: Live, headers: dict[str, str]) -> None:
    assert (await live.refusal("token=garbage", additional_headers=headers))[1] == 1008


async def addresses(live: Live) -> set[str]:
    """Of one refused sign-in and one refused socket, as the audit log has them."""
    rows = [*await live.audit_rows("auth.login"), *await live.audit_rows("ws.connect")]
    assert len(rows) == 2
    return {row.address for row in rows}


@pytest.mark.parametrize("trusted", TRUSTING)
@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        ((CLIENT,), CLIENT),
        # The proxy puts what it saw last; what a client claims stands before.
        (("203.0.113.1", CLIENT), CLIENT),
        (("127.0.0.1", CLIENT), CLIENT),
        ((CLIENT, "127.0.0.1"), CLIENT),  # two proxies in a row
        (("2001:db8::7",), "2001:db8::7"),
        ((f"{CLIENT}:4711",), CLIENT),
    ],
)
async def test_a_trusted_proxy_says_who_the_client_is(tmp_path, trusted, sent, seen):
    async with go_live(tmp_path / "data", trusted_proxies=trusted) as live:
        await wrong_login(live, forwarded(*sent))
        await refused_socket(live, forwarded(*sent))
        assert await addresses(live) == {seen}


@pytest.mark.parametrize("trusted", [(), ("10.0.0.1", "192.168.0.0/16")])
async def test_nobody_else_says_anything(tmp_path, trusted):
    async with go_live(tmp_path / "data", trusted_proxies=trusted) as live:
        await wrong_login(live, forwarded(CLIENT))
        await refused_socket(live, forwarded(CLIENT))
        assert await addresses(live) == {PROXY}


async def test_behind_a_trusted_proxy_each_client_has_limits_of_its_own(tmp_path):
    limits = {"ws_max_connections_per_address": 1, "login_burst_per_address": 2, "logins_per_minute_per_address": 0.1}
    async with go_live(tmp_path / "data", trusted_proxies=(PROXY,), **limits) as live:
        token = (await live.sign_in())["access_token"]
        query = f"token={token}"
        async with live.open(query, additional_headers=forwarded(CLIENT)) as first:
            await first.until("connection_established")
            with pytest.raises(InvalidStatus) as refused:
                async with live.open(query, additional_headers=forwarded(CLIENT)):
                    pass
            assert (refused.value.response.status_code, refused.value.response.headers["retry-after"]) == (429, "30")
            async with live.open(query, additional_headers=forwarded(OTHER)) as second:
                await second.until("connection_established")
        assert [await wrong_login(live, forwarded(CLIENT)) for _ in range(3)] == [401, 401, 429]
        assert await wrong_login(live, forwarded(OTHER)) == 401


async def test_addresses_of_one_network_of_ipv6_count_as_one(tmp_path):
    values = {"trusted_proxies": (PROXY,), "ws_max_connections_per_address": 1}
    async with go_live(tmp_path / "data", **values) as live:
        query = f"token={(await live.sign_in())['access_token']}"
        async with live.open(query, additional_headers=forwarded("2001:db8:1:2::1")) as first:
            await first.until("connection_established")
            with pytest.raises(InvalidStatus) as refused:
                async with live.open(query, additional_headers=forwarded("2001:db8:1:2:3:4:5:6")):
                    pass
            assert bytes(refused.value.response.body) == b"address_limit"
            async with live.open(query, additional_headers=forwarded("2001:db8:1:3::1")) as second:
                await second.until("connection_established")


async def test_a_client_cannot_choose_the_address_that_its_limits_go_by(tmp_path):
    limits = {"ws_max_connections_per_address": 1, "login_burst_per_address": 3, "logins_per_minute_per_address": 0.1}
    async with go_live(tmp_path / "data", **limits) as live:
        token = (await live.sign_in())["access_token"]
        assert [await wrong_login(live, forwarded(f"203.0.113.{n}")) for n in range(3)] == [401, 401, 429]
        async with live.watch(token):
            with pytest.raises(InvalidStatus) as refused:
                async with live.open(f"token={token}", additional_headers=forwarded(CLIENT)):
                    pass
            assert refused.value.response.status_code == 429


async def test_a_handshake_rate_is_per_forwarded_address(tmp_path):
    values = {"trusted_proxies": (PROXY,), "ws_handshakes_per_s_per_address": 0.001}
    async with go_live(tmp_path / "data", **values) as live:
        await refused_socket(live, forwarded(CLIENT))
        with pytest.raises(InvalidStatus) as refused:
            await refused_socket(live, forwarded("203.0.113.1", CLIENT))
        assert (refused.value.response.status_code, refused.value.response.headers["retry-after"]) == (429, "1")
        await refused_socket(live, forwarded(OTHER))
