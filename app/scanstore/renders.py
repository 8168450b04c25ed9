"""Render requests of scans and the answers of browser workers, through the scan's store."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class RenderOrder:
    """A page that a scan wants to be rendered."""

    id: str  # the scan's own, unique everywhere
    url: str  # http or https
    timeout_s: float  # from when its turn comes
    needs_document: bool  # else the document is wanted only when scripts lead away from the page
    logs: bool = False  # the requests of the page are wanted


class RenderOutcome(StrEnum):
    """Status of the stage."""

    RENDERED = "drawn"
    SLOW = "slow"  # it was not ready in time
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RenderAnswer:
    """Result of a page; only the reason if it was not rendered."""

    outcome: RenderOutcome
    reason: str = ""  # for logs
    final_url: str = ""
    title: str = ""
    screenshot: bytes = b""  # JPEG
    document: bytes = b""  # compressed (`captures.contents`); empty when it was not needed
    log: bytes = b""  # as `tasks.render_log` packs it; empty when it was not wanted


@dataclass(frozen=True, slots=True)
class RenderState:
    """How far a page is."""

    id: str
    is_held: bool  # a browser worker is at it
    is_answered: bool
