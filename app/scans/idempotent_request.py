"""Requests that are carried out once, however often they are sent (`Idempotency-Key`)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection

from app.core.errors import InvalidInput
from app.scans.queries import idempotency
from app.scans.serialisers import Json


@dataclass(frozen=True, slots=True)
class IdempotentRequest:
    """A user's request under a key. `fingerprint` is a hash of all that distinguishes it from others."""

    user_id: str
    key: str
    fingerprint: str

    @classmethod
    def of(cls, user_id: str, key: str, request: Mapping[str, Any]) -> "IdempotentRequest":
        canonical = orjson.dumps(request, option=orjson.OPT_SORT_KEYS)
        return cls(user_id, key, hashlib.sha256(canonical).hexdigest())

    def recall(self, connection: Connection, *, since: datetime) -> Json | None:
        """Return the answer that it got before, or None when it was not carried out since then.

        Raises InvalidInput (`idempotency_key_reused`): the key stood for another request.
        """
        row = idempotency.find(connection, self.user_id, self.key, since=since)
        if row is None:
            return None
        if row.fingerprint != self.fingerprint:
            raise InvalidInput(code="idempotency_key_reused")
        answer: Json = orjson.loads(row.response)
        return answer

    def keep(self, connection: Connection, answer: Json, *, now: datetime, since: datetime) -> None:
        """Store the answer, in the transaction that carries the request out and has called `recall` with `since`."""
        idempotency.add(
            connection,
            self.user_id,
            self.key,
            fingerprint=self.fingerprint,
            response=orjson.dumps(answer).decode(),
            now=now,
            since=since,
        )
