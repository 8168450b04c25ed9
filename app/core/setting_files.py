"""Files that settings name: bounded, checked at the start, and read again when they are needed."""

from collections.abc import Callable
from pathlib import Path

from app.core.errors import ConfigurationError
from app.domain.messages import english


class UnusableFile(Exception):
    """`code`: `unreadable`, `too_large`, or what else its reader says of what is in it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def check_file(path: Path | None, read: Callable[[Path], object], *, name: str, about: str, most: int) -> None:
    """Raise ConfigurationError for a file that `read` cannot use: what needs it first would be late to say so.

    `name`: of the variable. `about`: how the keys of its texts begin. `most`: of what `too_large` speaks. None is no
    file.
    """
    if path is None:
        return
    try:
        read(path)
    except UnusableFile as error:
        reason = english(f"{about}{error.code}", **({"most": most} if error.code == "too_large" else {}))
        problems = english("labelled", what=name, text=reason)
        raise ConfigurationError(text="settings_refused", problems=problems) from None


def read_file(path: Path, *, max_bytes: int) -> bytes:
    """Return what the file contains. Blocking. Raises UnusableFile (`unreadable`, `too_large`)."""
    try:
        if not path.is_file():  # a pipe would never end
            raise UnusableFile("unreadable")
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except (OSError, ValueError) as error:
        raise UnusableFile("unreadable") from error
    if len(data) > max_bytes:
        raise UnusableFile("too_large")
    return data
