"""What became of a try to send something."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from app.domain.messages import MessageCatalog, Text


class FailureCode(StrEnum):
    """Reason why a delivery failed."""

    # Each has a text `delivery.*`, with its parameters.
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
    REJECTED = "rejected"  # answered with success and an error code of its own
    RATE_LIMITED = "rate_limited"
    MAIL_NOT_CONFIGURED = "mail_not_configured"
    MAIL_REFUSED = "mail_refused"
    MAIL_UNREACHABLE = "mail_unreachable"
    SECRET_UNREADABLE = "secret_unreadable"  # noqa: S105 - the name of a fault


@dataclass(frozen=True, slots=True)
class Sent:
    """The receiver has taken it."""


@dataclass(frozen=True, slots=True)
class Failed:
    """It was not taken, or nobody knows whether it was."""

    code: FailureCode
    params: Mapping[str, Any] = field(default_factory=dict)  # of its text: short, printable
    retry_after_s: float | None = None  # as the receiver wants it
    is_final: bool = False  # trying again is of no use

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code.value, "params": dict(self.params)}


Outcome = Sent | Failed


def describe(error: Mapping[str, Any], language: str) -> Text:
    """Return in words what `Failed.as_json` says."""
    texts = MessageCatalog(language)
    return texts.remake(f"delivery.{error['code']}", error["params"]) or texts(f"delivery.{FailureCode.PROTOCOL}")
