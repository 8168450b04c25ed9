"""What evidence says of hidden links, of guards and of visitors becomes fields. Before, all stood in its provenance.

Programs of the version before, which may still be at work, write it as before; of theirs people see the provenance as
it is.
"""

import json
from typing import Any

from alembic import op
from sqlalchemy import text

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

HIDDEN_BY = "; hidden by "
RENDERED = "; rendered"
GUARDS = "; guards: "
SHOWN_TO = "; shown to "
VISITORS = frozenset({"robot", "search", "phone", "newcomer", "browser"})
AT_ONCE = 500  # rows
FIND = text(
    "SELECT id, evidence FROM violations WHERE id > :last AND (CAST(evidence AS TEXT) LIKE '%; hidden by %'"
    " OR CAST(evidence AS TEXT) LIKE '%; guards: %' OR CAST(evidence AS TEXT) LIKE '%; shown to %')"
    " ORDER BY id LIMIT :limit"
)
WRITE = text("UPDATE violations SET evidence = CAST(:evidence AS JSON) WHERE id = :id")
WRITE_SQLITE = text("UPDATE violations SET evidence = :evidence WHERE id = :id")


def upgrade() -> None:
    connection = op.get_bind()
    write = WRITE_SQLITE if connection.dialect.name == "sqlite" else WRITE
    last = ""
    while rows := connection.execute(FIND, {"last": last, "limit": AT_ONCE}).all():
        connection.execute(write, [{"id": row.id, "evidence": json.dumps(_items(row.evidence))} for row in rows])
        last = rows[-1].id


def _items(evidence: Any) -> list[dict[str, Any]]:
    items = json.loads(evidence) if isinstance(evidence, str) else evidence
    return [{**item, **fields_of(item.get("provenance", ""))} for item in items]


def fields_of(provenance: str) -> dict[str, Any]:
    """Return the fields that a provenance of the version before held, and what is left of it."""
    source, _, hidden = provenance.partition(HIDDEN_BY)
    kind, _, page = hidden.partition(" on ")
    source, _, visitor = source.partition(SHOWN_TO)
    is_rendered = source.endswith(RENDERED)
    source, _, guards = source.removesuffix(RENDERED).partition(GUARDS)
    return {
        "provenance": source,
        "guards": guards.split(", ") if guards else [],
        "hidden_by": kind or None,
        "rendered": is_rendered,
        "page_url": page,
        "shown_to": visitor if visitor in VISITORS else None,
    }
