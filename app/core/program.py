"""Which program this is."""

from importlib.metadata import version
from typing import Final

DISTRIBUTION: Final = "domain-compliance-scanner"


def program_version() -> str:
    """Return the version that is installed."""
    return version(DISTRIBUTION)
