"""Current results of each site and their totals: written when a scan ends, so that readers need not count runs."""

from datetime import date
from typing import Final

from sqlalchemy import JSON, Column, Date, ForeignKey, Index, Integer, String, Table, text

from app.core.tables import UtcDateTime, metadata
from app.domain.findings import COUNTED

NOW: Final = date.max  # the day under which `open_counts` has the current numbers


def _user() -> "Column[str]":
    return Column("user_id", String(36), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)


def _counts() -> "list[Column[int]]":
    return [Column(name, Integer, nullable=False, server_default="0") for name in COUNTED]


# One row per owner and target with an ended run, in a task that is not deleted (`site_counts.service`).
sites = Table(
    "sites",
    metadata,
    _user(),
    Column("target_domain", String(253), primary_key=True),
    # The run that ended last. NULL in a row that is about to be written.
    Column("task_id", String(36)),
    Column("attempt", Integer),
    Column("status", String(16)),
    Column("verdict", JSON(none_as_null=True)),
    Column("completed_at", UtcDateTime),
    # The run with the current results, the newest conclusive one if there is one, and its open findings.
    Column("shown_task_id", String(36)),
    Column("shown_attempt", Integer),
    *_counts(),
    # Digits whose order is that of the overview: highest risk first, then inconclusive scans, then newest.
    Column("urgency", String(64)),
    # The newest completed scan if it has findings that need a review; else NULL.
    Column("review_task_id", String(36)),
    Column("review_at", UtcDateTime),
)
Index("ix_sites_worst", sites.c.urgency)
Index("ix_sites_owner_worst", sites.c.user_id, sites.c.urgency)
IN_REVIEW: Final = text("review_at IS NOT NULL")  # in the words of the indexes
for _name, _columns in (("review", ()), ("owner_review", (sites.c.user_id,))):
    Index(
        f"ix_sites_{_name}",
        *_columns,
        sites.c.review_at,
        sites.c.review_task_id,
        sqlite_where=IN_REVIEW,
        postgresql_where=IN_REVIEW,
    )

# The change in open findings of a site on a day (UTC), for days with a change.
site_changes = Table(
    "site_changes",
    metadata,
    _user(),
    Column("target_domain", String(253), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("sites", Integer, nullable=False, server_default="0"),
    *_counts(),
)

# The same for all sites of an owner, and under the day NOW the current numbers.
open_counts = Table(
    "open_counts",
    metadata,
    Column("day", Date, primary_key=True),
    _user(),
    Column("sites", Integer, nullable=False, server_default="0"),
    *_counts(),
)
Index("ix_open_counts_owner", open_counts.c.user_id, open_counts.c.day)
