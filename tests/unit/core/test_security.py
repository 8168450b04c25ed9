import asyncio
import hmac
import os
import threading
from base64 import urlsafe_b64encode
from datetime import timedelta

import jwt
import pytest
from argon2 import PasswordHasher
from pydantic import SecretStr

from app.core.errors import ConfigurationError, LimitReached, Unauthenticated, Unavailable
from app.core.security import OWN_HEADER, Claims, Passwords, Tokens, load_secret
from tests.support.backend import HandClock, cheap_passwords, make_settings

SECRET = "0123456789abcdef0123456789abcdef-long"


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def tokens(clock):
    return Tokens(secret=SECRET, clock=clock)


def claims(clock, *, ttl: float = 60) -> Claims:
    return Claims("user", "session", 1, "jti", clock.now() + timedelta(seconds=ttl))


def payload(clock, **changes: object) -> dict:
    now = int(clock.now().timestamp())
    whole = {"sub": "u", "sid": "s", "ver": 1, "jti": "j", "type": "access", "iat": now, "exp": now + 60}
    return {key: value for key, value in {**whole, **changes}.items() if value is not None}


def refusal(tokens: Tokens, token: str | None, kind="access") -> str:
    with pytest.raises(Unauthenticated) as caught:
        tokens.read(token, kind)
    return caught.value.code


def test_what_was_issued_is_read_back(tokens, clock):
    assert tokens.read(tokens.issue("access", claims(clock)), "access") == claims(clock)


def test_a_refresh_token_is_no_access_token_nor_the_reverse(tokens, clock):
    assert refusal(tokens, tokens.issue("refresh", claims(clock))) == "invalid_token"
    assert refusal(tokens, tokens.issue("access", claims(clock)), "refresh") == "invalid_token"


def test_there_is_no_leeway(tokens, clock):
    token = tokens.issue("access", claims(clock, ttl=60))
    clock.seconds = 59
    assert tokens.read(token, "access")
    clock.seconds = 60
    assert refusal(tokens, token) == "expired_token"


@pytest.mark.parametrize("name", ["exp", "iat", "sub", "type", "jti", "sid", "ver"])
def test_every_claim_is_needed(tokens, clock, name):
    assert refusal(tokens, jwt.encode(payload(clock, **{name: None}), SECRET, "HS256")) == "invalid_token"


@pytest.mark.parametrize(
    "changes", [{"sid": 1}, {"ver": "1"}, {"exp": 1e300}, {"exp": 10**20}, {"type": "other"}, {"jti": ["x"]}]
)
def test_claims_of_a_wrong_type_are_refused(tokens, clock, changes):
    assert refusal(tokens, jwt.encode(payload(clock, **changes), SECRET, "HS256")) == "invalid_token"


@pytest.mark.parametrize("algorithm", ["HS384", "HS512", "none"])
def test_the_algorithm_is_fixed(tokens, clock, algorithm):
    key = "" if algorithm == "none" else SECRET * 4
    theirs = Tokens(secret=key or SECRET, clock=clock)
    assert refusal(theirs, jwt.encode(payload(clock), key, algorithm)) == "invalid_token"


def test_another_key_is_refused(tokens, clock):
    other = Tokens(secret=SECRET[::-1], clock=clock)
    assert refusal(tokens, other.issue("access", claims(clock))) == "invalid_token"


def test_a_token_of_the_previous_key_is_read_and_new_ones_have_the_current(clock):
    previous = SECRET[::-1] * 2
    old, new = Tokens(secret=previous, clock=clock), Tokens(secret=SECRET, clock=clock, previous=(previous,))
    assert new.read(old.issue("access", claims(clock)), "access") == claims(clock)
    assert refusal(old, new.issue("access", claims(clock))) == "invalid_token"
    assert refusal(new, Tokens(secret="third" * 10, clock=clock).issue("access", claims(clock))) == "invalid_token"
    # What holds for the current key holds for the previous one.
    assert refusal(new, jwt.encode(payload(clock, exp=None), previous, "HS256")) == "invalid_token"
    assert refusal(new, jwt.encode(payload(clock), previous, "HS384")) == "invalid_token"


def test_our_own_form_is_what_the_library_writes(tokens, clock):
    assert tokens.issue("access", claims(clock)).partition(".")[0] == OWN_HEADER


def test_no_character_of_a_token_may_be_another(tokens, clock):
    """It is read without the library: what that would find out has to be found out here."""
    token = tokens.issue("access", claims(clock))
    for place, character in enumerate(token):
        for other in {"A", "B", "", "=", ".", character * 2} - {character}:
            assert refusal(tokens, token[:place] + other + token[place + 1 :]) == "invalid_token"


@pytest.mark.parametrize("change", ["{}.", "{}=", " {}", "{}\n", ".{}", "{}.x"])
def test_nothing_stands_around_a_token(tokens, clock, change):
    assert refusal(tokens, change.format(tokens.issue("access", claims(clock)))) == "invalid_token"


