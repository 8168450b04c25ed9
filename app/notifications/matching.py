"""Selects the rules that apply to an event. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from app.core.principal import ADMIN
from app.domain.notifications import NotificationKind, Timing


def in_force(rules: Sequence[Row[Any]], roles: Mapping[str, str], owner_id: str, target_domain: str) -> list[Row[Any]]:
    """Return the rules that cover a target of this owner. `roles`: of active users, by id.

    Rules of users who may no longer see the owner's scans are excluded.
    """
    return [
        rule
        for rule in rules
        if rule.user_id in roles
        and (rule.user_id == owner_id or roles[rule.user_id] == ADMIN)
        and (not rule.targets or target_domain in rule.targets)
    ]


def wants(rule: Row[Any], kind: NotificationKind) -> bool:
    return kind.value in rule.kinds


def timing_of(rule: Row[Any]) -> Timing:
    return Timing.from_json(rule.timing)
