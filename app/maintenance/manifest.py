"""Content of a backup: permitted names, and the list of files with sizes and hashes."""

import re
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

import orjson

from app.captures.port import ENDING
from app.core.errors import ConfigurationError

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"  # the last entry
CAPTURES: Final = "captures/"
MAX_MANIFEST_BYTES: Final = 1 << 28  # of a million files
_NAME: Final = re.compile(
    r"compliance\.db|scans/[0-9A-Za-z-]{1,64}-[0-9]{1,9}\.db|captures/[0-9a-f]{2}/[0-9a-f]{64}\.zst"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the backup."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """`missing`: scan files that the database knows of and that were not there."""

    revision: str
    epoch: str
    made_at: str
    files: dict[str, Entry]
    missing: tuple[str, ...] = ()
    format: int = FORMAT

    def to_json(self) -> bytes:
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2)

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Raises ConfigurationError for what is none, or one of a newer version."""
        try:
            values: dict[str, Any] = orjson.loads(text)
            if values["format"] != FORMAT:
                raise ConfigurationError(text="backup_newer")
            files = {str(name): Entry(int(e["size"]), str(e["sha256"])) for name, e in values["files"].items()}
            return cls(str(values["revision"]), str(values["epoch"]), str(values["made_at"]), files)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigurationError(text="manifest_damaged") from error


def name_of_capture(sha256: str) -> str:
    """Return the name of a packed content."""
    return f"{CAPTURES}{sha256[:2]}/{sha256}{ENDING}"


def capture_of(name: str) -> str | None:
    """Return the hash of the content that has this name; None for another file."""
    return name.rpartition("/")[2].removesuffix(ENDING) if name.startswith(CAPTURES) else None


def may_hold(name: str) -> bool:
    """Whether a backup may hold a file of this name: nothing that leads anywhere else."""
    return _NAME.fullmatch(name) is not None
