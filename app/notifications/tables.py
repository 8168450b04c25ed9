"""Tables of channels, rules, notifications and deliveries."""

from typing import Final

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, text

from app.core.tables import UtcDateTime, metadata


def _user(*, primary_key: bool = False) -> "Column[str]":
    return Column(
        "user_id", String(36), ForeignKey("users.id", ondelete="CASCADE"), nullable=False, primary_key=primary_key
    )


channels = Table(
    "channels",
    metadata,
    Column("id", String(36), primary_key=True),
    _user(),
    Column("name", String(100), nullable=False),
    Column("kind", String(16), nullable=False),  # one of `domain.notifications.ChannelKind`
    Column("language", String(8), nullable=False),  # of its messages
    Column("shown", String(300), nullable=False),  # its destination without secrets
    Column("sealed", Text, nullable=False),  # its destination and secret, encrypted (`notifications.sealing`)
    Column("is_enabled", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    # When a sender looks at it next: a delivery is due, or the claim has expired. NULL: there is nothing to send.
    Column("due_at", UtcDateTime),
    Column("not_before", UtcDateTime),  # end of the pause after a message or a failure; NULL: there was none
    Column("claim", String(36)),  # token of the sender that has claimed it; others write nothing
    Column("failures", Integer, nullable=False),  # consecutive
    Column("last_sent_at", UtcDateTime),
    Column("last_error", JSON(none_as_null=True)),  # `notifications.outcome.Failed`; NULL: the last attempt succeeded
)
Index("ix_channels_owner", channels.c.user_id, channels.c.created_at, channels.c.id)
CHANNEL_DUE: Final = text("due_at IS NOT NULL")  # of partial indexes: queries must use the same text
Index("ix_channels_due", channels.c.due_at, sqlite_where=CHANNEL_DUE, postgresql_where=CHANNEL_DUE)

rules = Table(
    "notification_rules",
    metadata,
    Column("id", String(36), primary_key=True),
    _user(),
    Column("name", String(100), nullable=False),
    Column("is_enabled", Boolean, nullable=False),
    Column("kinds", JSON, nullable=False),  # of `domain.notifications.NotificationKind`
    Column("min_risk", String(16), nullable=False),  # of findings
    Column("targets", JSON, nullable=False),  # domains of targets; []: all
    Column("all_users", Boolean, nullable=False),  # covers all scans, as long as the owner is an administrator
    Column("channel_ids", JSON, nullable=False),  # deleted ones are removed; []: the feed only
    Column("timing", JSON, nullable=False),  # `domain.notifications.Timing`
    Column("digest_at", UtcDateTime),  # when the collected notifications are sent; NULL: there are none
    Column("created_at", UtcDateTime, nullable=False),
)
Index("ix_notification_rules_owner", rules.c.user_id, rules.c.created_at, rules.c.id)
OF_ALL: Final = text("all_users")
Index("ix_notification_rules_all", rules.c.id, sqlite_where=OF_ALL, postgresql_where=OF_ALL)
GATHERED: Final = text("digest_at IS NOT NULL")
Index("ix_notification_rules_digest", rules.c.digest_at, sqlite_where=GATHERED, postgresql_where=GATHERED)

# One row per user: numbers are assigned by updating `last_seq`, so that the order of commits is that of the numbers.
feeds = Table(
    "notification_feeds",
    metadata,
    _user(primary_key=True),
    Column("last_seq", Integer, nullable=False),
    # Increased whenever notifications are marked as read. The default is for servers of a version without it.
    Column("read_revision", Integer, nullable=False, server_default="0"),
)

notifications = Table(
    "notifications",
    metadata,
    _user(primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("id", String(36), nullable=False, unique=True),
    Column("kind", String(24), nullable=False),  # one of `domain.notifications.NotificationKind`
    Column("task_id", String(36)),  # no foreign key: notifications outlive their task
    Column("content", JSON, nullable=False),  # `notifications.content.Content`
    Column("created_at", UtcDateTime, nullable=False),
    Column("read_at", UtcDateTime),
)
UNREAD: Final = text("read_at IS NULL")
Index(
    "ix_notifications_unread",
    notifications.c.user_id,
    notifications.c.seq,
    sqlite_where=UNREAD,
    postgresql_where=UNREAD,
)
Index("ix_notifications_created_at", notifications.c.created_at)
Index("ix_notifications_task", notifications.c.task_id, notifications.c.kind, notifications.c.created_at)

# The findings of a target of which a rule has notified. They are one document, because a scan can have a thousand
# findings, which are written in one transaction.
told_findings = Table(
    "told_findings",
    metadata,
    Column("rule_id", String(36), ForeignKey("notification_rules.id", ondelete="CASCADE"), primary_key=True),
    Column("owner_id", String(36), primary_key=True),  # of the scans
    Column("target_domain", String(253), primary_key=True),
    Column("known", JSON, nullable=False),  # `notifications.told.ToldFindings`
)
Index("ix_told_findings_owner", told_findings.c.owner_id)  # which has no foreign key

# Notifications that wait for the next digest of a rule.
digest_items = Table(
    "digest_items",
    metadata,
    Column("rule_id", String(36), ForeignKey("notification_rules.id", ondelete="CASCADE"), primary_key=True),
    Column("notification_id", String(36), primary_key=True),
    Column("content", JSON, nullable=False),  # the notification's
)

# What came while many deliveries waited in a channel, and leaves by it together.
crowded_items = Table(
    "crowded_items",
    metadata,
    Column("channel_id", String(36), ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True),
    Column("notification_id", String(36), primary_key=True),
    Column("content", JSON, nullable=False),  # the notification's
    Column("due_at", UtcDateTime, nullable=False),  # when it leaves with all others of the channel
)
Index("ix_crowded_items_due", crowded_items.c.due_at)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", String(36), primary_key=True),  # sent with each attempt: receivers recognise duplicates by it
    Column("channel_id", String(36), ForeignKey("channels.id", ondelete="CASCADE"), nullable=False),
    _user(),
    Column("source", String(80), nullable=False),  # the notification or digest that it sends
    Column("contents", JSON, nullable=False),  # of its notifications
    Column("status", String(8), nullable=False),  # one of `domain.notifications.DeliveryStatus`
    Column("attempts", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("next_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),  # it is not retried after this time
    Column("sent_at", UtcDateTime),
    Column("error", JSON(none_as_null=True)),  # of the last attempt; NULL: none failed
)
# A channel has at most one delivery per source.
Index("uq_deliveries_source", deliveries.c.channel_id, deliveries.c.source, unique=True)
WAITING: Final = text("status = 'waiting'")
Index(
    "ix_deliveries_waiting",
    deliveries.c.channel_id,
    deliveries.c.next_at,
    deliveries.c.id,
    sqlite_where=WAITING,
    postgresql_where=WAITING,
)
Index("ix_deliveries_owner", deliveries.c.user_id, deliveries.c.created_at, deliveries.c.id, deliveries.c.status)
Index("ix_deliveries_created_at", deliveries.c.created_at)
