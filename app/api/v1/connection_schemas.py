"""The open connections over HTTP."""

from typing import Annotated, Final, Literal

from pydantic import Field

from app.core.schema_fields import described
from app.rest.schemas import Count, JsonObject, RequestBody, ResponseBody, Text, first_items

MAX_USER_IDS: Final = 1_000
UserIds = Annotated[
    list[Annotated[Text, Field(max_length=36)]],
    Field(min_length=1, max_length=MAX_USER_IDS),
    first_items(MAX_USER_IDS),
]


class BroadcastRequest(RequestBody):
    """To everybody, or to the connections of `user_ids`, or to the followers of `task_id`."""

    message: Annotated[Text, Field(min_length=1, max_length=2_000)] = described("What is said.", "Maintenance at 22:00")
    level: Literal["info", "success", "warning", "error"] = described("How it is shown.", "warning", default="info")
    data: JsonObject | None = described("Anything for programs that listen.", {"ticket": "OPS-17"}, default=None)
    user_ids: UserIds | None = described(
        "Only to the connections of these users.", ["019b7a30-0000-7000-8000-000000000001"], default=None
    )
    task_id: Annotated[Text, Field(max_length=36)] | None = described(
        "Only to those who follow this task.", "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10", default=None
    )
    expires_in_s: Annotated[float, Field(gt=0, le=604_800, allow_inf_nan=False)] | None = described(
        "For so many seconds those who come get it, too; without it only who is connected now.", 3600, default=None
    )


class BroadcastResponse(ResponseBody):
    """`delivered`: to how many connections of this process it was handed."""

    broadcast_id: str = described("Its id, as in the frame `admin_broadcast`.", "019b7a50-0000-7000-8000-000000000002")
    delivered: Count = described("To how many connections of this process it was handed.", 3)


class TicketResponse(ResponseBody):
    """Good for one WebSocket, within `expires_in` seconds."""

    ticket: str = described("For `?ticket=`, once.", "Zk3q0S0mN1xYw8uV")
    expires_in: Count = described("Seconds that it is good for.", 30)


class ServerNumbers(ResponseBody):
    """Numbers of one server. `set_aside` counts connections that read too slowly; `sweep_lag_s` is null before the
    first sweep.
    """

    connections: Count = described("Open WebSockets.", 12)
    users: Count = described("Users who have one.", 5)
    event_streams: Count = described("Open event streams.", 1)
    subscriptions: Count = described("Tasks that are followed, counted per connection.", 20)
    followed_tasks: Count = described("Tasks that somebody follows.", 7)
    watched_tasks: Count = described("Tasks that the sweep looks at.", 9)
    backlog_bytes: Count = described("What waits for slow connections, in bytes.", 0)
    set_aside: Count = described("Connections that read too slowly.", 0)
    sweep_lag_s: float | None = described("Seconds since the last sweep; null before the first one.", 0.4)
    bus_healthy: bool = described("Hints arrive at once; without them events arrive within two seconds.", True)


class OtherServer(ServerNumbers):
    """Another server, and what it said of itself when it was last heard."""

    id: str = described("Its id, new with every start.", "019b7a60-0000-7000-8000-000000000003")
    host: str = described("The name of its machine.", "web-2")
    version: str = described("Its program version.", "0.1.0")
    started_at: str = described("Since when it runs.", "2026-01-01T00:00:00.000Z")
    silent_s: float = described("Seconds since it was last heard.", 1.7)
    is_heard: bool = described("False: it is away or stands still, and its connections count no more.", True)


class ConnectionStats(ServerNumbers):
    """Numbers of this server, and what the others said."""

    other_servers: list[OtherServer] = described("The other servers of this deployment; those not heard too.", [])
    connections_by_user: dict[str, Count] = described(
        "Open WebSockets by user id.", {"019b7a30-0000-7000-8000-000000000001": 2}
    )


class OpenConnection(ResponseBody):
    """An open WebSocket."""

    connection_id: str = described(
        "Its id, as in the frame `connection_established`.", "019b7a60-0000-7000-8000-000000000004"
    )
    user_id: str = described("Whose it is.", "019b7a30-0000-7000-8000-000000000001")
    username: str | None = described("Their name; null when the account is gone.", "mei")
    address: str = described("From where; of another server the network alone.", "192.0.2.7")
    connected_at: str = described("Since when.", "2026-11-27T07:40:04.623Z")
    server: str | None = described("The machine of the server that has it; null: the one that answers.", "web-2")
    subscriptions: Count | None = described("Tasks that it follows; null when it is at another server.", 2)
    backlog_bytes: Count | None = described("What waits for it, in bytes; null when it is at another server.", 0)


class OpenConnections(ResponseBody):
    """Those of the server that answers first, each the newest first."""

    items: list[OpenConnection] = described("The connections, at most 1,000.", [])
    total: Count = described("How many there are.", 3)
