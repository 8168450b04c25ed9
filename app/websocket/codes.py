"""Close codes and error codes of the wire (protocol.md, section 5). Stable; clients act on them."""

from enum import IntEnum, StrEnum
from typing import Final


class CloseCode(IntEnum):
    """4000 to 4499: reconnect and resume. 4500 and above: stop."""

    NORMAL = 1000
    GOING_AWAY = 1001
    POLICY = 1008  # refused; the reason is one of the error codes
    INTERNAL = 1011
    RESTART = 1012
    TOKEN_EXPIRED = 4001
    TOO_SLOW = 4008
    HEARTBEAT_MISSED = 4010
    STRIKES = 4029
    LOGGED_OUT = 4500
    DISABLED = 4501
    CONNECTION_LIMIT = 4503


class ErrorCode(StrEnum):
    BAD_JSON = "bad_json"
    BAD_TYPE = "bad_type"
    UNKNOWN_TYPE = "unknown_type"
    MISSING_FIELD = "missing_field"
    INVALID_FIELD = "invalid_field"
    BINARY_NOT_SUPPORTED = "binary_not_supported"
    TOO_LARGE = "too_large"
    RATE_LIMITED = "rate_limited"
    NOT_FOUND = "not_found"
    SUBSCRIPTION_LIMIT = "subscription_limit"
    NOT_SUBSCRIBED = "not_subscribed"
    MISSING_TOKEN = "missing_token"  # noqa: S105 - a code
    INVALID_TOKEN = "invalid_token"  # noqa: S105 - a code
    EXPIRED_TOKEN = "expired_token"  # noqa: S105 - a code
    USER_DISABLED = "user_disabled"
    TOKEN_MISMATCH = "token_mismatch"  # noqa: S105 - a code
    HISTORY_PRUNED = "history_pruned"
    SERVER_BUSY = "server_busy"
    INTERNAL = "internal"


class SnapshotReason(StrEnum):
    """Why a snapshot was sent instead of a replay (`reason` of a result with `recovered: false`)."""

    HISTORY_PRUNED = "history_pruned"  # the log no longer reaches back to `last_seq`
    EPOCH = "epoch"  # the position is of another incarnation of the log: a backup was restored
    AHEAD_OF_LOG = "ahead_of_log"  # `last_seq` is beyond the end: a restored backup
    TOO_MUCH = "too_much"  # more than the replay limits
    TOPICS_CHANGED = "topics_changed"


# How `Authenticator.ended` reasons become close codes.
CODE_OF_ENDING: Final = {
    "logged_out": CloseCode.LOGGED_OUT,
    "role_changed": CloseCode.LOGGED_OUT,
    "user_disabled": CloseCode.DISABLED,
}
