"""Opaque tokens, which are looked up in the database: API keys and read-only links.

A token is `dcsk_` or `dcsl_`, 36 random base-62 characters, and a base-62 checksum of the preceding characters. The
format can be checked without the database, here and by secret scanners. With 214 bits of entropy, SHA-256 protects a
token as well as a slow hash protects a password, and only the SHA-256 is stored.
"""

import hashlib
import re
import secrets
import string
import zlib
from typing import Final, Literal

from app.core.errors import Unauthenticated

KEY: Final = "dcsk_"
LINK: Final = "dcsl_"
TokenPrefix = Literal["dcsk_", "dcsl_"]
DIGITS: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM: Final = 36  # characters
CHECKED: Final = 6  # base 62 of a CRC-32
SHOWN: Final = 9  # first characters of a token, which lists show
TOKEN: Final = re.compile(rf"dcs[kl]_[0-9A-Za-z]{{{RANDOM + CHECKED}}}")


class TokenRefused(Unauthenticated):
    """A refused token. The user and the key are for the audit log, and are not sent to the client."""

    def __init__(
        self, *, code: str, text: str | None = None, user_id: str | None = None, key_id: str | None = None
    ) -> None:
        super().__init__(code=code, text=text)
        self.user_id = user_id
        self.key_id = key_id


def new_token(prefix: TokenPrefix) -> str:
    """Return a new random token."""
    token = prefix + "".join(secrets.choice(DIGITS) for _ in range(RANDOM))
    return token + checksum_of(token)


def checksum_of(text: str) -> str:
    """Return the checksum of a token that begins with the text."""
    number, digits = zlib.crc32(text.encode()), ""
    for _ in range(CHECKED):
        number, rest = divmod(number, len(DIGITS))
        digits = DIGITS[rest] + digits
    return digits


def is_opaque(token: str | None) -> bool:
    """Return whether the text has the prefix of an opaque token, valid or not."""
    return token is not None and token.startswith((KEY, LINK))


def is_well_formed(token: str) -> bool:
    """Return whether the format and the checksum are valid, so that a database lookup is useful."""
    return TOKEN.fullmatch(token) is not None and checksum_of(token[:-CHECKED]) == token[-CHECKED:]


def digest_of(token: str) -> str:
    """Return the stored form, which cannot be used as a token."""
    return hashlib.sha256(token.encode()).hexdigest()
