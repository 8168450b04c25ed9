"""Secrets of channels at rest."""

import pytest

from app.notifications.sealing import SecretSeal, UnreadableSecret

CONFIG = {"url": "https://hooks.example/secret-part"}


def test_what_was_sealed_opens_and_shows_nothing():
    seal = SecretSeal([b"k" * 32])
    sealed = seal.seal(CONFIG, "c1")
    assert seal.open(sealed, "c1") == CONFIG
    assert "secret-part" not in sealed
    assert seal.seal(CONFIG, "c1") != sealed


def test_it_opens_with_the_key_before_and_with_no_other():
    sealed = SecretSeal([b"a" * 32]).seal(CONFIG, "c1")
    assert SecretSeal([b"b" * 32, b"a" * 32]).open(sealed, "c1") == CONFIG
    with pytest.raises(UnreadableSecret):
        SecretSeal([b"b" * 32]).open(sealed, "c1")


@pytest.mark.parametrize("change", [lambda text: text[:-8] + "AAAAAAA=", lambda _: "", lambda _: "é", lambda _: "AAAA"])
def test_what_was_changed_or_is_another_channels_does_not_open(change):
    seal = SecretSeal([b"k" * 32])
    sealed = seal.seal(CONFIG, "c1")
    for text, channel in ((change(sealed), "c1"), (sealed, "c2")):
        with pytest.raises(UnreadableSecret):
            seal.open(text, channel)
