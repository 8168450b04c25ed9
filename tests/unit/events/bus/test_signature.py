import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.events.bus.signature import ForgedMessage, MessageSigner

KEY, OTHER = b"k" * 32, b"o" * 32


@given(st.text(max_size=20), st.binary(max_size=100))
def test_what_was_signed_is_read_over_its_channel_alone(channel, content):
    message = MessageSigner([KEY]).sign(channel, content)
    assert MessageSigner([OTHER, KEY]).verify(channel, message) == content
    for signer, over in (
        (MessageSigner([OTHER]), channel),
        (MessageSigner([KEY]), channel + "x"),
        (MessageSigner([]), channel),
    ):
        with pytest.raises(ForgedMessage):
            signer.verify(over, message)


@given(st.binary(max_size=100))
def test_any_other_bytes_are_forged(message):
    with pytest.raises(ForgedMessage):
        MessageSigner([KEY]).verify("c", message)


def test_channel_and_content_cannot_be_shifted_against_each_other():
    signer = MessageSigner([KEY])
    with pytest.raises(ForgedMessage):
        signer.verify("a", signer.sign("ab", b"c")[:32] + b"bc")


def test_without_a_key_nothing_is_signed():
    assert not MessageSigner([]).can_sign
