"""Rows of versions."""

from app.core.ids import new_id


def version(definition, number, now, **values):
    """A version whose hashes are made of its number."""
    return {
        "id": new_id(),
        "list_key": definition.key,
        "name": definition.name,
        "kind": definition.kind.value,
        "source": definition.shown_source,
        "layout": "auto",
        "list_date": "2026-11-20",
        "sha256": f"{number:064x}",
        "bytes": 100,
        "entries": 10,
        "duplicates": 0,
        "refused": {},
        "examples": [],
        "file_sha256": f"{number + 1_000:064x}",
        "file_bytes": 100,
        "etag": "",
        "last_modified": "",
        "judged_by": "",
        "fetched_at": now,
        **values,
    }
