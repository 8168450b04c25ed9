"""Channels and rules of users, the feed of what they were notified of, and what is delivered by channels."""

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
    Column("language", String(8), nullable=False),  # of its reader
    Column("shown", String(300), nullable=False),  # where it leads to, as anybody may see it
    Column("sealed", Text, nullable=False),  # where it leads to, and its secret (`notifications.sealing`)
    Column("is_enabled", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    # When a sender is to look at it: there is something to send then, or its sender must have died. NULL: nothing is.
    Column("due_at", UtcDateTime),
    Column("not_before", UtcDateTime),  # its service wants a pause, or it is in trouble; NULL: neither was ever
    Column("claim", String(36)),  # of the sender that is at it; one with another claim writes nothing
    Column("failures", Integer, nullable=False),  # in a row
    Column("last_sent_at", UtcDateTime),
    Column("last_error", JSON(none_as_null=True)),  # `notifications.outcome.Failed`; NULL: the last try went well
)
Index("ix_channels_owner", channels.c.user_id, channels.c.created_at, channels.c.id)
CHANNEL_DUE: Final = text("due_at IS NOT NULL")  # of partial indexes: queries take these very words
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
    Column("all_users", Boolean, nullable=False),  # not only the owner's scans; holds while they are an administrator
    Column("channel_ids", JSON, nullable=False),  # those that are gone are left out; []: the feed alone
    Column("timing", JSON, nullable=False),  # `domain.notifications.Timing`
    Column("digest_at", UtcDateTime),  # when what was gathered is sent; NULL: nothing was
    Column("created_at", UtcDateTime, nullable=False),
)
Index("ix_notification_rules_owner", rules.c.user_id, rules.c.created_at, rules.c.id)
OF_ALL: Final = text("all_users")
Index("ix_notification_rules_all", rules.c.id, sqlite_where=OF_ALL, postgresql_where=OF_ALL)
GATHERED: Final = text("digest_at IS NOT NULL")
Index("ix_notification_rules_digest", rules.c.digest_at, sqlite_where=GATHERED, postgresql_where=GATHERED)

# One row a user: `last_seq` is taken by updating it, so that the order of commits is that of the numbers.
feeds = Table(
    "notification_feeds",
    metadata,
    _user(primary_key=True),
    Column("last_seq", Integer, nullable=False),
)

notifications = Table(
    "notifications",
    metadata,
    _user(primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("id", String(36), nullable=False, unique=True),
    Column("kind", String(24), nullable=False),  # one of `domain.notifications.NotificationKind`
    Column("task_id", String(36)),  # no foreign key: what somebody was told stays
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

# Which findings of a target a rule has told of. One document, not a row for each: a scan may have a thousand, and they
# are written in one transaction.
told_findings = Table(
    "told_findings",
    metadata,
    Column("rule_id", String(36), ForeignKey("notification_rules.id", ondelete="CASCADE"), primary_key=True),
    Column("owner_id", String(36), primary_key=True),  # of the scans
    Column("target_domain", String(253), primary_key=True),
    Column("known", JSON, nullable=False),  # `notifications.told.ToldFindings`
)
Index("ix_told_findings_owner", told_findings.c.owner_id)  # which has no foreign key

# What waits for the next digest of a rule.
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
    Column("id", String(36), primary_key=True),  # goes with each try: a receiver knows doubles by it
    Column("channel_id", String(36), ForeignKey("channels.id", ondelete="CASCADE"), nullable=False),
    _user(),
    Column("source", String(80), nullable=False),  # what it was made of: a notification, or a digest
    Column("contents", JSON, nullable=False),  # of the notifications that it tells
    Column("status", String(8), nullable=False),  # one of `domain.notifications.DeliveryStatus`
    Column("attempts", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("next_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),  # it is given up after this
    Column("sent_at", UtcDateTime),
    Column("error", JSON(none_as_null=True)),  # of the last try; NULL: none failed
)
# One of the same source is the only one of its channel.
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
