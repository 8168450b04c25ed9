"""How a route may answer, for its documentation: `responses=sent("All of it", "text/csv") | refused(Conflict)`."""

from collections.abc import Mapping
from typing import Any, Final

from app.core.errors import NotFound, ScannerError, Unavailable

CODES: Final = "x-codes"  # of a response: the codes that its problem may have
Responses = dict[int | str, dict[str, Any]]


def refused(kind: type[ScannerError], *codes: str) -> Responses:
    """Return the response with which errors of this kind are answered; without codes the kind's own.

    `app.api.openapi` adds what any route may answer, and the shape of a problem.
    """
    return {kind.status: {CODES: list(codes or [kind.code])}}


def sent(description: str, *media_types: str) -> Responses:
    """Return the response of a success whose body is a text of one of these types, or bytes."""
    return {
        200: {"description": description, "content": {name: {"schema": {"type": "string"}} for name in media_types}}
    }


def codes_of(response: Mapping[str, Any]) -> list[str]:
    return list(response.get(CODES, []))


# Of what reads a scan's results.
UNREADABLE: Final = (
    "results_unavailable",
    "scan_store_damaged",
    "scan_store_locked",
    "scan_store_mismatch",
    "scan_store_unavailable",
)
OF_RESULTS: Final = refused(NotFound, "attempt_not_found", "results_removed") | refused(Unavailable, *UNREADABLE)
