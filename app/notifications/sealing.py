"""Encryption of the stored secrets of channels, with a key that is derived from the deployment's secret."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from secrets import token_bytes
from typing import Any, Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PURPOSE: Final = "channel secrets"  # of the derived key
_NONCE_BYTES: Final = 12  # NIST SP 800-38D: random nonces, for far fewer than 2^32 messages per key


class UnreadableSecret(Exception):
    """The secret was encrypted with a key that this deployment no longer has, or for another channel."""


class SecretSeal:
    """Encrypts JSON with AES-256-GCM (NIST SP 800-38D), and authenticates the id of its channel with it."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """`keys`: the first one encrypts, all of them decrypt."""
        self._ciphers = [AESGCM(key) for key in keys]

    def seal(self, values: Any, channel_id: str) -> str:
        nonce = token_bytes(_NONCE_BYTES)
        sealed = self._ciphers[0].encrypt(nonce, orjson.dumps(values), channel_id.encode())
        return urlsafe_b64encode(nonce + sealed).decode()

    def open(self, sealed: str, channel_id: str) -> Any:
        """Raises UnreadableSecret."""
        try:
            data = urlsafe_b64decode(sealed)
        except ValueError as error:
            raise UnreadableSecret from error
        for cipher in self._ciphers:
            try:
                return orjson.loads(cipher.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], channel_id.encode()))
            except (InvalidTag, ValueError):
                continue
        raise UnreadableSecret
