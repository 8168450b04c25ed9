"""Sites and their tags."""

from typing import Final

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Table, text

from app.core.tables import UtcDateTime, metadata

# One row a domain that a user has watched. Which scans belong to it is said by owner and target, which a scan has as
# well: those from before the site was added, and those that stay when it is deleted (ADR 0072).
managed_sites = Table(
    "managed_sites",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("user_id", String(36), ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("target_domain", String(253), nullable=False),
    Column("group_name", String(100)),
    Column("config", JSON, nullable=False),  # the scan options that its owner has set; the others are the deployment's
    # The schedule: a cron expression in a time zone, or every so many hours; NULL in both: none.
    Column("cron", String(100)),
    Column("time_zone", String(64)),
    Column("every_hours", Integer),
    Column("scheduled_at", UtcDateTime, nullable=False),  # when the schedule was set or resumed; hours count from there
    Column("paused", Boolean, nullable=False),
    # Plan, set while there is a schedule that is not paused: when the next run is due, when it starts, which is a
    # little later (`sites.schedule`), and when it is tried, which is later while it cannot be started.
    Column("due_at", UtcDateTime),
    Column("next_run_at", UtcDateTime),
    Column("try_at", UtcDateTime),
    Column("waits_for", String(64)),  # code of the reason why it could not be started; NULL: it was not tried yet
    # The run that the schedule started last. `last_missed`: how many more were due before it started.
    Column("last_task_id", String(36)),
    Column("last_due_at", UtcDateTime),
    Column("last_started_at", UtcDateTime),
    Column("last_missed", Integer),
    # Days without a conclusive scan after which it is overdue; NULL: chosen by its schedule (`sites.site`).
    Column("overdue_after_days", Integer),
    Column("overdue_since", UtcDateTime),  # NULL: it is not. What notifies people reads it
    Column("created_at", UtcDateTime, nullable=False),
)
m = managed_sites.c
Index("uq_managed_sites_target", m.user_id, m.target_domain, unique=True)
# A list by name, of all and of a user, with all that it is filtered by: a page and its total are read from the index.
Index("ix_managed_sites_list", m.target_domain, m.id, m.group_name, m.overdue_since)
Index("ix_managed_sites_owner", m.user_id, m.target_domain, m.id, m.group_name, m.overdue_since)
# The sites of a group, of all and of a user.
Index("ix_managed_sites_groups", m.group_name, m.target_domain, m.id, m.overdue_since)
Index("ix_managed_sites_group", m.user_id, m.group_name, m.target_domain)
PLANNED: Final = text("try_at IS NOT NULL")  # in the words of the index
Index("ix_managed_sites_due", m.try_at, m.next_run_at, m.id, sqlite_where=PLANNED, postgresql_where=PLANNED)
OVERDUE: Final = text("overdue_since IS NOT NULL")
Index("ix_managed_sites_overdue", m.overdue_since, sqlite_where=OVERDUE, postgresql_where=OVERDUE)

site_tags = Table(
    "site_tags",
    metadata,
    Column("site_id", String(36), ForeignKey("managed_sites.id", ondelete="CASCADE"), primary_key=True),
    Column("tag", String(50), primary_key=True),
)
Index("ix_site_tags_tag", site_tags.c.tag, site_tags.c.site_id)
