"""The outcome of an attempt to send a message."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from app.domain.messages import MessageCatalog, Text


class FailureCode(StrEnum):
    """Reason why a delivery failed."""

    # Each has a text `delivery.*` with parameters.
    DNS = "dns"
    DNS_UNREACHABLE = "dns_unreachable"
    REFUSED_ADDRESS = "refused_address"
    BAD_URL = "bad_url"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    PROTOCOL = "protocol"
    REDIRECT = "redirect"
    HTTP_STATUS = "http_status"
    REJECTED = "rejected"  # a success status with an error code in the body
    RATE_LIMITED = "rate_limited"
    MAIL_NOT_CONFIGURED = "mail_not_configured"
    MAIL_REFUSED = "mail_refused"
    MAIL_UNREACHABLE = "mail_unreachable"
    SECRET_UNREADABLE = "secret_unreadable"  # noqa: S105 - the name of a fault


@dataclass(frozen=True, slots=True)
class Sent:
    """The receiver accepted the message."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The receiver did not accept the message, or it is unknown whether it did."""

    code: FailureCode
    # Of its text; `detail` or `answer` is what the system or the receiver said, in its own words: short, printable.
    params: Mapping[str, Any] = field(default_factory=dict)
    retry_after_s: float | None = None  # requested by the receiver
    is_final: bool = False  # a retry would fail as well

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code.value, "params": dict(self.params)}


Outcome = Sent | Failed


def describe(error: Mapping[str, Any], language: str) -> Text:
    """Return the sentence for the result of `Failed.as_json`."""
    texts = MessageCatalog(language)
    return texts.remake(f"delivery.{error['code']}", error["params"]) or texts(f"delivery.{FailureCode.PROTOCOL}")


def detail_of(error: Mapping[str, Any]) -> str:
    """Return what the system or the receiver said, for the result of `Failed.as_json`; empty: nothing."""
    return str(error["params"].get("detail") or error["params"].get("answer") or "")
