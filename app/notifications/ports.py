"""What sending needs of the world outside: HTTP under the address policy, a mail server, pictures of findings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from typing import Any, Protocol

from app.notifications.messages import Message
from app.notifications.outcome import FailureCode, Outcome


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What is sent. `delivery_id` is the same for every try."""

    delivery_id: str
    kind: str  # "notification", or "test"
    created_at: datetime
    contents: Mapping[str, Any]  # `items` and `total`
    message: Message  # the same in words


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A POST of JSON."""

    url: str = field(repr=False)  # often a secret
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer, or with `failure` why there is none. `body` is the beginning of it."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)  # names lower case
    body: bytes = b""
    failure: FailureCode | None = None
    detail: str = ""  # of the failure: printable


class HttpSender(Protocol):
    """Sends to addresses that the policy allows, and follows no redirect."""

    async def post(self, request: HttpRequest) -> HttpAnswer:
        """Never raises for what a network does; takes no longer than its own limit."""
        ...

    async def close(self) -> None: ...


class MailSender(Protocol):
    async def send(self, message: EmailMessage) -> Outcome:
        """Hand the mail to the deployment's server. Never raises for what that does; takes no longer than its limit."""
        ...


class FindingPictures(Protocol):
    async def picture(self, task_id: str, attempt: int, finding_id: str) -> bytes | None:
        """Return the screenshot of a finding's page as JPEG; None: there is none that can be had now."""
        ...
