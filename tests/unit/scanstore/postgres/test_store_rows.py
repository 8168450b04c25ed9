"""Rows of a run, for those who read."""

from contextlib import closing

import pytest

from app.engines.model import HostFact
from app.scanstore.errors import StoreUnavailable
from app.scanstore.postgres.store_rows import StoreRows

pytestmark = pytest.mark.system


@pytest.fixture
def rows(postgres_run):
    with closing(StoreRows(postgres_run.engine, postgres_run.task_id, 1)) as rows:
        yield rows


def test_a_run_that_has_no_store_has_no_rows(rows):
    assert not rows.present
    assert rows.read("SELECT count(*) FROM pages") == []


def test_the_rows_of_the_run_are_there_until_it_is_closed(postgres_run):
    with closing(postgres_run.open()) as store:
        store.put_host(HostFact("a.test", ("target",)))
    rows = StoreRows(postgres_run.engine, postgres_run.task_id, 1)
    assert rows.present
    assert rows.read("SELECT name, ? FROM hosts", (1,)) == [("a.test", 1)]
    rows.close()
    rows.close()
    assert (rows.present, rows.read("SELECT name FROM hosts")) == (False, [])


def test_what_the_database_refuses_is_an_error_of_the_store(postgres_run):
    postgres_run.open().close()
    with closing(StoreRows(postgres_run.engine, postgres_run.task_id, 1)) as rows:
        with pytest.raises(StoreUnavailable):
            rows.read("SELECT name FROM nowhere")
        assert rows.read("SELECT count(*) FROM hosts") == [(0,)]
