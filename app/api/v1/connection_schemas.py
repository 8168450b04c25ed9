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
    """To all users, or to the connections of `user_ids`, or to the subscribers of `task_id`."""

    message: Annotated[Text, Field(min_length=1, max_length=2_000)] = described(
        "Text of the announcement.", "Maintenance at 22:00"
    )
    level: Literal["info", "success", "warning", "error"] = described(
        "Level of the announcement.", "warning", default="info"
    )
    data: JsonObject | None = described("Any data for programs.", {"ticket": "OPS-17"}, default=None)
    user_ids: UserIds | None = described(
        "Only to the connections of these users.", ["019b7a30-0000-7000-8000-000000000001"], default=None
    )
    task_id: Annotated[Text, Field(max_length=36)] | None = described(
        "Only to the subscribers of this task.", "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10", default=None
    )
    expires_in_s: Annotated[float, Field(gt=0, le=604_800, allow_inf_nan=False)] | None = described(
        ("Seconds during which new connections receive it as well; if omitted, only current connections do."),
        3600,
        default=None,
    )


class BroadcastResponse(ResponseBody):
    """`delivered`: number of connections of this process that received it."""

    broadcast_id: str = described(
        "Id of the announcement, as in the frame `admin_broadcast`.", "019b7a50-0000-7000-8000-000000000002"
    )
    delivered: Count = described("Number of connections of this process that received it.", 3)


class TicketResponse(ResponseBody):
    """Valid for one WebSocket, within `expires_in` seconds."""

    ticket: str = described("For `?ticket=`, valid once.", "Zk3q0S0mN1xYw8uV")
    expires_in: Count = described("Lifetime in seconds.", 30)


class ServerNumbers(ResponseBody):
    """Numbers of one server. `set_aside` counts connections that read too slowly; `sweep_lag_s` is null before the
    first sweep.
    """

    connections: Count = described("Number of open WebSockets.", 12)
    users: Count = described("Number of users with an open WebSocket.", 5)
    event_streams: Count = described("Number of open event streams.", 1)
    subscriptions: Count = described("Number of subscriptions of all connections.", 20)
    followed_tasks: Count = described("Number of tasks with a subscription.", 7)
    watched_tasks: Count = described("Number of tasks that the sweep checks.", 9)
    backlog_bytes: Count = described("Bytes queued for slow connections.", 0)
    set_aside: Count = described("Number of connections that read too slowly.", 0)
    sweep_lag_s: float | None = described("Seconds since the last sweep; null before the first one.", 0.4)
    bus_healthy: bool = described(
        "Hints are delivered immediately; without them events arrive within two seconds.", True
    )


class OtherServer(ServerNumbers):
    """Another server, with its last data."""

    id: str = described("Id, new with every start.", "019b7a60-0000-7000-8000-000000000003")
    host: str = described("Name of the machine.", "web-2")
    version: str = described("Version of the program.", "0.1.0")
    started_at: str = described("Start time of the server.", "2026-01-01T00:00:00.000Z")
    silent_s: float = described("Seconds since its last message.", 1.7)
    is_heard: bool = described("False: it does not respond, and its connections no longer count.", True)


class ConnectionStats(ServerNumbers):
    """Data of this server, and the last data of the others."""

    other_servers: list[OtherServer] = described(
        "The other servers of this deployment, including those that do not respond.", []
    )
    connections_by_user: dict[str, Count] = described(
        "Number of open WebSockets by user id.", {"019b7a30-0000-7000-8000-000000000001": 2}
    )


class OpenConnection(ResponseBody):
    """An open WebSocket."""

    connection_id: str = described(
        "Connection id, as in the frame `connection_established`.", "019b7a60-0000-7000-8000-000000000004"
    )
    user_id: str = described("User id of the connection.", "019b7a30-0000-7000-8000-000000000001")
    username: str | None = described("User name; null if the account was deleted.", "mei")
    address: str = described("IP address of the client; for another server only its network.", "192.0.2.7")
    connected_at: str = described("Start of the validity.", "2026-11-27T07:40:04.623Z")
    server: str | None = described("Machine of the server with the connection; null: the responding server.", "web-2")
    subscriptions: Count | None = described("Number of subscriptions; null for a connection of another server.", 2)
    backlog_bytes: Count | None = described("Bytes queued for it; null for a connection of another server.", 0)


class OpenConnections(ResponseBody):
    """Connections of the responding server first, each newest first."""

    items: list[OpenConnection] = described("Connections, at most 1,000.", [])
    total: Count = described("Number of connections.", 3)
