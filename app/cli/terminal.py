"""The reader's language, and texts as a terminal may show them. Help and errors are in English."""

import os
from collections.abc import Mapping

from app.domain.messages import FOREIGN_LANGUAGE, Language


def language_of(environment: Mapping[str, str] | None = None) -> Language | None:
    """Return `COMPLIANCE_LANGUAGE`, else the locale's language; None for the locale C: the setting's default stands."""
    environment = os.environ if environment is None else environment
    asked = environment.get("COMPLIANCE_LANGUAGE")
    if asked in list(Language):
        return Language(asked)
    locale = next(filter(None, (environment.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))), "C")
    if locale.split(".")[0] in ("C", "POSIX"):
        return None
    return Language.of_locale(locale) or FOREIGN_LANGUAGE


def clock_of(seconds: float) -> str:
    """Return `1:02:03` or `02:03`."""
    minutes, second = divmod(max(0, int(seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute:02}:{second:02}"


def clean(text: str) -> str:
    """Replace what could steer a terminal or turn its text around: pages have a say in what scans report."""
    return "".join(
        char if char.isprintable() else " " if char.isspace() else "\N{REPLACEMENT CHARACTER}" for char in text
    )
