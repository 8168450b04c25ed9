"""Who takes care of a finding."""

from typing import Annotated

from pydantic import Field

from app.core.schema_fields import described
from app.domain.assignments import FIRST_DUE_DATE, LAST_DUE_DATE, MAX_COMMENT
from app.rest.schemas import Day, RequestBody, ResponseBody, Text

DueDate = Annotated[Day, Field(ge=FIRST_DUE_DATE, le=LAST_DUE_DATE)]


class AssignmentRequest(RequestBody):
    """Replaces the assignment as a whole; without assignee, due date and comment it is removed. `version`: that of the
    assignment that the client knows; 0: none.
    """

    assignee_id: Annotated[Text, Field(min_length=1, max_length=36)] | None = described(
        (
            "User id of the assignee: an active user who may see the scan. Users who are no administrators can name "
            "themselves or keep the assignee."
        ),
        "019b7a30-0000-7000-8000-000000000001",
        default=None,
    )
    due_on: DueDate | None = described("Due date, a day without a time.", "2026-12-15", default=None)
    comment: Annotated[Text, Field(max_length=MAX_COMMENT)] | None = described(
        "Comment for those who work on it.", "The agency removes the link with its next release.", default=None
    )
    version: Annotated[int, Field(ge=0, le=2**31 - 2, strict=True)] = described(
        "Version of the assignment that the client knows, 0 if there was none: a newer one is not overwritten.", 0
    )


class Assignee(ResponseBody):
    user_id: str = described("User id of the assignee.", "019b7a30-0000-7000-8000-000000000001")
    username: str = described("Name of the assignee.", "mei")


class AssignmentInfo(ResponseBody):
    """The assignment belongs to the target, like a decision: later findings have it as well."""

    assignee: Assignee | None = described("The assignee; null: nobody.", None)
    due_on: str | None = described("Due date; null: none.", "2026-12-15")
    comment: str | None = described("Comment.", "The agency removes the link with its next release.")
    changed_by: str | None = described(
        (
            "Name of the user who changed it last; null: the assignee was removed, because the account ended or may no "
            "longer see the scan."
        ),
        "mei",
    )
    changed_at: str = described("Time of the last change.", "2026-11-27T07:40:04.623Z")
    version: Annotated[int, Field(ge=1)] = described("Increases with each change; send it with the next one.", 1)
