"""Services that the routes of this subject take from the lifespan state."""

from typing import Annotated, Protocol

from fastapi import Depends

from app.findings.assignments import AssignmentService
from app.findings.decisions import DecisionService
from app.findings.evidence.service import EvidenceService
from app.findings.review import ReviewService
from app.rest.parameters import get_services


class FindingServices(Protocol):
    """What these routes take of the lifespan state."""

    evidence: EvidenceService
    decisions: DecisionService
    assignments: AssignmentService
    review: ReviewService


ServicesDep = Annotated[FindingServices, Depends(get_services)]
