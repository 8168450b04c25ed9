"""The monitor's HTTP side."""

from typing import Annotated, Final, Literal

from pydantic import Field

from app.schemas.common import Count, JsonObject, Request, Response, Text, first_items

MAX_USER_IDS: Final = 1_000
UserIds = Annotated[
    list[Annotated[Text, Field(max_length=36)]],
    Field(min_length=1, max_length=MAX_USER_IDS),
    first_items(MAX_USER_IDS),
]


class BroadcastRequest(Request):
    """To everybody, or to the connections of `user_ids`, or to the followers of `task_id`."""

    message: Annotated[Text, Field(min_length=1, max_length=2_000)]
    level: Literal["info", "success", "warning", "error"] = "info"
    data: JsonObject | None = None
    user_ids: UserIds | None = None
    task_id: Annotated[Text, Field(max_length=36)] | None = None
    expires_in_s: Annotated[float, Field(gt=0, le=604_800, allow_inf_nan=False)] | None = None


class BroadcastResponse(Response):
    """`delivered`: to how many connections of this process it was handed."""

    broadcast_id: str
    delivered: Count


class TicketResponse(Response):
    """Good for one WebSocket, within `expires_in` seconds."""

    ticket: str
    expires_in: Count
