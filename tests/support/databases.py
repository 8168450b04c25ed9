"""Marks for tests that are about one kind of database."""

import pytest

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
postgres_only = pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.system)], indirect=True
)
files_only = pytest.mark.parametrize("scan", ["sqlite"], indirect=True)
