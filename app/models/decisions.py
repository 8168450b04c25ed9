"""What people have decided about findings."""

from typing import Final

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, text

from app.core.tables import UtcDateTime, metadata
from app.domain.page_looks import DIGITS, ICON_DIGITS

# One row a finding of an owner's target, whichever of their scans found it: the next scan's finding has it as well.
decisions = Table(
    "decisions",
    metadata,
    Column("user_id", String(36), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),  # whose scans
    Column("target_domain", String(253), primary_key=True),
    Column("domain", String(253), primary_key=True),  # this and the next: the finding's id
    Column("cause", String(32), primary_key=True),
    Column("kinds", JSON, nullable=False),  # of the violations that it was made of then
    Column("state", String(16), nullable=False),  # one of `domain.decisions.DecisionState`
    Column("reason", String(500)),
    Column("decided_by", String(36), nullable=False),  # no foreign key: the row outlives the administrator
    Column("decided_by_name", String(64), nullable=False),  # as of then
    Column("decided_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False),  # 1, and one more with each change
    # How the page looked that was confirmed (`domain.page_looks`); NULL: nothing is, or it cannot be told by its look.
    Column("look", String(DIGITS)),
    Column("icon", String(ICON_DIGITS)),  # the same of its icon, when what was confirmed is a fraud
)
WITH_LOOK: Final = text("look IS NOT NULL OR icon IS NOT NULL")  # in the words of the index
Index("ix_decisions_looks", decisions.c.decided_at, sqlite_where=WITH_LOOK, postgresql_where=WITH_LOOK)
