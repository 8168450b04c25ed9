"""Follows scan tasks of a server from Python. A leaf: copy it, or read it as the example of protocol.md's client rule.

    async with aclosing(MonitorClient("https://scanner.example", token).follow(task_id)) as events:
        async for event in events:
            ...

- `monitor.MonitorClient` keeps a connection up for ever and yields every event once.
- `endpoint` says where it connects; a one-time ticket stands in that address, never the token.
- `subscription.TaskSubscription` is the rule for one task, without I/O; `reconnect` says what a close code asks for.
- `taskview.TaskView` is what the events add up to; `rest.RestClient` signs in and reads reports.
"""

from app.client.errors import ClientError, ServerUnreachable, SignInFailed, Stopped, TaskLost
from app.client.events import Event
from app.client.monitor import Connecting, ConnectionState, Live, MonitorClient, TokenProvider, Waiting
from app.client.taskview import TaskView

__all__ = [
    "ClientError",
    "Connecting",
    "ConnectionState",
    "Event",
    "Live",
    "MonitorClient",
    "ServerUnreachable",
    "SignInFailed",
    "Stopped",
    "TaskLost",
    "TaskView",
    "TokenProvider",
    "Waiting",
]
