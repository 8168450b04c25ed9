"""Comments on a finding."""

from typing import Annotated

from pydantic import Field

from app.core.schema_fields import described
from app.domain.findings import MAX_COMMENT
from app.rest.schemas import RequestBody, ResponseBody, Text


class CommentRequest(RequestBody):
    """Spaces around the text are removed; at least one other character is needed."""

    text: Annotated[Text, Field(pattern=r"\S", max_length=MAX_COMMENT)] = described(
        "The comment, for colleagues.", "Told the site's owner by phone today, three days to remove it."
    )


class CommentInfo(ResponseBody):
    """The comment belongs to the target, like a decision: later findings have it as well. It is never changed."""

    author: str | None = described("Name of the user at that time; null: unknown.", "mei")
    created_at: str = described("Time of the comment.", "2026-11-27T07:40:04.623Z")
    text: str = described("The comment.", "Told the site's owner by phone today, three days to remove it.")


class CommentList(ResponseBody):
    """Oldest first."""

    items: list[CommentInfo] = described("The comments on the finding.", [])
