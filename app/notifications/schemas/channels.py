"""Channels: where notifications leave to."""

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
from app.domain.notifications import MAX_NAME, ChannelKind
from app.notifications.outcome import FailureCode, describe
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
    kind: ChannelKind = described("How notifications leave.", "webhook")
    language: Language = described("Language of the reader.", Language.EN)
    url: Url | None = described(
        "URL of the webhook or robot; not for `email`. It is stored encrypted and never returned.",
        "https://hooks.example.com/compliance",
        default=None,
    )
    address: Address | None = described("E-mail address; for `email` only.", "compliance@example.com", default=None)
    secret: Secret | None = described(
        "Signing secret of a DingTalk or Feishu robot. It is stored encrypted and never returned.",
        "SEC0123456789",
        default=None,
    )


class ChannelUpdate(RequestBody):
    """Fields that are omitted stay as they are."""

    name: Name | None = described("Name of the channel.", "Operations group", default=None)
    language: Language | None = described("Language of the reader.", Language.EN, default=None)
    enabled: bool | None = described("False: nothing is sent; what waits is kept.", False, default=None)
    url: Url | None = described(
        "New URL of the webhook or robot.", "https://hooks.example.com/compliance", default=None
    )
    address: Address | None = described("New e-mail address.", "compliance@example.com", default=None)
    secret: Secret | None = described("New signing secret of the robot.", "SEC0123456789", default=None)


class DeliveryError(ResponseBody):
    """Why a delivery failed."""

    code: FailureCode = described("Code of the failure; stable (docs/notifications.md).", "http_status")
    message: str = described("The same in the reader's language.", "The receiver answered 500: try later")

    @classmethod
    def of(cls, error: dict[str, Any] | None, language: Language) -> Self | None:
        if error is None:
            return None
        return cls(code=FailureCode(error["code"]), message=str(describe(error, language)))


class ChannelResponse(ResponseBody):
    id: str = described("Channel id.", "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a20")
    name: str = described("Name of the channel.", "Operations group")
    kind: ChannelKind = described("How notifications leave.", "webhook")
    language: Language = described("Language of the reader.", Language.EN)
    leads_to: str = described("Where it leads to, without secrets.", "https://hooks.example.com/…")
    enabled: bool = described("False: nothing is sent.", True)
    created_at: str = described("Time of creation.", "2026-01-01T00:00:00.000Z")
    last_sent_at: str | None = described("Time of the last delivery; null: none yet.", "2026-01-02T00:00:00.000Z")
    failures: Count = described("Tries that failed since the last success.", 0)
    last_error: DeliveryError | None = described("Why the last try failed; null: it succeeded, or there was none.")

    @classmethod
    def of(cls, row: Row[Any], language: Language) -> "ChannelResponse":
        return ChannelResponse(**_fields(row, language))


class ChannelCreated(ChannelResponse):
    """A new channel."""

    signing_secret: str | None = described(
        "Secret with which a webhook's requests are signed. It is shown this once; null for other kinds.",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw0c7y1j3Zk4E=",
    )

    @classmethod
    def made(cls, row: Row[Any], secret: str | None, language: Language) -> Self:
        return cls(**_fields(row, language), signing_secret=secret)


class ChannelList(ResponseBody):
    items: list[ChannelResponse] = described("Channels of the user, oldest first.")
    mail_configured: bool = described("Whether the deployment can send e-mail.", True)


class TestResult(ResponseBody):
    """What became of a test message."""

    sent: bool = described("Whether the receiver accepted the message.", False)
    error: DeliveryError | None = described("Why not; null: it did.")


def _fields(row: Row[Any], language: Language) -> dict[str, Any]:
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
    }
