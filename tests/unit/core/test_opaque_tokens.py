import re

import pytest

from app.core.opaque_tokens import (
    CHECKED,
    KEY,
    LINK,
    RANDOM,
    checksum_of,
    digest_of,
    is_opaque,
    is_well_formed,
    new_token,
)
from app.core.redact import redact, redact_value


@pytest.mark.parametrize("prefix", [KEY, LINK])
def test_a_token_is_recognised_without_asking_anybody(prefix):
    token = new_token(prefix)
    assert re.fullmatch(r"dcs[kl]_[0-9A-Za-z]{42}", token)
    assert (is_opaque(token), is_well_formed(token)) == (True, True)
    assert token not in digest_of(token)
    assert new_token(prefix) != token


def test_the_checksum_is_written_in_full():
    assert checksum_of("dcsk_" + "0" * RANDOM) == "0sLdxA"
    assert {len(checksum_of(str(number))) for number in range(500)} == {CHECKED}


@pytest.mark.parametrize("at", [5, 20, 40, 46])
def test_a_token_with_another_character_is_none(at):
    token = new_token(KEY)
    changed = token[:at] + ("a" if token[at] != "a" else "b") + token[at + 1 :]
    assert not is_well_formed(changed)


@pytest.mark.parametrize("text", ["", "dcsk_", "eyJhbGciOiJIUzI1NiJ9.e30.c2ln", "dcsk_" + "é" * 42, "dcsx_" + "0" * 42])
def test_what_is_no_token_is_none(text):
    assert not is_well_formed(text)


@pytest.mark.parametrize("text", ["{0}", "GET /shared/1#{0} HTTP/1.1", "key={0}", "Bearer {0}", "said {0}, twice {0}"])
def test_no_token_is_logged(text):
    token = new_token(KEY)
    said = redact(text.format(token))
    assert token[5:] not in said
    assert token[9:] not in str(redact_value("what", {"said": text.format(token)}))
    assert redact(said) == said


def test_its_first_characters_are_no_secret():
    assert redact("key dcsk_AbCd was revoked") == "key dcsk_AbCd was revoked"
