"""Every bad token there is, over a real socket and over REST, each with its exact outcome, in two time zones."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr
from websockets.exceptions import InvalidStatus

from tests.support.backend import USER_PASSWORD
from tests.support.live import Live, ending, go_live

SECRET = "kX3-v9Qp7_zR1mB8cW5tY2uJ6hN4sD0f"
OTHER_KEY = "another-key-that-is-long-enough-0123456789"
INVALID, EXPIRED, DISABLED = "invalid_token", "expired_token", "user_disabled"


@pytest.fixture(params=["America/Los_Angeles", "Asia/Shanghai"])
async def live(tmp_path, monkeypatch, request) -> AsyncIterator[Live]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    try:
        # The table is longer than an address may try in a second.
        limits = {"ws_handshakes_per_s_per_address": 1_000}
        async with go_live(tmp_path / "data", secret_key=SecretStr(SECRET), **limits) as opened:
            yield opened
    finally:
        monkeypatch.undo()
        time.tzset()


@dataclass
class Holder:
    """A user who has signed in, and what their tokens say."""

    live: Live
    user_id: str
    pair: dict[str, Any]

    @property
    def token(self) -> str:
        return str(self.pair["access_token"])

    @property
    def payload(self) -> dict[str, Any]:
        return dict(jwt.decode(self.token, options={"verify_signature": False}))

    def signed(self, key: str = SECRET, algorithm: str = "HS256", without: str = "", **changes: Any) -> str:
        """Our token with changes, signed anew."""
        payload = {**self.payload, **changes}
        payload.pop(without, None)
        return jwt.encode(payload, key, algorithm=algorithm)


@pytest.fixture
async def holder(live) -> Holder:
    user_id = await live.add_user()
    return Holder(live, user_id, await live.sign_in("mei", USER_PASSWORD))


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def by_hand(payload: dict[str, Any], key: bytes, header: dict[str, Any]) -> str:
    """An HMAC over whatever header: what libraries refuse to make."""
    body = f"{part(header)}.{part(payload)}"
    mac = hmac.new(key, body.encode(), hashlib.sha256).digest()
    return f"{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def with_a_public_key_as_secret(holder: Holder) -> str:
    """The classic confusion: who verifies with a public key takes it for an HMAC secret."""
    public = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return by_hand(holder.payload, public, {"alg": "HS256", "typ": "JWT"})


def with_a_key_of_its_own(holder: Holder) -> str:
    """Signed with RS256, the key in the header."""
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key()))
    return jwt.encode(holder.payload, KEY, algorithm="RS256", headers={"jwk": public})


def with_a_lying_header(holder: Holder) -> str:
    """Our key, and a header that names another algorithm."""
    return by_hand(holder.payload, SECRET.encode(), {"alg": "RS256", "typ": "JWT"})


def unsigned(holder: Holder) -> str:
    return f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(holder.payload)}."


def with_another_users_name(holder: Holder) -> str:
    """A good signature under a changed payload."""
    head, _, mac = holder.token.split(".")
    return f"{head}.{part({**holder.payload, 'sub': 'admin'})}.{mac}"


KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
HOUR_S = 3_600
FORGED = {
    "garbage": (lambda holder: "garbage", INVALID),
    "three parts of garbage": (lambda holder: "a.b.c", INVALID),
    "text beyond ASCII": (lambda holder: "%E4%BB%A4%E7%89%8C", INVALID),
    "alg none": (unsigned, INVALID),
    "alg None, key in place": (lambda holder: by_hand(holder.payload, SECRET.encode(), {"alg": "None"}), INVALID),
    "no alg": (lambda holder: by_hand(holder.payload, SECRET.encode(), {"typ": "JWT"}), INVALID),
    "wrong key": (lambda holder: holder.signed(OTHER_KEY), INVALID),
    "empty key": (lambda holder: by_hand(holder.payload, b"", {"alg": "HS256"}), INVALID),
    "public key as secret": (with_a_public_key_as_secret, INVALID),
    "RS256 with its own key": (with_a_key_of_its_own, INVALID),
    "RS256 in the header, HMAC inside": (with_a_lying_header, INVALID),
    "HS384 with the right key": (lambda holder: holder.signed(SECRET * 2, "HS384"), INVALID),
    "HS512 with the right key": (lambda holder: holder.signed(SECRET * 2, "HS512"), INVALID),
    "changed payload": (with_another_users_name, INVALID),
    "expired a second ago": (lambda holder: holder.signed(exp=int(time.time()) - 1), EXPIRED),
    # A clock read in local time would be off by the zone's hours.
    "expired an hour ago": (lambda holder: holder.signed(exp=int(time.time()) - HOUR_S), EXPIRED),
    "no exp": (lambda holder: holder.signed(without="exp"), INVALID),
    "no sub": (lambda holder: holder.signed(without="sub"), INVALID),
    "no session": (lambda holder: holder.signed(without="sid"), INVALID),
    "a session that never was": (lambda holder: holder.signed(sid="019b7a3e-0000-7000-8000-000000000000"), INVALID),
    "another user's session": (lambda holder: holder.signed(sub="019b7a3e-0000-7000-8000-000000000000"), INVALID),
    "older version": (lambda holder: holder.signed(ver=0), INVALID),
    "refresh token": (lambda holder: str(holder.pair["refresh_token"]), INVALID),
    "5 KB": (lambda holder: "e" * 5_000, INVALID),
}


async def outcome(live: Live, token: str) -> tuple[tuple[str, int, str], tuple[int, str]]:
    """Over the socket and over REST."""
    answer = await live.ask("GET", "/auth/me", token)
    return await live.refusal(f"token={token}"), (answer.status_code, answer.json().get("code", "let in"))


def refused(code: str) -> tuple[tuple[str, int, str], tuple[int, str]]:
    return (code, 1008, code), (401, code)


async def test_every_forged_token_is_refused_with_its_reason(live, holder):
    wanted = {name: refused(code) for name, (_, code) in FORGED.items()}
    assert {name: await outcome(live, make(holder)) for name, (make, _) in FORGED.items()} == wanted
    rows = await live.audit_rows("ws.connect")
    denied = [row for row in rows if row.outcome == "denied"]
    assert sum(row.detail.get("count", 1) for row in denied) == len(FORGED)
    assert {row.detail["reason"] for row in denied} == {code for _, code in FORGED.values()}
    assert {row.address for row in rows} == {"127.0.0.1"}


async def test_a_good_token_is_let_in(live, holder):
    """Or the table above would prove nothing. An hour that is left is one hour in any zone."""
    for token in (holder.token, holder.signed(), holder.signed(exp=int(time.time()) + HOUR_S)):
        assert (await live.ask("GET", "/auth/me", token)).status_code == 200
        async with live.watch(token) as client:
            expires = client.frames[0]["token_expires_at"]
            payload = jwt.decode(token, options={"verify_signature": False})
            assert expires == time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(payload["exp"]))


async def test_no_token_is_missing(live):
    assert await live.refusal("") == ("missing_token", 1008, "missing_token")
    assert await live.refusal("token=") == ("missing_token", 1008, "missing_token")
    answer = await live.http.get("/api/v1/auth/me")
    assert (answer.status_code, answer.json()["code"]) == (401, "missing_token")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_token_of_20_kb_is_not_read(live):
    """In an address it is longer than any request line may be; the connection gets its answer and ends."""
    with pytest.raises(InvalidStatus) as caught:
        async with asyncio.timeout(30), live.open("token=" + "e" * 20_000):
            pass
    assert caught.value.response.status_code == 414
    answer = await live.ask("GET", "/auth/me", "e" * 20_000)
    assert (answer.status_code, answer.json()["code"]) == (401, INVALID)


async def test_a_token_of_a_disabled_user_says_so(live, holder):
    await live.services.users.update(holder.user_id, {"is_active": False}, by="test")
    assert await outcome(live, holder.token) == refused(DISABLED)


async def test_a_token_of_a_removed_user_is_refused(live, holder):
    await live.services.users.delete(holder.user_id, by="test")
    assert await outcome(live, holder.token) == refused(INVALID)


async def test_a_token_of_a_session_that_was_left_is_refused(live, holder):
    other = await live.sign_in("mei", USER_PASSWORD)
    assert (await live.ask("POST", "/auth/logout", holder.token)).status_code == 204
    assert await outcome(live, holder.token) == refused(INVALID)
    async with live.watch(other["access_token"]):
        pass


async def test_a_token_from_before_a_change_of_the_password_is_refused(live, holder):
    body = {"current_password": USER_PASSWORD, "new_password": "something else"}
    assert (await live.ask("POST", "/auth/password", holder.token, json=body)).status_code == 204
    assert await outcome(live, holder.token) == refused(INVALID)


async def test_a_ticket_opens_one_socket_and_nothing_else(live, holder):
    ticket = await live.ticket(holder.token)
    assert (await live.ask("GET", "/auth/me", ticket)).json()["code"] == INVALID
    assert await live.refusal(f"token={ticket}") == (INVALID, 1008, INVALID)
    async with live.open(f"ticket={ticket}") as client:
        assert (await client.until("connection_established"))["user_id"] == holder.user_id
        assert await live.refusal(f"ticket={ticket}") == (INVALID, 1008, INVALID)
        await client.send(type="ping")
        await client.until("pong")


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example", "http://127.0.0.1"]
)
async def test_a_page_of_another_origin_is_refused_before_the_upgrade(live, holder, origin):
    with pytest.raises(InvalidStatus) as caught:
        async with live.open(f"token={holder.token}", origin=origin):
            pass
    response = caught.value.response
    assert (response.status_code, bytes(response.body)) == (403, b"origin_not_allowed")
    # REST has no cookies: the token is the right, and a page of another origin cannot read the answer.
    answer = await live.http.get(
        "/api/v1/auth/me", headers={"Authorization": f"Bearer {holder.token}", "Origin": origin}
    )
    assert "access-control-allow-origin" not in answer.headers
    async with live.open(f"token={holder.token}", origin=live.url) as client:
        await client.until("connection_established")


async def test_an_open_socket_with_a_token_that_runs_out_is_closed(live, holder):
    async with live.watch(holder.token) as client:
        live.clock.turned_s = HOUR_S
        assert await ending(client) == (4001, "token_expired")
