"""Which secrets are good enough to sign with, or to open something."""

from typing import Final

from app.core.errors import ConfigurationError

MIN_SECRET_BYTES: Final = 32  # RFC 7518 section 3.2: an HS256 key is at least as long as the hash
WELL_KNOWN_SECRETS: Final = ("changeme", "secret", "your-secret-key", "password", "insecure", "example")
MIN_CHARACTERS: Final = 8  # different ones: entropy


def check_secret(secret: str, *, name: str) -> None:
    """Raises ConfigurationError for a key that is short, well-known or of few characters. `name`: its variable."""
    if len(secret.encode()) < MIN_SECRET_BYTES:
        raise ConfigurationError(text="secret_too_short", name=name, least=MIN_SECRET_BYTES)
    if any(word in secret.lower() for word in WELL_KNOWN_SECRETS) or len(set(secret)) < MIN_CHARACTERS:
        raise ConfigurationError(text="secret_too_weak", name=name)
