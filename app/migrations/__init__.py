"""The schema's history: alembic revisions in `versions`, run by `runner`."""
