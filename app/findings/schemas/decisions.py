"""What somebody decided about a finding."""

from typing import Annotated

from pydantic import Field

from app.core.schema_fields import described
from app.domain.decisions import MAX_REASON, DecisionState
from app.rest.schemas import RequestBody, ResponseBody, Text


class DecisionRequest(RequestBody):
    """`version`: that of the decision that you saw; 0: you saw none."""

    state: DecisionState = described("What you decide; `open` takes back what was decided.", "dismissed")
    reason: Annotated[Text, Field(max_length=MAX_REASON)] | None = described(
        "Why; `dismissed` needs one.", "Our own partner, with a contract.", default=None
    )
    version: Annotated[int, Field(ge=0, le=2**31 - 2, strict=True)] = described(
        "The version that you saw, 0 when there was no decision: another one by now is not overwritten.", 0
    )


class DecisionInfo(ResponseBody):
    """It belongs to the target: the next scan's finding has it as well. It changes no verdict."""

    state: DecisionState = described("What was decided; `open`: it was taken back.", "dismissed")
    reason: str | None = described("Why.", "Our own partner, with a contract.")
    decided_by: str = described("Who, by the name as of then.", "mei")
    decided_at: str = described("When.", "2026-11-27T07:40:04.623Z")
    version: Annotated[int, Field(ge=1)] = described("One more with each change; for the next decision.", 1)
    holds: bool = described(
        "False: more was found than was decided on, such as that a link is hidden; the finding is open again.", True
    )
