"""What was found on a page of the site itself."""

from dataclasses import dataclass
from typing import Final

from app.domain.tampering import TamperSign

MAX_QUOTE: Final = 200  # characters


@dataclass(frozen=True, slots=True)
class TamperMatch:
    """One sign with its place."""

    sign: TamperSign
    raw: str  # as it stands in the source, as far as that is known
    snippet: str  # for people
    terms: tuple[str, ...] = ()
    dom_path: str = ""
    hidden: str | None = None
    leads_to: tuple[str, ...] = ()  # addresses that a script writes or sends to
