"""Texts of PostgreSQL are compared by their bytes, as SQLite does.

The order of a language's collation comes from the system's C library: an update of that changes it, and indexes and the
bounds of partitions are wrong from then on. Names and identifiers need no language; bytes compare faster, too.
"""

from itertools import groupby
from typing import Final

from sqlalchemy import Connection

# Columns of our schema with the database's own collation (100). Those of partitions follow their table.
_OTHERS: Final = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND a.attnum > 0 AND NOT a.attisdropped AND a.attcollation = 100
ORDER BY c.relname, a.attnum
"""


def compare_bytes(connection: Connection) -> None:
    """Give every text column the collation "C". Columns that have it already cost nothing; SQLite needs nothing."""
    if connection.dialect.name == "sqlite":
        return
    quote = connection.dialect.identifier_preparer.quote
    found = connection.exec_driver_sql(_OTHERS).all()
    for table, columns in groupby(found, key=lambda row: row[0]):
        changes = (f'ALTER COLUMN {quote(name)} TYPE {kind} COLLATE "C"' for _, name, kind in columns)
        connection.exec_driver_sql(f"ALTER TABLE {quote(table)} {', '.join(changes)}")
