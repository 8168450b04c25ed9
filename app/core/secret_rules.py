"""Which secrets are good enough to sign with, or to open something, and which URLs with secrets are valid."""

from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr
from pydantic_core import PydanticCustomError

from app.core.errors import ConfigurationError

MIN_SECRET_BYTES: Final = 32  # RFC 7518 section 3.2: an HS256 key is at least as long as the hash
WELL_KNOWN_SECRETS: Final = ("changeme", "secret", "your-secret-key", "password", "insecure", "example")
MIN_CHARACTERS: Final = 8  # different ones: entropy
MAIL_SCHEMES: Final = ("smtp", "smtps", "smtp+plain")  # STARTTLS, TLS from the beginning, neither


def check_secret(secret: str, *, name: str) -> None:
    """Raises ConfigurationError for a key that is short, well-known or of few characters. `name`: its variable."""
    if len(secret.encode()) < MIN_SECRET_BYTES:
        raise ConfigurationError(text="secret_too_short", name=name, least=MIN_SECRET_BYTES)
    if any(word in secret.lower() for word in WELL_KNOWN_SECRETS) or len(set(secret)) < MIN_CHARACTERS:
        raise ConfigurationError(text="secret_too_weak", name=name)


def _mail_server(value: SecretStr) -> SecretStr:
    parts = urlsplit(value.get_secret_value())
    if parts.scheme not in MAIL_SCHEMES or not parts.hostname:
        raise PydanticCustomError("mail_server", "not a mail server")
    return value


MailServerUrl = Annotated[SecretStr, AfterValidator(_mail_server)]  # it may hold a password
