"""What decisions are about: columns that `findings` and `decisions` have alike, read and written here alone."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Row, Text, cast, select

from app.domain.decisions import DecisionBasis, has_expired
from app.domain.matched_rules import read_matched_rules
from app.domain.violations import RiskLevel
from app.events.tables import scan_tasks
from app.findings.tables import decisions, findings

d, f, t = decisions.c, findings.c, scan_tasks.c
DOMAINS_AT_ONCE: Final = 500
MAX_OF_DOMAIN: Final = 20  # there are eleven causes
BASIS: Final[Sequence[Any]] = (f.kinds, f.risk_level, f.matched_rules)
_TEXTS: Final[Sequence[Any]] = (*(cast(column, Text) for column in (f.kinds, f.matched_rules)), f.risk_level)
DECIDED: Final[Sequence[Any]] = (d.state, d.kinds, d.risk_level, d.matched_rules, d.expires_on, d.expired_at)


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided about a finding. `expired_at`: when its findings were opened again; None: they were not."""

    state: str
    judged: DecisionBasis
    expires_on: date | None
    expired_at: datetime | None

    def is_expired(self, today: date) -> bool:
        """Return whether it has expired by a day. What was opened again is not dismissed by who still has the day
        before: clocks differ, and a scan may wait for the database over midnight.
        """
        day = today if self.expired_at is None else max(today, self.expired_at.date())
        return has_expired(self.state, self.expires_on, day)


def basis_of(row: Row[Any]) -> DecisionBasis:
    """Return what a decision was about, or what one about a finding would be about. `row`: of either table."""
    return DecisionBasis(
        kinds=row.kinds,
        risk_level=None if row.risk_level is None else RiskLevel(row.risk_level),
        matched_rules=None if row.matched_rules is None else read_matched_rules(row.matched_rules),
    )


def decided_of(row: Row[Any]) -> Decided:
    """Return what was decided. `row`: with the columns `DECIDED`."""
    return Decided(row.state, basis_of(row), row.expires_on, row.expired_at)


def basis_of_texts(row: Row[Any]) -> DecisionBasis:
    """Return what a decision about a finding would be about. `row`: of `texts_at`."""
    kinds, rules = orjson.loads(row.kinds), row.matched_rules and orjson.loads(row.matched_rules)
    return DecisionBasis(kinds, RiskLevel(row.risk_level), None if rules is None else read_matched_rules(rules))


def basis_columns(basis: DecisionBasis) -> dict[str, Any]:
    """Return the columns that `basis_of` reads."""
    rules = basis.matched_rules
    return {
        "kinds": list(basis.kinds),
        "risk_level": None if basis.risk_level is None else basis.risk_level.value,
        "matched_rules": None if rules is None else {rule: list(terms) for rule, terms in rules.items()},
    }


def bases_at(
    connection: Connection, task_id: str, run: int, domains: Collection[str]
) -> dict[tuple[str, str], DecisionBasis]:
    """Return what decisions about a run's findings at these domains would be about, by domain and cause."""
    found: dict[tuple[str, str], DecisionBasis] = {}
    names = sorted(set(domains))
    for start in range(0, len(names), DOMAINS_AT_ONCE):
        some = names[start : start + DOMAINS_AT_ONCE]
        query = select(f.domain, f.cause, *BASIS).where(f.task_id == task_id, f.domain.in_(some), f.run == run)
        rows = connection.execute(query.limit(MAX_OF_DOMAIN * len(some)))
        found |= {(row.domain, row.cause): basis_of(row) for row in rows}
    return found


def texts_at(connection: Connection, task_id: str, run: int, domains: Collection[str]) -> Iterator[Row[Any]]:
    """Yield (domain, cause, needs_review, kinds, matched_rules, risk_level) of a run's findings at these domains. JSON
    is left as text: most of it is the same in all runs of a site, and reading it is what takes time.
    """
    names = sorted(set(domains))
    for start in range(0, len(names), DOMAINS_AT_ONCE):
        some = names[start : start + DOMAINS_AT_ONCE]
        query = select(f.domain, f.cause, f.needs_review, *_TEXTS)
        query = query.where(f.task_id == task_id, f.domain.in_(some), f.run == run)
        yield from connection.execute(query.limit(MAX_OF_DOMAIN * len(some)))


def decided_for(connection: Connection, task_id: str, domains: Collection[str]) -> dict[tuple[str, str], Decided]:
    """Return what is decided about the findings of the task's target at these domains, by domain and cause."""
    query = select(d.domain, d.cause, *DECIDED).join(
        scan_tasks, (t.user_id == d.user_id) & (t.target_domain == d.target_domain)
    )
    found = connection.execute(query.where(t.id == task_id, d.domain.in_(sorted(domains))))
    return {(row.domain, row.cause): decided_of(row) for row in found}
