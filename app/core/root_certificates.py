"""Root certificates in a local PEM file: checked at the start, and read when they are needed."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.core.errors import ConfigurationError
from app.domain.messages import english

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

MAX_BYTES: Final = 2 << 20  # the roots of a whole system take 250 KiB


class UnusableCertificates(Exception):
    """`code`: `unreadable`, `too_large` or `no_certificates`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def check_root_certificates(path: Path | None, *, name: str) -> None:
    """Raise ConfigurationError for a file without usable certificates. `name`: of the variable. None is no file."""
    if path is None:
        return
    try:
        read_root_certificates(path)
    except UnusableCertificates as error:
        reason = english(
            f"root_certificates.{error.code}", **({"most": MAX_BYTES >> 20} if error.code == "too_large" else {})
        )
        problems = english("labelled", what=name, text=reason)
        raise ConfigurationError(text="settings_refused", problems=problems) from None


def read_root_certificates(path: Path) -> "list[Certificate]":
    """Return the certificates of the file, at least one. Blocking. Raises UnusableCertificates."""
    from cryptography.x509 import load_pem_x509_certificates  # loaded where there is such a file alone

    data = _read(path)
    try:
        return load_pem_x509_certificates(data)
    except ValueError as error:
        raise UnusableCertificates("no_certificates") from error


def _read(path: Path) -> bytes:
    try:
        if not path.is_file():  # a pipe would never end
            raise UnusableCertificates("unreadable")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise UnusableCertificates("unreadable") from error
    if len(data) > MAX_BYTES:
        raise UnusableCertificates("too_large")
    return data
