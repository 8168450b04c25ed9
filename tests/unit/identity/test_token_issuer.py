"""Pairs of tokens: what they say, and how long they live."""

from types import SimpleNamespace

import pytest

from app.core.security import Tokens
from app.identity.token_issuer import TokenIssuer
from tests.support.backend import HandClock, make_settings

SECRET = "0123456789abcdef0123456789abcdef-long"
USER = SimpleNamespace(id="u1", token_version=3)


@pytest.fixture
def clock():
    return HandClock()


def issuer(folder, clock, **values) -> tuple[TokenIssuer, Tokens]:
    tokens = Tokens(secret=SECRET, clock=clock)
    return TokenIssuer(settings=make_settings(folder, **values), clock=clock, tokens=tokens), tokens


def test_claims_are_those_of_a_fresh_refresh_token(tmp_path, clock):
    tokens, _ = issuer(tmp_path, clock, refresh_token_ttl_s=600)
    one, other = tokens.claims(USER, "s1"), tokens.claims(USER, "s1")
    assert (one.user_id, one.session_id, one.token_version) == ("u1", "s1", 3)
    assert (one.expires_at - clock.now()).total_seconds() == 600
    assert one.token_id != other.token_id


def test_both_tokens_of_a_pair_are_of_one_session_and_of_their_own_kind(tmp_path, clock):
    made, tokens = issuer(tmp_path, clock)
    claims = made.claims(USER, "s1")
    pair = made.pair(claims)
    assert tokens.read(pair.refresh_token, "refresh") == claims
    access = tokens.read(pair.access_token, "access")
    assert (access.session_id, access.token_version) == ("s1", 3)
    assert access.token_id != claims.token_id
    assert (access.expires_at - clock.now()).total_seconds() == pair.expires_in


def test_an_access_token_does_not_outlive_the_refresh_token(tmp_path, clock):
    made, _ = issuer(tmp_path, clock, access_token_ttl_s=3_600, refresh_token_ttl_s=300)
    assert made.pair(made.claims(USER, "s1")).expires_in == 300
