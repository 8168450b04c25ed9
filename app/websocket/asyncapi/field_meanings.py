"""What the fields of frames mean, for the contract: a field means the same in every frame, so it is said once.

Fields that REST shows as well say it where they are defined. Where a name means something more particular in one model,
that stands under `Model.field`. A test holds that every field has its meaning, and that none is left over.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

MEANINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "type": "Type of the message.",
        "timestamp": "Time of the message; for an event its own time, also in a replay.",
        "task_id": "Task id.",
        "seq": "Number of the event in the log of its task, from 1, without gaps.",
        "prev_seq": "The previous `seq` that this connection received for this task; only with a subscription.",
        "attempt": "Number of the attempt, from 1.",
        "id": "Id of the command that it responds to.",
        "message": "The same in words.",
        "lang": "Language of the texts; omitted for texts stored before keys existed.",
        "by": "Who did it: a user name, or `system`.",
        "reason": "Reason.",
        "error": "Reason for the refusal; omitted on success.",
        "code": "Error code (docs/errors.md); stable.",
        "epoch": "Epoch of the log that `seq` belongs to; a restored backup starts another one.",
        "expires_at": "Expiry time of the token.",
        "server_time": "Time of the server.",
        "client_time": "Returned in the `pong` as it was sent.",
        "success": "Whether the command succeeded; false: nothing was changed.",
        "connection_id": "Id of this connection.",
        "user_id": "User of the connection.",
        "target_domain": "Scanned domain.",
        "stage": "Stage in words.",
        "stage_key": "Current stage.",
        "logs": "Lines, oldest first.",
        "topics": "Topics that are sent; all other types are always sent.",
        "last_seq": "The last `seq` that was received; later events are sent again. Omitted: a snapshot is sent.",
        "log_tail": "Number of last log lines in a snapshot.",
        "broadcast_id": "Id, to recognise duplicates.",
        "level": "Level of the announcement.",
        "sender": "Source of the line.",
        "data": "Any data for programs.",
        "protocol": "Version of the protocol.",
        "heartbeat": "How often each side must send something.",
        "limits": "Limits of this connection, by name.",
        "token_expires_at": "Expiry time of the connection's token.",
        "retry_after_ms": "Milliseconds after which to retry.",
        "fatal": "Whether the connection is closed because of it.",
        "interval_s": "Seconds without data after which the server sends something.",
        "timeout_s": "Seconds without data after which the server closes the connection.",
        "from_log_seq": "The first dropped line.",
        "to_log_seq": "The last dropped line.",
        "sequence": "Counter of the pings of this connection.",
        "ping_count": "Number of answered pings of this client.",
        "delay_min_ms": "Minimum delay before reconnecting, in milliseconds.",
        "delay_max_ms": "Maximum of the random delay before reconnecting, in milliseconds.",
        "connected_at": "Time at which it was opened.",
        "subscriptions": "Subscriptions of this connection.",
        "action": (
            "Command that it responds to. `unsubscribe` is also sent without a command, when the "
            "permission ends, or for `error`."
        ),
        "recovered": "True: a replay follows, and no event is missing. False: a snapshot follows.",
        "replayed": "Number of events in the replay.",
        "statistics": "The five totals.",
        "verdict": "Verdict of a completed scan.",
        "retryable": "Whether a retry alone may help.",
        "progress": "Progress in percent; it never decreases within an attempt.",
        "stage_index": "Number of the stage, from 1.",
        "stage_progress": "Progress of the stage, in percent.",
        "counts": "Totals so far, by name.",
        "eta_s": "Estimated remaining seconds; omitted while unknown.",
        "eta_min_s": "Lower bound.",
        "eta_max_s": "Upper bound.",
        "next_attempt": "Number of the next attempt.",
        "stages_progress": "Progress of each running stage by its key, in percent.",
        "finding_id": "ID of the finding.",
        "kinds": "Categories of the violations that belong to the finding, its cause first.",
        "risk_level": "Risk level of the finding as known now.",
        "score": "Risk score of the finding, 0 to 100.",
        "violation_counts": "Number of violations after the event: total, by risk level, and for review.",
        "finding_counts": "Number of findings after the event: total, by risk level, and for review.",
        "duration_ms": "Duration of the stage, in milliseconds.",
        "worker_id": "Id of the process that runs it.",
        "duration_hours": "Running time, in hours.",
        "host": "Host.",
        "violation_key": "Category of the violation.",
        "token": "A new access token of the same user.",
        "items": "Tasks, each an object with `task_id`, and `last_seq` and `epoch` as in `subscribe_task`.",
        "topic": "Topic of the subscription.",
        "notification": "The notification, as in `GET /api/v1/notifications`.",
        "unread": "Number of unread notifications, counted up to 1,000.",
        "read_revision": (
            "Number of times that notifications were marked as read; if it has changed, request the list again."
        ),
        "feeds": "Topics that this connection follows; omitted if there are none.",
        "AdminBroadcast.message": "Text of the announcement.",
        "AdminBroadcast.expires_at": "Time at which it expires.",
        "ConnectionEstablished.message": "State in words.",
        "FindingChangedFrame.domain": "Domain of the finding.",
        "LogsDropped.count": "Number of dropped lines.",
        "NotificationFrame.seq": "Number within the user's notifications, from 1, without gaps.",
        "NotificationFrame.prev_seq": "The previous `seq` that this connection received, or its position.",
        "NotificationState.seq": "Number of the newest notification; 0: there has been none.",
        "StatusSubscription.seq": "Position of this connection.",
        "StatusTopic.seq": "Position of this connection.",
        "SubscribeCommand.last_seq": (
            "The last `seq` that was received; later notifications are sent. Omitted: only new ones are sent."
        ),
        "SubscriptionResult.seq": "Position from which the next `prev_seq` counts; omitted without a subscription.",
        "SubscriptionResult.reason": "Reason why a snapshot is sent instead of a replay.",
        "TopicResult.action": (
            "Command that it responds to. `subscribe` is also sent without a command after a backup was restored, "
            "`unsubscribe` for `error`."
        ),
        "TopicResult.seq": "Position from which the next `prev_seq` counts; omitted without a subscription.",
        "TopicResult.recovered": "True: all notifications after `last_seq` follow. False: request the list again.",
        "TopicResult.reason": "Reason why `last_seq` cannot be used.",
        "TaskCompletedFrame.error": "Reason for the failure; only if the attempt failed.",
        "TaskCompletedFrame.status": "Outcome of the action.",
        "TaskErrorFrame.code": "Code (docs/errors.md).",
        "TaskErrorFrame.error": "The same as `code`.",
        "TaskSnapshot.logs": "Last lines of the log, oldest first.",
        "TaskStageFrame.status": "Status of the stage.",
        "TaskWarningFrame.code": "Code of the warning (docs/errors.md).",
        "TaskWarningFrame.count": "Number of URLs.",
        "TaskWarningFrame.reason": "Reason why URLs were not checked.",
    }
)
COMMAND_ID: Final = "An id chosen by the client; the response has it as well."


def meaning_of(model: str, field: str) -> str:
    """Return the sentence about a model's field; an empty one when it is not here."""
    if model.endswith("Command") and field == "id":
        return COMMAND_ID
    return MEANINGS.get(f"{model}.{field}", MEANINGS.get(field, ""))
