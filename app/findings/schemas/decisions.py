"""A user's decision about a finding, and who takes care of it."""

from typing import Annotated

from pydantic import Field

from app.core.schema_fields import described
from app.domain.assignments import FIRST_DUE_DATE, LAST_DUE_DATE
from app.domain.decisions import LAST_EXPIRY, MAX_REASON, DecisionState
from app.rest.schemas import Day, RequestBody, ResponseBody, Text


class DecisionRequest(RequestBody):
    """`version`: that of the decision that the client knows; 0: none."""

    state: DecisionState = described("The decision; `open` withdraws it.", "dismissed")
    reason: Annotated[Text, Field(max_length=MAX_REASON)] | None = described(
        "Reason; required for `dismissed`.", "Our own partner, with a contract.", default=None
    )
    expires_on: Annotated[Day, Field(le=LAST_EXPIRY)] | None = described(
        "Only for `dismissed`: day in the future (UTC) on which the finding is open again; null or omitted: never.",
        "2027-11-30",
        default=None,
    )
    version: Annotated[int, Field(ge=0, le=2**31 - 2, strict=True)] = described(
        "Version of the decision that the client knows, 0 if there was none: a newer decision is not overwritten.", 0
    )


class DecisionInfo(ResponseBody):
    """The decision belongs to the target: later findings have it as well. It does not change the verdict."""

    state: DecisionState = described("The decision; `open`: it was withdrawn.", "dismissed")
    reason: str | None = described("Reason.", "Our own partner, with a contract.")
    expires_on: str | None = described(
        "Day (UTC) on which a dismissed finding is open again; null: it stays dismissed.", "2027-11-30"
    )
    decided_by: str = described("Name of the user at that time.", "mei")
    decided_at: str = described("Time of the decision.", "2026-11-27T07:40:04.623Z")
    version: Annotated[int, Field(ge=1)] = described("Increases with each change; send it with the next decision.", 1)
    holds: bool = described(
        "False: the decision no longer applies and the finding is open again. New evidence was found, such as a hidden "
        "link, the risk of a dismissed finding has increased, or its dismissal has expired.",
        True,
    )
    expired: bool = described("The dismissal has expired (`expires_on`).", False)


DueDate = Annotated[Day, Field(ge=FIRST_DUE_DATE, le=LAST_DUE_DATE)]


class AssignmentRequest(RequestBody):
    """Replaces the assignment as a whole; without assignee and due date it is removed. `version`: that of the
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
    changed_by: str | None = described(
        (
            "Name of the user who changed it last; null: the assignee was removed, because the account ended or may no "
            "longer see the scan."
        ),
        "mei",
    )
    changed_at: str = described("Time of the last change.", "2026-11-27T07:40:04.623Z")
    version: Annotated[int, Field(ge=1)] = described("Increases with each change; send it with the next one.", 1)
