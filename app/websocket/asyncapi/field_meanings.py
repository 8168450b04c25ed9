"""What the fields of frames mean, for the contract: a field means the same in every frame, so it is said once.

Fields that REST shows as well say it where they are defined. Where a name means something more particular in one model,
that stands under `Model.field`. A test holds that every field has its meaning, and that none is left over.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

MEANINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "type": "Which message it is.",
        "timestamp": "When it was said; of an event when it happened, in a replay too.",
        "task_id": "The task.",
        "seq": "The event's number in the log of its task, from 1, without holes.",
        "prev_seq": "The last `seq` that this connection was given of this task; only while it is followed here.",
        "attempt": "The number of the attempt, from 1.",
        "id": "That of the command which it answers.",
        "message": "The same in words.",
        "lang": "The language of the texts; left out when they are older than keys.",
        "by": "Who did it: a user's name, or `system`.",
        "reason": "Why.",
        "error": "Why it was refused; left out after a success.",
        "code": "Which error (docs/errors.md); stable.",
        "epoch": "Which incarnation of the log `seq` counts in; a restored backup begins another one.",
        "expires_at": "When the token runs out.",
        "server_time": "The server's clock.",
        "client_time": "Comes back in the `pong` as it was sent.",
        "success": "Whether it was done; false: nothing has changed.",
        "connection_id": "This connection.",
        "user_id": "Whose connection it is.",
        "target_domain": "What is scanned.",
        "stage": "The stage in words.",
        "stage_key": "The stage.",
        "logs": "The lines, the oldest first.",
        "topics": "Which topics are sent; all other types always are.",
        "last_seq": "The last `seq` that was taken; what comes after it is sent again. Left out: a snapshot comes.",
        "log_tail": "How many of the last log lines a snapshot shall have.",
        "broadcast_id": "Its id, to tell a repetition.",
        "level": "How it is shown.",
        "sender": "Who says it.",
        "data": "Anything for programs that listen.",
        "protocol": "The version of the protocol.",
        "heartbeat": "How often each side must be heard.",
        "limits": "The limits of this connection, by name.",
        "token_expires_at": "When the connection's token runs out.",
        "retry_after_ms": "Milliseconds after which to try again.",
        "fatal": "Whether the connection is closed because of it.",
        "interval_s": "Seconds of silence after which the server says something.",
        "timeout_s": "Seconds of silence after which it gives a client up.",
        "from_log_seq": "The first line that was left out.",
        "to_log_seq": "The last line that was left out.",
        "sequence": "Counts the pings of this connection.",
        "ping_count": "How many pings of this client have been answered.",
        "delay_min_ms": "Come back no sooner, in milliseconds.",
        "delay_max_ms": "Come back at a random time until then, in milliseconds.",
        "connected_at": "Since when it is open.",
        "subscriptions": "The tasks that are followed here.",
        "action": "Which command it answers. `unsubscribe` also comes unasked, when the right ends, or for `error`.",
        "recovered": "True: a replay follows, and nothing is missing. False: a snapshot follows.",
        "replayed": "How many events the replay has.",
        "statistics": "The five numbers.",
        "verdict": "What a completed scan claims.",
        "retryable": "Whether another try alone may help.",
        "progress": "In percent; it never falls within an attempt.",
        "stage_index": "Which of the five stages, from 1.",
        "stage_progress": "How far the stage is, in percent.",
        "counts": "What was found so far, by name.",
        "eta_s": "Seconds that it will probably still take; left out while nobody can tell.",
        "eta_min_s": "The least of it.",
        "eta_max_s": "The most of it.",
        "next_attempt": "The number of the attempt that follows.",
        "duration_ms": "How long the stage took, in milliseconds.",
        "worker_id": "The process that runs it.",
        "duration_hours": "For how long it has been running, in hours.",
        "host": "Where.",
        "violation_key": "Its kind.",
        "token": "A fresh access token of the same user.",
        "items": "The tasks, each an object with `task_id`, and `last_seq` and `epoch` as in `subscribe_task`.",
        "AdminBroadcast.message": "What is said.",
        "AdminBroadcast.expires_at": "When it is not news any more.",
        "ConnectionEstablished.message": "The state in words.",
        "LogsDropped.count": "How many lines were left out.",
        "StatusSubscription.seq": "How far this connection has come.",
        "SubscriptionResult.seq": "From where the next `prev_seq` counts; left out when the task is not followed.",
        "SubscriptionResult.reason": "Why a snapshot comes instead of a replay.",
        "TaskCompletedFrame.error": "Why it failed; only then.",
        "TaskCompletedFrame.status": "How it ended.",
        "TaskErrorFrame.code": "Why (docs/errors.md).",
        "TaskErrorFrame.error": "The same as `code`.",
        "TaskSnapshot.logs": "The last lines of the log, the oldest first.",
        "TaskStageFrame.status": "What became of it.",
        "TaskWarningFrame.code": "Which warning (docs/errors.md).",
        "TaskWarningFrame.count": "How much of it.",
        "TaskWarningFrame.reason": "What was not seen.",
    }
)
COMMAND_ID: Final = "A name of your making; the answer has it too."


def meaning_of(model: str, field: str) -> str:
    """Return the sentence about a model's field; an empty one when it is not here."""
    if model.endswith("Command") and field == "id":
        return COMMAND_ID
    return MEANINGS.get(f"{model}.{field}", MEANINGS.get(field, ""))
