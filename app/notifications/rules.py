"""Use cases of notification rules."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row

from app.core.changeable_settings import FaultCode
from app.core.clock import Clock
from app.core.db import Database
from app.core.errors import Forbidden, InvalidInput, LimitReached, NotFound
from app.core.field_faults import FieldFault, InvalidFields
from app.core.ids import new_id
from app.core.principal import Principal
from app.domain.notifications import MAX_RULES, Timing
from app.domain.targets import TargetParser
from app.identity.audit import AuditTrail
from app.notifications.channels import PAUSE_S, REMOVED_AT_ONCE
from app.notifications.queries import deliveries, rules


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedRule:
    """The requested values of a rule."""

    name: str
    is_enabled: bool
    kinds: Sequence[str]
    min_risk: str
    targets: Sequence[str]
    all_users: bool
    channel_ids: Sequence[str]
    timing: Timing


@dataclass(kw_only=True, eq=False, repr=False)
class RuleService:
    """Every method uses the principal's own rules; rules of other users look missing (NotFound)."""

    db: Database
    clock: Clock
    audit: AuditTrail
    targets: TargetParser

    async def list_all(self, principal: Principal) -> Sequence[Row[Any]]:
        return await self.db.read(lambda c: rules.of_user(c, principal.user_id))

    async def create(self, principal: Principal, wanted: WantedRule) -> Row[Any]:
        """Raises InvalidFields; Forbidden (`admin_only`); LimitReached (`rule_limit`)."""
        rule_id, values = new_id(), self._values(principal, wanted)
        row = {**values, "id": rule_id, "user_id": principal.user_id, "created_at": self.clock.now()}

        def work(connection: Connection) -> Row[Any]:
            _require_channels(connection, principal, wanted)
            if rules.count(connection, principal.user_id) >= MAX_RULES:
                raise LimitReached(code="rule_limit", limit=MAX_RULES)
            rules.add(connection, row)
            return _found(connection, principal, rule_id)

        made = await self.db.write(work)
        self._record("rule.create", principal, rule_id)
        return made

    async def change(self, principal: Principal, rule_id: str, wanted: WantedRule) -> Row[Any]:
        """Raises InvalidFields, Forbidden, NotFound."""
        values = self._values(principal, wanted)

        def work(connection: Connection) -> Row[Any]:
            if not rules.change(connection, rule_id, principal.user_id, values):
                raise NotFound(text="no_such_rule")
            _require_channels(connection, principal, wanted)
            return _found(connection, principal, rule_id)

        changed = await self.db.write(work)
        self._record("rule.update", principal, rule_id)
        return changed

    async def delete(self, principal: Principal, rule_id: str) -> None:
        """Remove it, and before, in small transactions, what it has told of many sites. Raises NotFound."""

        def disable(connection: Connection) -> None:
            if not rules.change(connection, rule_id, principal.user_id, {"is_enabled": False}):
                raise NotFound(text="no_such_rule")

        await self.db.write(disable)
        while await self.db.write(lambda c: rules.remove_some(c, rule_id, REMOVED_AT_ONCE)):
            await self.clock.sleep(PAUSE_S)
        await self.db.write(lambda c: rules.remove(c, rule_id, principal.user_id))
        self._record("rule.delete", principal, rule_id)

    def _values(self, principal: Principal, wanted: WantedRule) -> dict[str, Any]:
        if wanted.all_users and not principal.is_admin:
            raise Forbidden(code="admin_only")
        return {
            "name": wanted.name,
            "is_enabled": wanted.is_enabled,
            "kinds": list(dict.fromkeys(wanted.kinds)),
            "min_risk": wanted.min_risk,
            "targets": self._targets(wanted.targets),
            "all_users": wanted.all_users,
            "channel_ids": list(dict.fromkeys(wanted.channel_ids)),
            "timing": asdict(wanted.timing),
        }

    def _targets(self, wanted: Sequence[str]) -> list[str]:
        """Return the domains in the form that scans use. Raises InvalidFields."""
        found, faults = [], []
        for index, target in enumerate(wanted):
            try:
                found.append(self.targets.parse(target).name)
            except InvalidInput:
                faults.append(FieldFault(f"body.targets.{index}", FaultCode.DOMAIN_NAMES))
        if faults:
            raise InvalidFields(faults=faults)
        return list(dict.fromkeys(found))

    def _record(self, action: str, principal: Principal, rule_id: str) -> None:
        self.audit.record(action, user_id=principal.user_id, address=principal.address, object_id=rule_id)


def _found(connection: Connection, principal: Principal, rule_id: str) -> Row[Any]:
    row = rules.find(connection, rule_id, principal.user_id)
    if row is None:
        raise NotFound(text="no_such_rule")
    return row


def _require_channels(connection: Connection, principal: Principal, wanted: WantedRule) -> None:
    """Raise InvalidFields for a channel that is not the principal's."""
    own = {row.id for row in deliveries.of_user(connection, principal.user_id)}
    faults = [
        FieldFault(f"body.channel_ids.{index}", FaultCode.UNKNOWN_CHANNEL)
        for index, channel_id in enumerate(wanted.channel_ids)
        if channel_id not in own
    ]
    if faults:
        raise InvalidFields(faults=faults)
