"""Ports of sending: HTTP under the address policy, a mail server, and screenshots of findings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from typing import Any, Protocol

from app.notifications.messages import Message
from app.notifications.outcome import FailureCode, Outcome


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to be sent. `delivery_id` is the same in every attempt."""

    delivery_id: str
    kind: str  # "notification", or "test"
    created_at: datetime
    contents: Mapping[str, Any]  # `items` and `total`
    message: Message  # the sentences of `contents`


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A POST of JSON."""

    url: str = field(repr=False)  # often a secret
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A response, or the `failure` that prevented it. `body` is the beginning of its body."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)  # names lower case
    body: bytes = b""
    failure: FailureCode | None = None
    detail: str = ""  # of the failure: printable


class HttpSender(Protocol):
    """Sends requests to addresses that the policy allows, and does not follow redirects."""

    async def post(self, request: HttpRequest) -> HttpAnswer:
        """Send a request. Never raises for network failures; takes no longer than its own limit."""
        ...

    async def close(self) -> None: ...


class MailSender(Protocol):
    async def send(self, message: EmailMessage) -> Outcome:
        """Send an e-mail to the mail server. Never raises for its failures; takes no longer than its own limit."""
        ...


class FindingPictures(Protocol):
    async def picture(self, task_id: str, attempt: int, finding_id: str) -> bytes | None:
        """Return the screenshot of a finding's page as JPEG; None: none is available."""
        ...
