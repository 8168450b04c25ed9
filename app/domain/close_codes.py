"""Close codes of the WebSocket (protocol.md, section 5), each with its reasons, what a client does, and what it means.

The server closes with them, and the Python client and the page act on them: a test holds the page, docs/errors.md and
the AsyncAPI document against this table.
"""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Final, Self

FIRST_STOPPING_CODE: Final = 4500
STOP: Final = "stop"
CLOSED_BY_ADMIN: Final = "closed_by_admin"  # of LOGGED_OUT: this connection alone is over, not the session
KEY_REVOKED: Final = "key_revoked"  # of LOGGED_OUT: there was no session


class CloseCode(IntEnum):
    """4000 to 4499: reconnect and resume. 4500 and above: stop."""

    reasons: tuple[str, ...]  # that the close frame may give; the first one unless the caller says otherwise
    action: str  # what a client should do
    meaning: str

    def __new__(cls, code: int, reasons: tuple[str, ...], action: str, meaning: str) -> Self:
        member = int.__new__(cls, code)
        member._value_ = code
        member.reasons, member.action, member.meaning = reasons, action, meaning
        return member

    NORMAL = 1000, ("",), "nothing", "The client closed the connection."
    GOING_AWAY = 1001, ("",), "reconnect and resume", "The other side has gone away."
    POLICY = (
        1008,
        ("missing_token", "invalid_token", "expired_token", "user_disabled", "insufficient_scope", "token_mismatch"),
        "get a new token",
        "Refused; the reason is an error code.",
    )
    INTERNAL = (
        1011,
        ("internal", "server_busy"),
        "reconnect and resume",
        "Internal server error, or the database is unavailable.",
    )
    RESTART = 1012, ("restart",), "reconnect within the advised delay and resume", "The server is shutting down."
    TOKEN_EXPIRED = 4001, ("token_expired",), "refresh it, reconnect and resume", "The token expired."
    TOO_SLOW = 4008, ("too_slow",), "reconnect and resume", "The send queue of the connection is full."
    HEARTBEAT_MISSED = (
        4010,
        ("heartbeat_missed",),
        "reconnect and resume",
        "Nothing was received from the client for too long.",
    )
    STRIKES = (
        4029,
        (),  # the last error's code
        "wait for `retry_after_ms`, reconnect",
        "Too many invalid frames, or too many control frames.",
    )
    LOGGED_OUT = (
        4500,
        ("logged_out", KEY_REVOKED, "role_changed", CLOSED_BY_ADMIN),
        STOP,
        "The session has ended, the key was revoked, the role has changed, or an administrator closed the connection.",
    )
    DISABLED = 4501, ("user_disabled",), STOP, "The account was disabled."
    CONNECTION_LIMIT = 4503, ("connection_limit",), STOP, "Too many connections, and this was the oldest."


# By the code the reason with which a client stops.
STOP_REASONS: Final[Mapping[int, str]] = MappingProxyType(
    {code: code.reasons[0] for code in CloseCode if code.action == STOP}
)
# How `Authenticator.ended` reasons become close codes.
CODE_OF_ENDING: Final = {reason: code for code in (CloseCode.LOGGED_OUT, CloseCode.DISABLED) for reason in code.reasons}
