"""Root certificates in a local PEM file: checked at the start, and read when they are needed."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.core.setting_files import UnusableFile, check_file, read_file

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

MAX_BYTES: Final = 2 << 20  # the roots of a whole system take 250 KiB


def check_root_certificates(path: Path | None, *, name: str) -> None:
    """Raise ConfigurationError for a file without usable certificates. `name`: of the variable. None is no file."""
    check_file(path, read_root_certificates, name=name, about="root_certificates.", most=MAX_BYTES >> 20)


def read_root_certificates(path: Path) -> "list[Certificate]":
    """Return the certificates of the file, at least one. Blocking. Raises UnusableFile."""
    from cryptography.x509 import load_pem_x509_certificates  # loaded where there is such a file alone

    data = read_file(path, max_bytes=MAX_BYTES)
    try:
        return load_pem_x509_certificates(data)
    except ValueError as error:
        raise UnusableFile("no_certificates") from error
