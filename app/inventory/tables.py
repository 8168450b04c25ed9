"""Tables of stored differences between scans, and of the third parties of every site."""

from typing import Final

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text, text

from app.core.tables import UtcDateTime, metadata

# One row per pair of compared runs (`inventory.differences`), so that the two stores are read once.
scan_differences = Table(
    "scan_differences",
    metadata,
    Column("task_id", String(36), ForeignKey("scan_tasks.id", ondelete="CASCADE"), primary_key=True),
    Column("run", Integer, primary_key=True),
    Column("against_task_id", String(36), ForeignKey("scan_tasks.id", ondelete="CASCADE"), primary_key=True),
    Column("against_run", Integer, primary_key=True),
    Column("version", Integer, nullable=False),  # of the comparison: a row with another version is computed again
    Column("made_at", UtcDateTime, nullable=False),
    Column("counts", JSON, nullable=False),  # of all, by section and change
    Column("body", LargeBinary, nullable=False),  # the differences, the most urgent first, as the version has them
)
Index("ix_scan_differences_against", scan_differences.c.against_task_id)

# One row per third party and site (an owner's target). The row is kept while the site exists, even if the newest scan
# no longer contains the third party, so that it is not new when it returns; of these at most `keeper.MAX_ABSENT`.
site_parties = Table(
    "site_parties",
    metadata,
    # No foreign key: an owner has thousands of rows, which are removed in batches (`inventory.keeper`).
    Column("user_id", String(36), primary_key=True),
    Column("target_domain", String(253), primary_key=True),
    Column("domain", String(253), primary_key=True),
    Column("is_present", Boolean, nullable=False),  # the current results of the site contain it
    Column("category", String(32), nullable=False),
    Column(
        "has_service", Boolean, nullable=False, server_default=text("FALSE")
    ),  # one of its hosts is that of a known service
    Column("relation", String(16), nullable=False),  # the strongest
    Column("reference_count", Integer, nullable=False),
    Column("hidden", Integer, nullable=False),  # number of hidden references
    Column("page", Text, nullable=False),  # one page that refers to it
    Column("script", Text, nullable=False),  # one script or frame that is loaded from it; "": none
    Column("outcome", String(16), nullable=False),  # `domain.third_parties.Outcome`
    Column("registrar", Text, nullable=False),  # "": its registry was not queried, or did not state it
    Column("registered_on", String(10), nullable=False),
    Column("title", Text, nullable=False),  # of its page
    Column("first_seen_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("task_id", String(36), nullable=False),  # the last scan that found it, together with `attempt`
    Column("attempt", Integer, nullable=False),
    Column("run", Integer, nullable=False),  # of that attempt: its findings have it
    # `inventory.memories.text_of`, parsed when it is needed. NULL: no scan has found it since the version that
    # introduced it.
    Column("memory", Text),
    # Pages of the site that refer to it, equal ones once. NULL: written by an older version.
    Column("page_count", Integer),
)
PRESENT: Final = text("is_present")  # in the words of the indexes
# A list of all third parties reads only the index.
_LISTED: Final = ("category", "first_seen_at", "has_service", "page_count")
for _name, _columns in (("domain", ("domain", "user_id", *_LISTED)), ("owner", ("user_id", "domain", *_LISTED))):
    Index(
        f"ix_site_parties_{_name}",
        *(site_parties.c[_column] for _column in _columns),
        sqlite_where=PRESENT,
        postgresql_where=PRESENT,
    )
Index("ix_site_parties_ever", site_parties.c.domain, site_parties.c.user_id, site_parties.c.target_domain)

# One row per service that a third party of a site belongs to: hosts of one domain may belong to several services. Kept
# as long as the third party's row.
site_services = Table(
    "site_services",
    metadata,
    Column("user_id", String(36), primary_key=True),
    Column("target_domain", String(253), primary_key=True),
    Column("domain", String(253), primary_key=True),
    Column("service", String(128), primary_key=True),  # its name
    Column("category", String(32), nullable=False),  # of the service
    Column("is_present", Boolean, nullable=False),
    Column("first_seen_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("task_id", String(36), nullable=False),
    Column("attempt", Integer, nullable=False),
)
_OF_SERVICES: Final = ("domain", "target_domain", "category", "first_seen_at", "last_seen_at")
_INDEXES: Final[dict[str, tuple[str, ...]]] = {
    "service": ("service", "user_id", *_OF_SERVICES),
    "owner": ("user_id", "service", *_OF_SERVICES),
    "domain": ("domain", "user_id", "service", "category"),
}
for _name, _listed in _INDEXES.items():
    Index(
        f"ix_site_services_{_name}",
        *(site_services.c[_column] for _column in _listed),
        sqlite_where=PRESENT,
        postgresql_where=PRESENT,
    )

# One row per change of the owner, content or certificate of a third party that a scan of a site has found. Kept while
# the site exists, even if the scans are deleted.
party_changes = Table(
    "party_changes",
    metadata,
    Column("user_id", String(36), primary_key=True),
    Column("target_domain", String(253), primary_key=True),
    Column("task_id", String(36), primary_key=True),  # the scan that found it, together with `attempt`
    Column("run", Integer, primary_key=True),
    Column("number", Integer, primary_key=True),  # among the changes of the run, so that writing again adds no row
    Column("attempt", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),  # end of the run
    Column("domain", String(253), nullable=False),
    Column("section", String(16), nullable=False),  # `domain.differences.Section`
    Column("aspect", String(32), nullable=False),
    Column("name", Text, nullable=False),  # the domain or the host
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("url", Text, nullable=False),  # captured URL; "": none
)
Index("ix_party_changes_domain", party_changes.c.domain, party_changes.c.at)
Index("ix_party_changes_owner", party_changes.c.user_id, party_changes.c.domain, party_changes.c.at)

# The run whose third parties `site_parties` contains for a site. It is written last, after all of them: before the
# first ones a row says only that they are being written (`note_begun`).
site_inventories = Table(
    "site_inventories",
    metadata,
    Column("user_id", String(36), primary_key=True),
    Column("target_domain", String(253), primary_key=True),
    Column("task_id", String(36), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("completed_at", UtcDateTime, nullable=False),  # of the run
    # Of the listing (`inventory.queries.parties`): a site that another version has listed is listed again.
    Column("version", Integer, nullable=False, server_default=text("0")),
    Column("own", Text),  # what captured pages of the site showed (`inventory.memories.own_text_of`); NULL: unknown
    Column("run", Integer),  # of that attempt; NULL: written by an older version
)
# The findings of all listed runs are looked for.
Index(
    "ix_site_inventories_runs",
    site_inventories.c.user_id,
    site_inventories.c.task_id,
    site_inventories.c.run,
)
