"""Webhooks: JSON signed as specified by Standard Webhooks 1.0 (standardwebhooks.com)."""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime
from secrets import token_bytes
from typing import Any, Final

import orjson

from app.core.clock import to_wire
from app.notifications.adapters.answers import read_status
from app.notifications.outcome import Outcome
from app.notifications.ports import HttpAnswer, HttpRequest, Outgoing

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - the prefix of secrets in the specification
SECRET_BYTES: Final = 32  # the specification: 24 to 64


def new_secret() -> str:
    return SECRET_PREFIX + b64encode(token_bytes(SECRET_BYTES)).decode()


class Webhook:
    """`config`: `url` and `secret`."""

    spacing_s: Final = 0.0

    def compose(self, config: Mapping[str, Any], outgoing: Outgoing, now: datetime) -> HttpRequest:
        """Return the request. Every attempt has the same body and id, and its own timestamp."""
        document = {
            "id": outgoing.delivery_id,
            "type": outgoing.kind,
            "timestamp": to_wire(outgoing.created_at),
            "data": outgoing.contents,
        }
        body, timestamp = orjson.dumps(document), str(int(now.timestamp()))
        headers = {
            "Content-Type": "application/json",
            "webhook-id": outgoing.delivery_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": sign(config["secret"], outgoing.delivery_id, timestamp, body),
        }
        return HttpRequest(config["url"], body, headers)

    def read(self, answer: HttpAnswer) -> Outcome:
        return read_status(answer)


def sign(secret: str, delivery_id: str, timestamp: str, body: bytes) -> str:
    """Return the value of the header `webhook-signature`: HMAC-SHA256 over id, timestamp and body."""
    key = b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = f"{delivery_id}.{timestamp}.".encode() + body
    return f"v1,{b64encode(hmac.digest(key, signed, 'sha256')).decode()}"
