"""Models of rules: kinds of notifications, their channels, and the timing."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import Row

from app.core.clock import to_wire
from app.core.schema_fields import described
from app.domain.notifications import MAX_CHANNELS, MAX_NAME, MAX_TARGETS, DigestPeriod, NotificationKind, Timing
from app.domain.time_zones import time_zones
from app.domain.violations import RiskLevel
from app.rest.schemas import RequestBody, ResponseBody, Text, first_items

MAX_DOMAIN = 253
MAX_ZONE = 64
Minute = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]  # of a local day


def _known_zone(name: str) -> str:
    if name not in time_zones():
        raise PydanticCustomError("time_zone", "zone")
    return name


Zone = Annotated[Text, Field(min_length=1, max_length=MAX_ZONE), AfterValidator(_known_zone)]
Id = Annotated[Text, Field(min_length=1, max_length=36)]
Domain = Annotated[Text, Field(min_length=1, max_length=MAX_DOMAIN)]


class RuleWrite(RequestBody):
    """A complete rule."""

    name: Annotated[Text, Field(min_length=1, max_length=MAX_NAME)] = described("Name of the rule.", "High risks")
    enabled: bool = described("Whether the rule is on.", True, default=True)
    kinds: Annotated[tuple[NotificationKind, ...], Field(min_length=1, max_length=len(NotificationKind))] = described(
        "Kinds of notifications.", ["findings", "scan_failed"]
    )
    min_risk: RiskLevel = described("Minimum risk of findings.", "high", default=RiskLevel.HIGH)
    targets: Annotated[tuple[Domain, ...], Field(max_length=MAX_TARGETS), first_items(MAX_TARGETS)] = described(
        "Only scans of these domains; empty: all scans.", ["example.com"], default=()
    )
    all_users: bool = described(
        "Scans of all users instead of the user's own; administrators only.", False, default=False
    )
    channel_ids: Annotated[tuple[Id, ...], Field(max_length=MAX_CHANNELS), first_items(MAX_CHANNELS)] = described(
        "Channels to which notifications are sent; empty: they are listed in the feed only.",
        ["019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a20"],
        default=(),
    )
    time_zone: Zone = described("IANA time zone of the times.", "Asia/Shanghai", default="UTC")
    digest: DigestPeriod = described(
        "`none`: notifications are sent immediately; otherwise they are sent together.",
        "daily",
        default=DigestPeriod.NONE,
    )
    digest_time: Minute = described("Local time of the digest.", "08:00", default="08:00")
    digest_weekday: Annotated[int, Field(ge=0, le=6)] = described(
        "Day of a weekly digest, from 0 (Monday) to 6.", 0, default=0
    )
    quiet_from: Minute | None = described(
        "Start of the quiet hours, during which nothing is sent; null: none.", "22:00", default=None
    )
    quiet_until: Minute | None = described(
        "End of the quiet hours. Notifications from these hours are then sent together.", "07:30", default=None
    )

    @model_validator(mode="after")
    def _check_quiet(self) -> Self:
        if (self.quiet_from is None) != (self.quiet_until is None):
            raise PydanticCustomError("quiet_hours", "one without the other")
        return self

    def timing(self) -> Timing:
        return Timing(
            zone=self.time_zone,
            digest=self.digest,
            digest_minute=_minute(self.digest_time),
            digest_weekday=self.digest_weekday,
            quiet_from=None if self.quiet_from is None else _minute(self.quiet_from),
            quiet_until=None if self.quiet_until is None else _minute(self.quiet_until),
        )


class RuleResponse(ResponseBody):
    id: str = described("Rule id.", "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a21")
    name: str = described("Name of the rule.", "High risks")
    enabled: bool = described("Whether the rule is on.", True)
    kinds: list[NotificationKind] = described("Kinds of notifications.", ["findings", "scan_failed"])
    min_risk: RiskLevel = described("Minimum risk of findings.", "high")
    targets: list[str] = described("Only scans of these domains; empty: all scans.", ["example.com"])
    all_users: bool = described("Scans of all users instead of the user's own; administrators only.", False)
    channel_ids: list[str] = described(
        "Channels to which notifications are sent; empty: they are listed in the feed only.",
        ["019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a20"],
    )
    time_zone: str = described("IANA time zone of the times.", "Asia/Shanghai")
    digest: DigestPeriod = described(
        "`none`: notifications are sent immediately; otherwise they are sent together.", "daily"
    )
    digest_time: str = described("Local time of the digest.", "08:00")
    digest_weekday: int = described("Day of a weekly digest, from 0 (Monday) to 6.", 0)
    quiet_from: str | None = described("Start of the quiet hours, during which nothing is sent; null: none.", "22:00")
    quiet_until: str | None = described(
        "End of the quiet hours. Notifications from these hours are then sent together.", "07:30"
    )
    next_digest_at: str | None = described(
        "Time at which the collected notifications are sent; null: there are none.", "2026-01-02T08:00:00.000Z"
    )
    created_at: str = described("Time of creation.", "2026-01-01T00:00:00.000Z")

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        timing = Timing.from_json(row.timing)
        return cls(
            id=row.id,
            name=row.name,
            enabled=row.is_enabled,
            kinds=[NotificationKind(kind) for kind in row.kinds],
            min_risk=RiskLevel(row.min_risk),
            targets=row.targets,
            all_users=row.all_users,
            channel_ids=row.channel_ids,
            time_zone=timing.zone,
            digest=timing.digest,
            digest_time=_clock(timing.digest_minute),
            digest_weekday=timing.digest_weekday,
            quiet_from=None if timing.quiet_from is None else _clock(timing.quiet_from),
            quiet_until=None if timing.quiet_until is None else _clock(timing.quiet_until),
            next_digest_at=None if row.digest_at is None else to_wire(row.digest_at),
            created_at=to_wire(row.created_at),
        )


class RuleList(ResponseBody):
    items: list[RuleResponse] = described("Rules of the user, oldest first.")


def _minute(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
