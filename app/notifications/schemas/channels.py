"""Models of channels, to which notifications are sent."""

from email.errors import MessageError
from email.headerregistry import Address as MailAddress
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError
from sqlalchemy import Row

from app.core.clock import to_wire
from app.core.schema_fields import described
from app.domain.messages import Language
from app.domain.notifications import MAX_NAME, ChannelKind, DeliveryStatus
from app.notifications.channels import TestedChannel
from app.notifications.outcome import FailureCode, describe, detail_of
from app.rest.schemas import Count, RequestBody, ResponseBody, Text

MAX_URL = 2_000
MAX_SECRET = 200


def _url(url: str) -> str:
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets without an IPv6 address, or a port that is none
        has_host = False
    if not has_host:
        raise PydanticCustomError("http_address", "URL")
    return url


def _address(address: str) -> str:
    try:
        MailAddress(addr_spec=address)  # as it will stand in the mail
    except (MessageError, ValueError, IndexError) as error:
        raise PydanticCustomError("email_address", "address") from error
    return address


Name = Annotated[Text, Field(min_length=1, max_length=MAX_NAME)]
Url = Annotated[Text, Field(max_length=MAX_URL, pattern=r"^https?://[^\s/?#]+\S*$"), AfterValidator(_url)]
Secret = Annotated[Text, Field(min_length=1, max_length=MAX_SECRET)]
Address = Annotated[
    Text,
    Field(max_length=254, pattern=r"^[^@\s<>,;:\"]+@[^@\s<>,;:\"]+\.[^@\s<>,;:\"]+$"),
    AfterValidator(_address),
]


class ChannelCreate(RequestBody):
    name: Name = described("Name of the channel.", "Operations group")
    kind: ChannelKind = described("Kind of channel.", "webhook")
    language: Language = described("Language of the messages.", Language.EN)
    url: Url | None = described(
        "Webhook URL; not for `email`. It is stored encrypted and never returned.",
        "https://hooks.example.com/compliance",
        default=None,
    )
    address: Address | None = described("E-mail address; for `email` only.", "compliance@example.com", default=None)
    secret: Secret | None = described(
        "Signing secret of a DingTalk or Feishu bot. It is stored encrypted and never returned.",
        "SEC0123456789",
        default=None,
    )


class ChannelUpdate(RequestBody):
    """Fields that are omitted stay as they are."""

    name: Name | None = described("Name of the channel.", "Operations group", default=None)
    language: Language | None = described("Language of the messages.", Language.EN, default=None)
    enabled: bool | None = described("False: nothing is sent; waiting messages are kept.", False, default=None)
    url: Url | None = described("New webhook URL.", "https://hooks.example.com/compliance", default=None)
    address: Address | None = described("New e-mail address.", "compliance@example.com", default=None)
    secret: Secret | None = described("New signing secret of the bot.", "SEC0123456789", default=None)


class DeliveryError(ResponseBody):
    """Reason for the failure of a delivery."""

    code: FailureCode = described("Stable code of the failure (docs/notifications.md).", "http_status")
    message: str = described("The same in the reader's language.", "The receiver responded with status 500.")
    detail: str = described("What the system or the receiver said, in its own words; empty: nothing.", "try later")

    @classmethod
    def of(cls, error: dict[str, Any] | None, language: Language) -> Self | None:
        if error is None:
            return None
        return cls(code=FailureCode(error["code"]), message=str(describe(error, language)), detail=detail_of(error))


class LastTest(ResponseBody):
    """The last test message of a channel."""

    status: DeliveryStatus = described("Status of its delivery.", "dead")
    tested_at: str = described("Time of the test.", "2026-01-02T00:00:00.000Z")
    error: DeliveryError | None = described("Reason why it failed; null: it did not.")

    @classmethod
    def of(cls, row: Row[Any] | None, language: Language) -> Self | None:
        if row is None:
            return None
        return cls(
            status=DeliveryStatus(row.status),
            tested_at=to_wire(row.created_at if row.sent_at is None else row.sent_at),
            error=DeliveryError.of(row.error, language),
        )


class ChannelResponse(ResponseBody):
    id: str = described("Channel id.", "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a20")
    name: str = described("Name of the channel.", "Operations group")
    kind: ChannelKind = described("Kind of channel.", "webhook")
    language: Language = described("Language of the messages.", Language.EN)
    leads_to: str = described("Destination, without secrets.", "https://hooks.example.com/…")
    enabled: bool = described("False: nothing is sent.", True)
    created_at: str = described("Time of creation.", "2026-01-01T00:00:00.000Z")
    last_sent_at: str | None = described("Time of the last delivery; null: none yet.", "2026-01-02T00:00:00.000Z")
    failures: Count = described("Failed attempts since the last success.", 0)
    last_error: DeliveryError | None = described(
        "Reason why the last attempt failed; null: it succeeded, or there was none."
    )

    last_test: LastTest | None = described(
        "The last test message; null: there was none since its URL, address or secret was entered."
    )

    @classmethod
    def of(cls, channel: TestedChannel, language: Language) -> "ChannelResponse":
        return ChannelResponse(**_fields(channel, language))


class ChannelCreated(ChannelResponse):
    """A new channel."""

    signing_secret: str | None = described(
        "Secret with which the requests of a webhook are signed. It is returned only here; null for other kinds.",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw0c7y1j3Zk4E=",
    )

    @classmethod
    def made(cls, row: Row[Any], secret: str | None, language: Language) -> Self:
        return cls(**_fields(TestedChannel(row), language), signing_secret=secret)


class ChannelList(ResponseBody):
    items: list[ChannelResponse] = described("Channels of the user, oldest first.")
    mail_configured: bool = described("Whether the deployment can send e-mail.", True)


class TestResult(ResponseBody):
    """Result of a test message."""

    sent: bool = described("Whether the receiver accepted the message.", False)
    error: DeliveryError | None = described("Reason why it did not; null: it did.")


def _fields(channel: TestedChannel, language: Language) -> dict[str, Any]:
    row = channel.row
    return {
        "id": row.id,
        "name": row.name,
        "kind": ChannelKind(row.kind),
        "language": Language(row.language),
        "leads_to": row.shown,
        "enabled": row.is_enabled,
        "created_at": to_wire(row.created_at),
        "last_sent_at": None if row.last_sent_at is None else to_wire(row.last_sent_at),
        "failures": row.failures,
        "last_error": DeliveryError.of(row.last_error, language),
        "last_test": LastTest.of(channel.last_test, language),
    }
