"""Tokens that say nothing and are looked up: API keys and read-only links.

`dcsk_` or `dcsl_`, 36 random characters, and a checksum of what is before it, in the digits of base 62: a scanner for
secrets recognises them without asking anybody, and so do we, before the database is read. They have 214 bits of
entropy: SHA-256 is as good for them as a slow hash is for passwords, and only that is stored.
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
SHOWN: Final = 9  # characters of a token that its owner sees again
TOKEN: Final = re.compile(rf"dcs[kl]_[0-9A-Za-z]{{{RANDOM + CHECKED}}}")


class TokenRefused(Unauthenticated):
    """A key that is known and lets nobody in; whose it is stays on this side."""

    def __init__(
        self, *, code: str, text: str | None = None, user_id: str | None = None, key_id: str | None = None
    ) -> None:
        super().__init__(code=code, text=text)
        self.user_id = user_id
        self.key_id = key_id


def new_token(prefix: TokenPrefix) -> str:
    """Return a token that nobody has."""
    said = prefix + "".join(secrets.choice(DIGITS) for _ in range(RANDOM))
    return said + checksum_of(said)


def checksum_of(text: str) -> str:
    """Return the last characters of a token that begins with the text."""
    number, digits = zlib.crc32(text.encode()), ""
    for _ in range(CHECKED):
        number, rest = divmod(number, len(DIGITS))
        digits = DIGITS[rest] + digits
    return digits


def is_opaque(token: str | None) -> bool:
    """Return whether the text says that it is one of these, right or wrong."""
    return token is not None and token.startswith((KEY, LINK))


def is_well_formed(token: str) -> bool:
    """Return whether it may be a token of ours: only then it is worth a look into the database."""
    return TOKEN.fullmatch(token) is not None and checksum_of(token[:-CHECKED]) == token[-CHECKED:]


def digest_of(token: str) -> str:
    """Return the form that is stored, which cannot be used as a token."""
    return hashlib.sha256(token.encode()).hexdigest()
