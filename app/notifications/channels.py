"""The use cases of channels: who a user may tell, kept so that nobody reads where they lead."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import Connection, Row

from app.core.clock import Clock
from app.core.db import Database
from app.core.errors import LimitReached, NotFound
from app.core.field_faults import FieldFault, InvalidFields
from app.core.ids import new_id
from app.core.limits import TokenBucket
from app.core.principal import Principal
from app.core.redact import display_text
from app.domain.notifications import MAX_CHANNELS, ChannelKind
from app.identity.audit import AuditTrail
from app.notifications.adapters.webhook import new_secret
from app.notifications.carrier import Carrier
from app.notifications.delivering import last_tests, record_test
from app.notifications.outcome import Outcome
from app.notifications.queries import deliveries, rules
from app.notifications.sealing import SecretSeal, UnreadableSecret

SIGNING: Final = frozenset({ChannelKind.DINGTALK, ChannelKind.FEISHU})  # which a user's secret may belong to
TESTS: Final = 10  # at once by one user, and as many a minute
MAX_SHOWN: Final = 300
REMOVED_AT_ONCE: Final = 200  # deliveries of one transaction: some 10 ms of the write lock. Others come in the pauses.
PAUSE_S: Final = 0.005


@dataclass(frozen=True, slots=True)
class TestedChannel:
    """A channel, and the last test message to its present URL or address; None: there was none."""

    row: Row[Any]
    last_test: Row[Any] | None = None


@dataclass(kw_only=True, eq=False, repr=False)
class ChannelService:
    """Every method is about the principal's own channels; foreign ones look like missing ones (NotFound)."""

    db: Database
    clock: Clock
    audit: AuditTrail
    seal: SecretSeal
    carrier: Carrier
    mail_configured: bool
    on_change: Callable[[], None] = lambda: None  # something may be due now
    _tests: dict[str, TokenBucket] = field(default_factory=dict)  # by user

    async def list_all(self, principal: Principal) -> Sequence[TestedChannel]:
        return await self.db.read(lambda c: _tested(c, deliveries.of_user(c, principal.user_id)))

    async def create(self, principal: Principal, values: Mapping[str, Any]) -> tuple[Row[Any], str | None]:
        """Return the channel, and for a webhook the secret that its requests are signed with.

        Raises InvalidFields; LimitReached (`channel_limit`).
        """
        kind = ChannelKind(values["kind"])
        config = {name: values[name] for name in ("url", "address", "secret") if values.get(name) is not None}
        _check(kind, config)
        secret = new_secret() if kind is ChannelKind.WEBHOOK else None
        if secret is not None:
            config["secret"] = secret
        channel_id = new_id()
        row = {
            "id": channel_id,
            "user_id": principal.user_id,
            "name": values["name"],
            "kind": kind.value,
            "language": values["language"],
            "shown": _shown(config),
            "sealed": self.seal.seal(config, channel_id),
            "is_enabled": True,
            "created_at": self.clock.now(),
            "failures": 0,
        }
        made = await self.db.write(lambda c: _add(c, row))
        self._record("channel.create", principal, channel_id, {"kind": kind.value})
        return made, secret

    async def change(self, principal: Principal, channel_id: str, changes: Mapping[str, Any]) -> TestedChannel:
        """Raises InvalidFields, NotFound."""
        row = await self._find(principal, channel_id)
        values: dict[str, Any] = {name: changes[name] for name in ("name", "language") if name in changes}
        if "enabled" in changes:
            values["is_enabled"] = changes["enabled"]
        config = {name: changes[name] for name in ("url", "address", "secret") if changes.get(name) is not None}
        if "secret" in config and row.kind == ChannelKind.WEBHOOK:  # ours, which its creator was shown
            raise InvalidFields(faults=[FieldFault("body.secret", "extra_forbidden")])
        if config:
            config = {**self._known_config(row), **config}
            _check(ChannelKind(row.kind), config, is_sealed=True)
            values |= {
                "sealed": self.seal.seal(config, channel_id),
                "shown": _shown(config),
                "failures": 0,
                "last_error": None,
            }
        now = self.clock.now()

        def work(connection: Connection) -> TestedChannel:
            if values and not deliveries.change_channel(connection, channel_id, principal.user_id, values):
                raise NotFound(text="no_such_channel")
            deliveries.wake(connection, [channel_id], now, in_trouble_too=True)
            return _tested(connection, [_found(connection, principal, channel_id)])[0]

        changed = await self.db.write(work)
        self.on_change()
        self._record("channel.update", principal, channel_id, {"fields": sorted(changes)})
        return changed

    async def delete(self, principal: Principal, channel_id: str) -> None:
        """Remove it with its deliveries, of which there may be very many: in small transactions, itself at last. A
        process that ends in between leaves it disabled, to be removed again. Raises NotFound.
        """

        def disable(connection: Connection) -> None:
            if not deliveries.change_channel(connection, channel_id, principal.user_id, {"is_enabled": False}):
                raise NotFound(text="no_such_channel")
            rules.leave_out_channel(connection, principal.user_id, channel_id)

        await self.db.write(disable)
        while await self.db.write(lambda c: deliveries.remove_some(c, channel_id, REMOVED_AT_ONCE)):
            await self.clock.sleep(PAUSE_S)
        await self.db.write(lambda c: deliveries.remove_channel(c, channel_id, principal.user_id))
        self._record("channel.delete", principal, channel_id, {})

    async def test(self, principal: Principal, channel_id: str) -> Outcome:
        """Send a message that says that it is a test, and keep its result among the deliveries. Raises NotFound;
        LimitReached (`rate_limited`).
        """
        row = await self._find(principal, channel_id)
        bucket = self._tests.setdefault(principal.user_id, TokenBucket(burst=TESTS, per_s=TESTS / 60))
        if not bucket.take(self.clock.monotonic()):
            raise LimitReached(retry_after_s=bucket.wait_s())
        self._record("channel.test", principal, channel_id, {"kind": row.kind})
        delivery_id, begun_at = new_id(), self.clock.now()
        outcome = await self.carrier.test(row, delivery_id)
        await self.db.write(
            lambda c: record_test(c, row, delivery_id, outcome, begun_at=begun_at, now=self.clock.now())
        )
        return outcome

    async def _find(self, principal: Principal, channel_id: str) -> Row[Any]:
        return await self.db.read(lambda c: _found(c, principal, channel_id))

    def _known_config(self, row: Row[Any]) -> dict[str, Any]:
        """Return what was sealed; nothing when the key is lost: then the user writes all of it anew."""
        try:
            return dict(self.seal.open(row.sealed, row.id))
        except UnreadableSecret:
            return {"secret": new_secret()} if row.kind == ChannelKind.WEBHOOK else {}

    def _record(self, action: str, principal: Principal, channel_id: str, detail: Mapping[str, Any]) -> None:
        self.audit.record(
            action, user_id=principal.user_id, address=principal.address, object_id=channel_id, detail=detail
        )


