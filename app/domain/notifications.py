"""Kinds of notifications and channels, and the timing of messages. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final, Self

from app.domain.time_zones import time_zone

MAX_CHANNELS: Final = 20  # per user; a rule may use all of them
MAX_RULES: Final = 50  # per user
MAX_TARGETS: Final = 200  # per rule
MAX_NAME: Final = 100  # characters of a channel's or rule's name
SHOWN_FINDINGS: Final = 20  # listed in a notification, highest risk first; the others are only counted
SHOWN_CHANGES: Final = 20  # listed changes of third parties
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class FeedHead:
    """The end of a user's feed, and how often something in it was marked as read. Both only grow."""

    last_seq: int = 0  # number of the newest notification; 0: there never was one
    read_revision: int = 0


class NotificationKind(StrEnum):
    """Kind of a notification."""

    FINDINGS = "findings"  # new findings of a scan, or known ones whose risk has increased
    SCAN_COMPLETED = "scan_completed"
    SCAN_INCONCLUSIVE = "scan_inconclusive"
    SCAN_FAILED = "scan_failed"
    SITE_CHANGED = "site_changed"  # owner or content of a third party
    SITE_OVERDUE = "site_overdue"  # no conclusive scan for too long


class ChannelKind(StrEnum):
    """Kind of a channel."""

    WEBHOOK = "webhook"
    EMAIL = "email"
    DINGTALK = "dingtalk"
    WECOM = "wecom"
    FEISHU = "feishu"
    SLACK = "slack"


class DigestPeriod(StrEnum):
    """Period of a rule's digest."""

    NONE = "none"  # each notification is sent immediately
    DAILY = "daily"
    WEEKLY = "weekly"


class DeliveryStatus(StrEnum):
    """Status of a delivery."""

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"  # no longer retried; a user can send it again


@dataclass(frozen=True, slots=True)
class Timing:
    """When a rule sends messages. Minutes count from local midnight, weekdays from 0 (Monday)."""

    zone: str = "UTC"  # IANA name
    digest: DigestPeriod = DigestPeriod.NONE
    digest_minute: int = 8 * 60
    digest_weekday: int = 0
    quiet_from: int | None = None  # set together with `quiet_until`; equal values mean no quiet hours
    quiet_until: int | None = None

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return the timing from the JSON of its `dataclasses.asdict`."""
        return cls(**{**values, "digest": DigestPeriod(values.get("digest", DigestPeriod.NONE))})

    def due(self, now: datetime) -> datetime:
        """Return when a notification of this moment is sent: `now`, the next digest, or the end of quiet hours."""
        if self.digest is not DigestPeriod.NONE:
            return self._next_digest(now)
        return self._end_of_quiet(now) or now

    def _next_digest(self, now: datetime) -> datetime:
        days = 7 if self.digest is DigestPeriod.WEEKLY else 1
        local = now.astimezone(time_zone(self.zone))
        ahead = (self.digest_weekday - local.weekday()) % 7 if days > 1 else 0
        first = self._at(local + ahead * _DAY, self.digest_minute)
        return first if first > now else self._at(local + (ahead + days) * _DAY, self.digest_minute)

    def _end_of_quiet(self, now: datetime) -> datetime | None:
        """Return the end of the current quiet hours; None outside of quiet hours."""
        if self.quiet_from is None or self.quiet_until is None or self.quiet_from == self.quiet_until:
            return None
        local = now.astimezone(time_zone(self.zone))
        minute = local.hour * 60 + local.minute
        if self.quiet_from < self.quiet_until:
            return self._at(local, self.quiet_until) if self.quiet_from <= minute < self.quiet_until else None
        if minute >= self.quiet_from:
            return self._at(local + _DAY, self.quiet_until)
        return self._at(local, self.quiet_until) if minute < self.quiet_until else None

    def _at(self, day: datetime, minute: int) -> datetime:
        """Return that minute of a local day in UTC. One that clocks skip is the moment after; of a doubled one, the
        first.
        """
        zone = time_zone(self.zone)
        wall = datetime.combine(day.date(), time(minute // 60, minute % 60), zone)
        return wall.astimezone(UTC)
