"""What can be scanned, and the port that reads it from what a person typed."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ParsedTarget:
    """A name that can be scanned."""

    name: str  # A-labels, lower case, no trailing dot
    display: str  # the same in Unicode
    registrable: str  # registrable domain, A-labels


class TargetParser(Protocol):
    """Reads what a person typed. Pure: no network."""

    def parse(self, text: str) -> ParsedTarget:
        """Raises InvalidInput with a code that begins with `target_`."""
        ...

    def ascii_name(self, text: str) -> str:
        """Any name, a public suffix too, in A-labels. Raises InvalidInput as `parse` does."""
        ...

    def parse_start_url(self, text: str, target: ParsedTarget) -> str:
        """The URL serialised. Raises InvalidInput with code `start_url_invalid` or `start_url_outside_target`."""
        ...
