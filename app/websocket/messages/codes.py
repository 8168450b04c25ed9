"""Error codes of the wire, each with what it means (protocol.md, section 5). Close codes are in `domain.close_codes`.

A test holds docs/errors.md and the AsyncAPI document against these tables.
"""

from enum import StrEnum
from typing import Self


class _ExplainedCode(StrEnum):
    """A code on the wire with what it means."""

    meaning: str

    def __new__(cls, code: str, meaning: str = "") -> Self:  # the default serves look-ups by value alone
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member


class ErrorCode(_ExplainedCode):
    BAD_JSON = "bad_json", "Not JSON, or nested too deeply."
    BAD_TYPE = "bad_type", "Not an object, or its `type` is not a string."
    UNKNOWN_TYPE = "unknown_type", "Unknown command."
    MISSING_FIELD = "missing_field", "A required field of the command is missing."
    INVALID_FIELD = "invalid_field", "A field has the wrong type or is out of bounds."
    BINARY_NOT_SUPPORTED = "binary_not_supported", "Commands must be text frames."
    TOO_LARGE = "too_large", "The command is too large."
    RATE_LIMITED = "rate_limited", "Too many commands; `retry_after_ms` states when the next one is accepted."
    NOT_FOUND = "not_found", "The user has no such task."
    SUBSCRIPTION_LIMIT = "subscription_limit", "This connection has reached its limit of subscriptions."
    NOT_SUBSCRIBED = "not_subscribed", "This connection is not subscribed to the task, or to the topic."
    MISSING_TOKEN = "missing_token", "No token was sent."
    INVALID_TOKEN = "invalid_token", "The token is not valid."
    EXPIRED_TOKEN = "expired_token", "The token has expired."
    USER_DISABLED = "user_disabled", "The account is disabled."
    INSUFFICIENT_SCOPE = (
        "insufficient_scope",
        "The API key lacks the scope `read`, or is limited to a group of sites and has no notifications.",
    )
    TOKEN_MISMATCH = "token_mismatch", "The token belongs to another user."
    HISTORY_PRUNED = "history_pruned", "The log no longer reaches back."
    SERVER_BUSY = "server_busy", "The database does not respond; try again."
    DATABASE_DAMAGED = "database_damaged", "The database records of the task are damaged: it cannot be followed."
    INTERNAL = "internal", "Internal server error."


class SnapshotReason(_ExplainedCode):
    """Why a snapshot was sent instead of a replay (`reason` of a result with `recovered: false`)."""

    HISTORY_PRUNED = "history_pruned", "The log no longer reaches back to `last_seq`."
    EPOCH = "epoch", "`last_seq` belongs to another epoch: a backup was restored."
    AHEAD_OF_LOG = "ahead_of_log", "`last_seq` is beyond the end of the log: a backup was restored."
    TOO_MUCH = "too_much", "More events are missing than one replay may contain."
    TOPICS_CHANGED = "topics_changed", "The subscription has other topics than before."
