"""Differences between scans, as they were made, and the third parties of every site."""

from typing import Final

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text, text

from app.core.tables import UtcDateTime, metadata

# One row a pair of runs that somebody has compared (`inventory.differences`): two stores are read once for it.
scan_differences = Table(
    "scan_differences",
    metadata,
    Column("task_id", String(36), ForeignKey("scan_tasks.id", ondelete="CASCADE"), primary_key=True),
    Column("run", Integer, primary_key=True),
    Column("against_task_id", String(36), ForeignKey("scan_tasks.id", ondelete="CASCADE"), primary_key=True),
    Column("against_run", Integer, primary_key=True),
    Column("version", Integer, nullable=False),  # of the comparison: a row of another one is made anew
    Column("made_at", UtcDateTime, nullable=False),
    Column("counts", JSON, nullable=False),  # of all, by section and change
    Column("body", LargeBinary, nullable=False),  # the differences, the most urgent first, as the version has them
)
Index("ix_scan_differences_against", scan_differences.c.against_task_id)

# One row a third party of a site: an owner's target. It stays when the newest scan has it no more, as long as the site
# does: so one that comes back is known from before.
site_parties = Table(
    "site_parties",
    metadata,
    # No foreign key: there are thousands of an owner, and they go piece by piece (`inventory.keeper`).
    Column("user_id", String(36), primary_key=True),
    Column("target_domain", String(253), primary_key=True),
    Column("domain", String(253), primary_key=True),
    Column("is_present", Boolean, nullable=False),  # the scan whose results stand for the site has it
    Column("category", String(32), nullable=False),
    Column("relation", String(16), nullable=False),  # the strongest
    Column("reference_count", Integer, nullable=False),
    Column("hidden", Integer, nullable=False),  # how many of these are hidden
    Column("page", Text, nullable=False),  # one page that refers to it
    Column("script", Text, nullable=False),  # one script or frame that is loaded from it; "": none
    Column("outcome", String(16), nullable=False),  # `domain.third_parties.Outcome`
    Column("registrar", Text, nullable=False),  # "": its registry was not asked, or did not say
    Column("registered_on", String(10), nullable=False),
    Column("title", Text, nullable=False),  # of what it shows
    Column("first_seen_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("task_id", String(36), nullable=False),  # the scan that saw it last, with the next
    Column("attempt", Integer, nullable=False),
    Column("run", Integer, nullable=False),  # of that attempt: its findings have it
)
PRESENT: Final = text("is_present")  # in the words of the indexes
_LISTED: Final = ("category", "first_seen_at")  # a list of all is one of an index alone
for _name, _columns in (("domain", ("domain", "user_id", *_LISTED)), ("owner", ("user_id", "domain", *_LISTED))):
    Index(
        f"ix_site_parties_{_name}",
        *(site_parties.c[_column] for _column in _columns),
        sqlite_where=PRESENT,
        postgresql_where=PRESENT,
    )
Index("ix_site_parties_ever", site_parties.c.domain, site_parties.c.user_id, site_parties.c.target_domain)

# Of which run `site_parties` has the third parties of a site: written last, when all of them are there.
site_inventories = Table(
    "site_inventories",
    metadata,
    Column("user_id", String(36), primary_key=True),
    Column("target_domain", String(253), primary_key=True),
    Column("task_id", String(36), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("completed_at", UtcDateTime, nullable=False),  # of the run
)
