"""Builds the services of notifications, from the outbox to the channels."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from app.core.clock import Clock
from app.core.config import Settings
from app.core.db import Database
from app.core.metrics import Metrics
from app.core.security import derive_stored_keys
from app.domain.targets import TargetParser
from app.events.bus.base import FeedHint, Publisher
from app.identity.audit import AuditTrail
from app.notifications.adapters.mail import Mail
from app.notifications.adapters.smtp import MailServer, SmtpSender
from app.notifications.carrier import Carrier
from app.notifications.channels import ChannelService
from app.notifications.feed import FeedService
from app.notifications.messages import MessageWriter
from app.notifications.outbox_reader import OutboxReader
from app.notifications.ports import FindingPictures, HttpSender
from app.notifications.rules import RuleService
from app.notifications.sealing import PURPOSE, SecretSeal
from app.notifications.sender import NotificationSender, Retries


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationParts:
    channels: ChannelService
    rules: RuleService
    feed: FeedService
    sender: NotificationSender
    close: Callable[[], Awaitable[None]]


def build_notifications(
    settings: Settings,
    *,
    db: Database,
    bus: Publisher,
    clock: Clock,
    audit: AuditTrail,
    metrics: Metrics,
    targets: TargetParser,
    http: HttpSender,
    pictures: FindingPictures | None,
) -> NotificationParts:
    """Return the parts, stopped. Raises ConfigurationError."""
    smtp = _smtp(settings)
    seal = SecretSeal(derive_stored_keys(settings, PURPOSE))
    carrier = Carrier(
        http=http,
        mail=Mail(server=smtp, sender=settings.mail_from or "", pictures=pictures),
        seal=seal,
        writer=MessageWriter(None if settings.public_url is None else settings.public_url.rstrip("/")),
        clock=clock,
    )

    sender = NotificationSender(
        db=db,
        clock=clock,
        outbox=_outbox_reader(db, bus, clock, metrics),
        carrier=carrier,
        retries=Retries(settings.notification_first_retry_s),
        is_sole=settings.embedded,
        on_failure=metrics.note_background_failure,
        count=lambda kind, outcome: metrics.deliveries.labels(kind, outcome).inc(),
    )

    async def close() -> None:
        await http.close()
        if smtp is not None:
            smtp.close()

    return NotificationParts(
        channels=ChannelService(
            db=db,
            clock=clock,
            audit=audit,
            seal=seal,
            carrier=carrier,
            mail_configured=smtp is not None,
            on_change=sender.wake,
        ),
        rules=RuleService(db=db, clock=clock, audit=audit, targets=targets),
        feed=FeedService(db=db, bus=bus, clock=clock, audit=audit, on_change=sender.wake),
        sender=sender,
        close=close,
    )


def _outbox_reader(db: Database, bus: Publisher, clock: Clock, metrics: Metrics) -> OutboxReader:
    def count_told(kinds: Sequence[str]) -> None:
        for kind in kinds:
            metrics.notifications.labels(kind).inc()

    return OutboxReader(
        db=db,
        clock=clock,
        on_told=count_told,
        on_fed=lambda user_id: bus.publish(FeedHint(user_id)),
        on_failure=metrics.note_background_failure,
    )


def _smtp(settings: Settings) -> SmtpSender | None:
    if settings.smtp_url is None:
        return None
    ca_file = None if settings.ca_file is None else str(settings.ca_file)
    return SmtpSender(MailServer.parse(settings.smtp_url.get_secret_value(), ca_file=ca_file))
