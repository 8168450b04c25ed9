"""What the routes of this subject take: services of the lifespan state, and parameters that several have."""

from typing import Annotated, Final, Protocol

from fastapi import Depends, Query

from app.core.principal import Principal
from app.findings.assignments import AssignmentService
from app.findings.comments import CommentService
from app.findings.decisions import DecisionService
from app.findings.evidence.service import EvidenceService
from app.findings.review import ReviewService
from app.rest.parameters import get_services


class FindingServices(Protocol):
    """What these routes take of the lifespan state."""

    evidence: EvidenceService
    decisions: DecisionService
    assignments: AssignmentService
    comments: CommentService
    review: ReviewService


ServicesDep = Annotated[FindingServices, Depends(get_services)]
ME: Final = "me"
AskedAssignee = Annotated[
    str | None,
    Query(
        pattern=r"^(me|none|[0-9a-f-]{36})$",
        description="Only findings assigned to this user id, to yourself (`me`) or to nobody (`none`).",
        examples=[ME],
    ),
]


def assignee_of(asked: str | None, reader: Principal) -> str | None:
    """Return the user's id, or `NOBODY`; None does not filter."""
    return reader.user_id if asked == ME else asked