def test_a_payload_that_is_no_object_is_refused_though_we_signed_it(tokens):
    for content in (b"[]", b"x", b"\xff", b""):
        signed = OWN_HEADER + "." + urlsafe_b64encode(content).rstrip(b"=").decode()
        signature = urlsafe_b64encode(hmac.digest(SECRET.encode(), signed.encode(), "sha256")).rstrip(b"=").decode()
        assert refusal(tokens, f"{signed}.{signature}") == "invalid_token"


def test_a_token_in_another_form_is_the_library_s_to_judge(tokens, clock):
    other = jwt.encode(payload(clock), SECRET, "HS256", headers={"kid": "1"})
    assert other.partition(".")[0] != OWN_HEADER
    assert tokens.read(other, "access").user_id == "u"


@pytest.mark.parametrize(
    ("token", "code"),
    [(None, "missing_token"), ("", "missing_token"), ("x", "invalid_token"), ("a.b.c", "invalid_token"),
     ("é.b.c", "invalid_token"), ("\ud800", "invalid_token"), ("a" * 4_097, "invalid_token"), ("..", "invalid_token")],
)  # fmt: skip
def test_what_is_no_token_is_refused(tokens, token, code):
    assert refusal(tokens, token) == code


async def test_passwords_are_hashed_and_checked():
    passwords = cheap_passwords()
    stored = await passwords.hash("correct")
    assert "correct" not in stored
    assert await passwords.verify("correct", stored)
    assert not await passwords.verify("wrong", stored)
    assert not await passwords.verify("correct", "no hash")
    assert not await passwords.verify("correct", None)
    assert not passwords.needs_rehash(stored)
    assert Passwords(PasswordHasher(time_cost=2, memory_cost=8, parallelism=1)).needs_rehash(stored)
    passwords.close()


class CountingHasher(PasswordHasher):
    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.verified = 0

    def verify(self, hash, password):  # noqa: A002 - the library's name
        self.verified += 1
        return super().verify(hash, password)


async def test_an_unknown_name_costs_as_much_as_a_known_one():
    hasher = CountingHasher()
    passwords = Passwords(hasher)
    await passwords.verify("x", None)
    await passwords.verify("x", await passwords.hash("y"))
    assert hasher.verified == 2


async def test_a_crowd_at_the_door_is_told_to_wait():
    passwords = cheap_passwords()
    stored = await passwords.hash("x")
    passwords._slots._held[False] = passwords.MAX_WAITING
    with pytest.raises(LimitReached) as caught:
        await passwords.verify("x", stored)
    assert caught.value.retry_after_s == 1
    passwords._slots._held[False] = 0
    assert await passwords.verify("x", stored)


class HeldHasher(PasswordHasher):
    """Answers when it is let go."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Event()

    def verify(self, hash, password):  # noqa: A002 - the library's name
        self.begun.release()
        return self.go_on.wait(30)


class NiceHasher(PasswordHasher):
    """Makes a hash that says how nice its thread is."""

    def hash(self, password, *, salt=None):
        return str(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))


async def test_hashes_step_back_for_the_event_loop():
    before = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    passwords = Passwords(NiceHasher())
    assert await passwords.hash("x") == str(min(19, before + Passwords.NICE))
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before
    passwords.close()


async def test_who_signs_in_while_the_process_ends_is_told_to_come_back():
    """It had been a traceback: threads that have ended take no more work."""
    hasher = HeldHasher()
    passwords = Passwords(hasher)
    asked = [asyncio.create_task(passwords.verify("x", "y", known=True)) for _ in range(Passwords.THREADS + 1)]
    await asyncio.wait(asked, timeout=0)
    for _ in range(Passwords.THREADS):
        assert await asyncio.to_thread(hasher.begun.acquire, timeout=30)
    passwords.close()
    hasher.go_on.set()
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert outcomes[: Passwords.THREADS] == [True] * Passwords.THREADS
    with pytest.raises(Unavailable):
        raise outcomes[-1]
    with pytest.raises(Unavailable):
        await passwords.verify("x", "y")


def test_the_embedded_mode_makes_its_own_secret_once(tmp_path):
    settings = make_settings(tmp_path)
    secret = load_secret(settings)
    assert len(secret) == 64
    assert load_secret(settings) == secret
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]


def test_a_secret_that_others_may_read_refuses_to_start(tmp_path):
    load_secret(make_settings(tmp_path))
    (tmp_path / "secret.key").chmod(0o644)
    with pytest.raises(ConfigurationError, match="Other users can read"):
        load_secret(make_settings(tmp_path))


def test_a_broken_secret_refuses_to_start(tmp_path):
    path = tmp_path / "secret.key"
    path.write_text("short")
    path.chmod(0o600)
    with pytest.raises(ConfigurationError, match="too short"):
        load_secret(make_settings(tmp_path))
    with pytest.raises(ConfigurationError, match="cannot be used"):
        load_secret(make_settings(tmp_path / "missing"))


def test_a_secret_of_the_settings_is_used_as_it_is(tmp_path):
    assert load_secret(make_settings(tmp_path, secret_key=SecretStr(SECRET))) == SECRET
    assert not list(tmp_path.iterdir())
