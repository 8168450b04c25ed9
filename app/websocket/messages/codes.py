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
    UNKNOWN_TYPE = "unknown_type", "There is no such command."
    MISSING_FIELD = "missing_field", "A field that the command needs is missing."
    INVALID_FIELD = "invalid_field", "A field has the wrong type or is out of bounds."
    BINARY_NOT_SUPPORTED = "binary_not_supported", "Commands are text frames."
    TOO_LARGE = "too_large", "The command is too large."
    RATE_LIMITED = "rate_limited", "Too many commands; `retry_after_ms` says when the next one is welcome."
    NOT_FOUND = "not_found", "No such task for this user."
    SUBSCRIPTION_LIMIT = "subscription_limit", "This connection follows as many tasks as it may."
    NOT_SUBSCRIBED = "not_subscribed", "The task is not followed on this connection."
    MISSING_TOKEN = "missing_token", "No token was sent."
    INVALID_TOKEN = "invalid_token", "The token is not valid."
    EXPIRED_TOKEN = "expired_token", "The token has run out."
    USER_DISABLED = "user_disabled", "The account is disabled."
    TOKEN_MISMATCH = "token_mismatch", "The token is another user's."
    HISTORY_PRUNED = "history_pruned", "The log no longer reaches back."
    SERVER_BUSY = "server_busy", "The database does not answer; try again."
    DATABASE_DAMAGED = "database_damaged", "What the task needs of the database is damaged: it cannot be followed."
    INTERNAL = "internal", "A mistake of ours."


class SnapshotReason(_ExplainedCode):
    """Why a snapshot was sent instead of a replay (`reason` of a result with `recovered: false`)."""

    HISTORY_PRUNED = "history_pruned", "The log no longer reaches back to `last_seq`."
    EPOCH = "epoch", "`last_seq` is of another epoch: a backup was restored."
    AHEAD_OF_LOG = "ahead_of_log", "`last_seq` is beyond the end of the log: a backup was restored."
    TOO_MUCH = "too_much", "More is missing than one replay may hold."
    TOPICS_CHANGED = "topics_changed", "The subscription has other topics than before."
