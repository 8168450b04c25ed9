"""Passwords, tokens and the key that signs them. What is looked up in the database is in `identity.auth`."""

import asyncio
import hmac
import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, TypeVar

import jwt
import orjson
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from jwt.types import Options

from app.core.aio import ThreadsEnded, ignore_result, in_thread
from app.core.clock import Clock
from app.core.config import Settings
from app.core.errors import ConfigurationError, Unauthenticated, Unavailable
from app.core.priority_slots import PrioritySlots
from app.core.system_errors import reason_of
from app.core.thread_priority import lower_thread_priority

ALGORITHM: Final = "HS256"
REQUIRED_CLAIMS: Final = ("exp", "iat", "sub", "type", "jti", "sid", "ver")
# The first part of all that we write, `{"alg":"HS256","typ":"JWT"}`.
OWN_HEADER: Final = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
MAX_TOKEN_BYTES: Final = 4_096  # ours have about 400; nothing longer is parsed
SECRET_FILE: Final = "secret.key"  # noqa: S105 - a file name
MIN_PASSWORD: Final = 8  # characters; NIST SP 800-63B section 3.1.1.2
MAX_PASSWORD: Final = 256  # bounds the work of a hash

T = TypeVar("T")
TokenType = Literal["access", "refresh"]


class Passwords:
    """Argon2id hashes, made and checked in threads of their own: one takes some 50 ms and 64 MiB.

    A known user (signed in, or signing in from where they have been before) waits in a queue of their own, goes
    before unknown ones, and finds a thread that those never take: a flood of guesses keeps none of them out.
    At most `MAX_WAITING` of each wait or are served; beyond that LimitReached tells the client to come back.

    Each hash has four threads of its own (RFC 9106), which with ours have a lower priority: at an equal one the event
    loop waited behind twelve of them for a core, whenever a few people signed in at once.
    """

    NICE: Final = 5  # a third of the weight of the event loop; at 10, sign-ins beside busy programs took six seconds
    THREADS: Final = 3
    MAX_UNKNOWN: Final = 2  # of them, at most
    MAX_WAITING: Final = 64

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._threads = ThreadPoolExecutor(
            self.THREADS, thread_name_prefix="password", initializer=lower_thread_priority, initargs=(self.NICE,)
        )
        self._slots = PrioritySlots(total=self.THREADS, max_unknown=self.MAX_UNKNOWN, max_waiting=self.MAX_WAITING)
        self._nobody: str | None = None  # a hash that no password fits; made when first needed

    async def hash(self, password: str) -> str:
        """Make a hash, for somebody who is known: only they set passwords."""
        return await self._run(self._hasher.hash, password, known=True)

    async def verify(self, password: str, stored: str | None, *, known: bool = False) -> bool:
        """Return whether the password matches. With `stored` None (no such user) it takes as long and returns False."""
        return await self._run(self._verify, password, stored, known=known)

    def needs_rehash(self, stored: str) -> bool:
        """Return whether the hash was made with weaker parameters than the current ones."""
        return self._hasher.check_needs_rehash(stored)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[..., T], *arguments: str | None, known: bool) -> T:
        async with self._slots.hold(known=known):
            running = asyncio.ensure_future(in_thread(self._threads, work, *arguments))
            running.add_done_callback(ignore_result)  # of an asker who has gone
            try:
                return await asyncio.shield(running)
            except ThreadsEnded as ended:  # the process ends
                raise Unavailable from ended
            finally:
                await asyncio.wait([running])  # a busy thread keeps its place, even when the asker has gone

    def _verify(self, password: str, stored: str | None) -> bool:
        if self._nobody is None:
            self._nobody = self._hasher.hash(secrets.token_hex())
        try:
            self._hasher.verify(stored or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says of itself, its signature and times verified."""

    user_id: str
    session_id: str
    token_version: int
    token_id: str
    expires_at: datetime


class Tokens:
    """Signs and reads JWTs. One fixed algorithm, no leeway, no token without all `REQUIRED_CLAIMS`.

    Signs with `secret`; what one of `previous` has signed is read as well, so that a key can be changed while people
    are signed in.
    """

    def __init__(self, *, secret: str, clock: Clock, previous: Sequence[str] = ()) -> None:
        self._secret = secret
        self._keys = tuple(key.encode() for key in (secret, *previous))
        self._clock = clock
        # The times are judged by our clock, below.
        self._options: Options = {"require": list(REQUIRED_CLAIMS), "verify_exp": False, "verify_iat": False}

    def issue(self, token_type: TokenType, claims: Claims) -> str:
        """Return a signed token. `claims.expires_at` is truncated to whole seconds."""
        payload = {
            "sub": claims.user_id,
            "sid": claims.session_id,
            "ver": claims.token_version,
            "jti": claims.token_id,
            "type": token_type,
            "iat": int(self._clock.now().timestamp()),
            "exp": int(claims.expires_at.timestamp()),
        }
        return jwt.encode(payload, self._secret, algorithm=ALGORITHM)

    def read(self, token: str | None, token_type: TokenType) -> Claims:
        """Return the claims of a token of this type.

        Raises:
            Unauthenticated: `missing_token`, `expired_token` or `invalid_token`.
        """
        if not token:
            raise Unauthenticated(code="missing_token")
        if len(token) > MAX_TOKEN_BYTES:
            raise _invalid()
        claims = _claims(self._verify(token), token_type)
        if claims.expires_at <= self._clock.now():
            raise Unauthenticated(code="expired_token")
        return claims

    def _verify(self, token: str) -> Mapping[str, object]:
        """Return the payload if one of our keys matches."""
        if token.startswith(OWN_HEADER + "."):
            return self._verify_own(token)
        for key in self._keys:
            try:
                return jwt.decode(token, key, algorithms=[ALGORITHM], options=self._options)
            except jwt.InvalidSignatureError:
                continue
            except (jwt.InvalidTokenError, ValueError) as error:  # ValueError: text that is no ASCII
                raise _invalid() from error
        raise _invalid()

    def _verify_own(self, token: str) -> Mapping[str, object]:
        """Do the same for a token in the form in which we write them, at a tenth of the time. It needs none of the
        freedom of the library (algorithms, keys in other forms, paddings), and has none.
        """
        if not token.isascii():
            raise _invalid()
        signed, _, signature = token.rpartition(".")
        given = signature.encode()
        for key in self._keys:
            expected = urlsafe_b64encode(hmac.digest(key, signed.encode(), "sha256")).rstrip(b"=")
            if hmac.compare_digest(expected, given):
                return _object(signed[len(OWN_HEADER) + 1 :])
        raise _invalid()


def _object(payload: str) -> Mapping[str, object]:
    """Return the decoded payload of a token."""
    try:
        found = orjson.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except ValueError as error:
        raise _invalid() from error
    if not isinstance(found, dict):
        raise _invalid()
    return found


def derive_keys(settings: Settings, purpose: str) -> list[bytes]:
    """Return keys of 32 bytes for another purpose than tokens, one by each secret of the settings, that to use first;
    none where the settings have no secret. HKDF-SHA256 (RFC 5869): who has them cannot sign a token.
    """
    secrets_set = (settings.secret_key, settings.secret_key_previous)
    return [_derive(secret.get_secret_value(), purpose) for secret in secrets_set if secret is not None]


def derive_stored_keys(settings: Settings, purpose: str) -> list[bytes]:
    """Return keys for what is stored sealed, that to use first: of the settings' secrets, or of the data folder's.

    Raises ConfigurationError, as `load_secret`.
    """
    previous = () if settings.secret_key_previous is None else (settings.secret_key_previous.get_secret_value(),)
    return [_derive(secret, purpose) for secret in (load_secret(settings), *previous)]


def _derive(secret: str, purpose: str) -> bytes:
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"compliance {purpose}".encode())
    return derivation.derive(secret.encode())


def _claims(payload: Mapping[str, object], token_type: TokenType) -> Claims:
    """Checks the type of each claim: a signature says who wrote it, not that it makes sense."""
    match payload:
        case {
            "sub": str(user_id),
            "sid": str(session_id),
            "ver": int(version),
            "jti": str(token_id),
            "exp": int(expires),
            "iat": int(),
            "type": str(kind),
        } if kind == token_type:
            try:
                expires_at = datetime.fromtimestamp(expires, UTC)
            except (OverflowError, OSError, ValueError) as error:
                raise _invalid() from error
            return Claims(user_id, session_id, version, token_id, expires_at)
        case _:
            raise _invalid()


def _invalid() -> Unauthenticated:
    return Unauthenticated(code="invalid_token")


def load_secret(settings: Settings) -> str:
    """Return the signing key: the setting, or (embedded mode) that of the data folder, created with mode 0600.

    Raises:
        ConfigurationError: the file cannot be read or made, is too short, or others may read it.
    """
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value()
    path = settings.data_dir / SECRET_FILE
    try:
        if not path.exists():
            _make_secret(path)
        secret = path.read_text().strip()
        mode = path.stat().st_mode
    except OSError as error:
        raise ConfigurationError(text="key_not_usable", path=path, reason=reason_of(error)) from error
    if mode & 0o077:
        raise ConfigurationError(text="key_open", path=path)
    if len(secret) < 2 * 32:  # 32 random bytes as hex
        raise ConfigurationError(text="key_too_short", path=path)
    return secret


def _make_secret(path: Path) -> None:
    """Written beside and linked into place: a crash leaves no half of a key, and of two makers one wins."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, secrets.token_hex(32).encode())
        os.fsync(descriptor)
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        os.close(descriptor)
        draft.unlink()
