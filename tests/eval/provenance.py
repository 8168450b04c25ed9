"""Who wrote a labelled set, and what they knew: every file of a set says so at its head, and the figures name it."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

ADDRESS: Final = re.compile(r"""(?:https?:)?//([a-z0-9.-]+\.[a-z]+)(?=[:/?"'<> \\]|$)""")  # with its host
_INVENTED: Final = (".test", ".example")


@dataclass(frozen=True, slots=True)
class Provenance:
    """Of one file. First-sight figures are those of the analysis as it was on the day of `batch`."""

    batch: str  # ISO date on which it was written
    origin: str  # what its author had and had not seen

    @classmethod
    def of(cls, document: dict[str, Any]) -> Self:
        return cls(document["batch"], document["origin"])


def read(path: Path) -> tuple[Provenance, dict[str, Any]]:
    """Reads one file of a set. Raises `KeyError` when it does not say where it comes from."""
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    return Provenance.of(document), document


def named_hosts(text: str) -> set[str]:
    """Return the hosts of all addresses in a text that somebody may have: those that are not invented."""
    return {host for host in ADDRESS.findall(text) if not host.endswith(_INVENTED)}