def _tested(connection: Connection, channels: Sequence[Row[Any]]) -> list[TestedChannel]:
    tests = last_tests(connection, channels)
    return [TestedChannel(channel, tests.get(channel.id)) for channel in channels]


def _add(connection: Connection, row: Mapping[str, Any]) -> Row[Any]:
    if deliveries.count_channels(connection, row["user_id"]) >= MAX_CHANNELS:
        raise LimitReached(code="channel_limit", limit=MAX_CHANNELS)
    deliveries.add_channel(connection, row)
    found = deliveries.find_channel(connection, row["id"], row["user_id"])
    assert found is not None
    return found


def _found(connection: Connection, principal: Principal, channel_id: str) -> Row[Any]:
    row = deliveries.find_channel(connection, channel_id, principal.user_id)
    if row is None:
        raise NotFound(text="no_such_channel")
    return row


def _check(kind: ChannelKind, config: Mapping[str, Any], *, is_sealed: bool = False) -> None:
    """Raise InvalidFields for what a kind of channel does not need, or lacks. `is_sealed`: our own secret is in it."""
    needed, other = ("address", "url") if kind is ChannelKind.EMAIL else ("url", "address")
    takes_secret = kind in SIGNING or (is_sealed and kind is ChannelKind.WEBHOOK)
    faults = [
        *([] if config.get(needed) else [FieldFault(f"body.{needed}", "missing")]),
        *([FieldFault(f"body.{other}", "extra_forbidden")] if other in config else []),
        *([FieldFault("body.secret", "extra_forbidden")] if "secret" in config and not takes_secret else []),
    ]
    if faults:
        raise InvalidFields(faults=faults)


def _shown(config: Mapping[str, Any]) -> str:
    """Return where it leads to as anybody may see it: of a URL the host alone, as robots have their key behind it."""
    if "address" in config:
        return display_text(config["address"])[:MAX_SHOWN]
    parts = urlsplit(config["url"])
    host = parts.netloc.rpartition("@")[2]
    return display_text(f"{parts.scheme}://{host}/…")[:MAX_SHOWN]
