"""Proof that a message of the bus was written by a process of this deployment.

Its first bytes are an HMAC-SHA256 over the channel and the rest, under a key that only the processes of the deployment
have: a stranger who can write to Redis can forge nothing. What was recorded can be sent again: it says what the log
says.
"""

import hmac
from collections.abc import Sequence
from typing import Final

MAC_BYTES: Final = 32


class ForgedMessage(ValueError):
    """The message has no proof that one of our keys has made."""


class MessageSigner:
    """Signs with the first key and takes what any of them has signed, so that the key can be changed.

    Without a key nothing can be signed, and nothing is taken.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = tuple(keys)

    @property
    def can_sign(self) -> bool:
        return bool(self._keys)

    def sign(self, channel: str, content: bytes) -> bytes:
        """Return the message for this channel. To be called when `can_sign`."""
        return _mac(self._keys[0], channel, content) + content

    def verify(self, channel: str, message: bytes) -> bytes:
        """Return the content of a message that came over this channel. Raises ForgedMessage."""
        given, content = message[:MAC_BYTES], message[MAC_BYTES:]
        if not any(hmac.compare_digest(_mac(key, channel, content), given) for key in self._keys):
            raise ForgedMessage("no key of ours has signed it")
        return content


def _mac(key: bytes, channel: str, content: bytes) -> bytes:
    return hmac.digest(key, channel.encode() + b"\0" + content, "sha256")
