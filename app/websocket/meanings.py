"""What messages and codes mean, in a sentence each, for the contract. docs/protocol.md and docs/errors.md say more."""

from types import MappingProxyType
from typing import Final

from app.websocket.codes import CloseCode, ErrorCode, SnapshotReason

# By the keys of `contract`. A test holds them against the messages that there are.
SUMMARIES: Final = MappingProxyType(
    {
        "command.ping": "Ask for a `pong`. Any frame keeps the connection alive.",
        "command.pong": "Answer to the server's `ping`; it is not answered.",
        "command.subscribe_task": "Follow a task, from `last_seq` on or from a snapshot.",
        "command.unsubscribe_task": "Follow a task no longer.",
        "command.subscribe_tasks": "Follow many tasks; each item is answered by itself.",
        "command.resume": "Go on after `last_seq` on a live subscription: something was missing.",
        "command.auth": "Renew the token of this connection in place.",
        "command.get_status": "Ask what the server knows of this connection.",
        "connection_established": "The first frame: who is connected, and within which limits.",
        "pong": "Answer to `ping`.",
        "ping": "A sign of life after a silence of the server.",
        "subscription_result": "How a command that concerns a task ended, and at which `seq`.",
        "task_snapshot": "The whole state of a task at `seq`; it replaces all that was known.",
        "logs_dropped": "Log lines gave way because the connection is slow; they are in the REST log.",
        "admin_broadcast": "What an administrator says.",
        "token_expiring": "The connection's token ends soon: send `auth` with a fresh one.",
        "auth_result": "Whether the token was renewed.",
        "reconnect_advice": "The server is going down: when to come back.",
        "status": "What the server knows of this connection.",
        "error": "A frame that was not understood or not allowed.",
        "task_created": "The task exists and waits.",
        "task_started": "An attempt began.",
        "task_progress": "How far it is; a newer one overtakes a waiting one.",
        "task_stage": "A stage began or ended.",
        "violation_detected": "A violation, the moment it is known.",
        "task_logs": "A group of log lines.",
        "task_warning": "Something that people should know; the task goes on.",
        "task_error": "Why the attempt fails; `task_completed` follows.",
        "task_cancelling": "Somebody has asked for the end.",
        "task_retrying": "The attempt is over and another one begins.",
        "task_completed": "The end of an attempt, however it ended.",
        "task_deleted": "The last event.",
        "task_deleted.gone": "The same for a task whose row is gone: it has no number.",
    }
)
# (what happened, what a client should do)
CLOSE_CODES: Final = MappingProxyType(
    {
        CloseCode.NORMAL: ("The client asked for it.", "nothing"),
        CloseCode.GOING_AWAY: ("The other side has gone.", "reconnect and resume"),
        CloseCode.POLICY: ("Refused; the reason is an error code.", "get a new token"),
        CloseCode.INTERNAL: ("A mistake of ours, or the database is away.", "reconnect and resume"),
        CloseCode.RESTART: ("The server is going down.", "reconnect within the advised delay and resume"),
        CloseCode.TOKEN_EXPIRED: ("The token ran out.", "refresh it, reconnect and resume"),
        CloseCode.TOO_SLOW: ("More waited than a connection may hold.", "reconnect and resume"),
        CloseCode.HEARTBEAT_MISSED: ("Nothing came from the client for too long.", "reconnect and resume"),
        CloseCode.STRIKES: (
            "Too many frames that were not understood, or too many control frames.",
            "wait for `retry_after_ms`, reconnect",
        ),
        CloseCode.LOGGED_OUT: ("The session has ended, or the role has changed.", "stop"),
        CloseCode.DISABLED: ("The account was disabled.", "stop"),
        CloseCode.CONNECTION_LIMIT: ("One connection too many, and this was the oldest.", "stop"),
    }
)
ERROR_CODES: Final = MappingProxyType(
    {
        ErrorCode.BAD_JSON: "Not JSON, or nested too deeply.",
        ErrorCode.BAD_TYPE: "Not an object, or its `type` is not a string.",
        ErrorCode.UNKNOWN_TYPE: "There is no such command.",
        ErrorCode.MISSING_FIELD: "A field that the command needs is missing.",
        ErrorCode.INVALID_FIELD: "A field has the wrong type or is out of bounds.",
        ErrorCode.BINARY_NOT_SUPPORTED: "Commands are text frames.",
        ErrorCode.TOO_LARGE: "The command is too large.",
        ErrorCode.RATE_LIMITED: "Too many commands; `retry_after_ms` says when the next one is welcome.",
        ErrorCode.NOT_FOUND: "No such task for this user.",
        ErrorCode.SUBSCRIPTION_LIMIT: "This connection follows as many tasks as it may.",
        ErrorCode.NOT_SUBSCRIBED: "The task is not followed on this connection.",
        ErrorCode.MISSING_TOKEN: "No token was sent.",
        ErrorCode.INVALID_TOKEN: "The token is not valid.",
        ErrorCode.EXPIRED_TOKEN: "The token has run out.",
        ErrorCode.USER_DISABLED: "The account is disabled.",
        ErrorCode.TOKEN_MISMATCH: "The token is another user's.",
        ErrorCode.HISTORY_PRUNED: "The log no longer reaches back.",
        ErrorCode.SERVER_BUSY: "The database does not answer; try again.",
        ErrorCode.INTERNAL: "A mistake of ours.",
    }
)
SNAPSHOT_REASONS: Final = MappingProxyType(
    {
        SnapshotReason.HISTORY_PRUNED: "The log no longer reaches back to `last_seq`.",
        SnapshotReason.EPOCH: "`last_seq` is of another epoch: a backup was restored.",
        SnapshotReason.AHEAD_OF_LOG: "`last_seq` is beyond the end of the log: a backup was restored.",
        SnapshotReason.TOO_MUCH: "More is missing than one replay may hold.",
        SnapshotReason.TOPICS_CHANGED: "The subscription has other topics than before.",
    }
)
