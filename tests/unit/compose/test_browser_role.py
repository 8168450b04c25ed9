"""Who may be made a role of browser workers, and that it is given its rights as often as somebody asks."""

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from sqlalchemy import text

from app.compose.browser_role import grant_browser_role
from app.core.db import Database, DatabaseUnavailable
from app.core.db_backend import Failure
from app.core.deployment import BROWSER_QUEUE
from app.core.errors import ConfigurationError
from app.core.ids import new_id
from app.migrations.runner import read_revision
from app.scans.queries import workers
from app.scans.queries.workers import WorkerDescription
from app.scanstore.postgres.store import Attempt
from app.scanstore.postgres.stores import PostgresScanStores
from app.scanstore.renders import RenderAnswer, RenderOrder, RenderOutcome
from tests.support.postgres import Cluster
from tests.support.said import said

pytestmark = pytest.mark.system
ROLE = "rendering"
ANSWER = RenderAnswer(RenderOutcome.RENDERED, "", "http://a.test/", "title", b"\xff\xd8picture", b"packed", b"log")
OTHERS = {"member": "IN ROLE pg_monitor", "superuser": "SUPERUSER", "maker": "CREATEROLE", "copier": "REPLICATION"}


@pytest.fixture
def db(postgres: Cluster, postgres_database: str) -> Iterator[Database]:
    with postgres.connection() as connection:
        for name, attribute in {ROLE: "", **OTHERS}.items():
            connection.execute(f"CREATE ROLE {name} LOGIN {attribute}")
    db = Database(postgres_database)
    yield db
    db.close_sync()
    with postgres.connection(postgres_database.rpartition("/")[2]) as connection:
        for name in (ROLE, *OTHERS):
            connection.execute(f"DROP OWNED BY {name}")
            connection.execute(f"DROP ROLE {name}")


def as_role(url: str, role: str = ROLE) -> Database:
    return Database(url.replace("://postgres@", f"://{role}@"))


def test_rights_that_it_had_before_are_taken(db, postgres_database):
    db.write_sync(lambda connection: connection.execute(text(f"GRANT ALL ON users, scan_tasks TO {ROLE}")))
    db.write_sync(lambda connection: connection.execute(text(f"GRANT SELECT (password_hash) ON users TO {ROLE}")))
    db.write_sync(lambda connection: connection.execute(text(f"GRANT ALL ON SCHEMA public TO {ROLE}")))
    database = postgres_database.rpartition("/")[2]
    db.write_sync(lambda connection: connection.execute(text(f'GRANT ALL ON DATABASE "{database}" TO {ROLE}')))
    for _ in range(2):
        grant_browser_role(db, ROLE)
    role = as_role(postgres_database)
    try:
        assert read_revision(role) == read_revision(db)
        for query in (
            "SELECT password_hash FROM users",
            "UPDATE scan_tasks SET status = 'completed'",
            "CREATE TABLE public.own (id int)",
            "CREATE SCHEMA own",
        ):
            with pytest.raises(DatabaseUnavailable) as refused:
                role.write_sync(lambda connection, query=query: connection.execute(text(query)))
            assert refused.value.failure is Failure.REFUSED
    finally:
        role.close_sync()


def test_these_rights_are_enough_to_render(db, postgres_database, postgres_run):
    grant_browser_role(db, ROLE)
    role, stores = as_role(postgres_database), PostgresScanStores(as_role(postgres_database).url)
    renders = postgres_run.stores.renders(Attempt(postgres_run.task_id, 1, postgres_run.attempt))
    orders = [RenderOrder(new_id(), f"http://{name}.test/", 15.0, needs_document=False) for name in "abc"]
    worker = WorkerDescription("worker-1", "host", "1", (BROWSER_QUEUE,), 1)
    try:
        with closing(postgres_run.open()) as store:
            store.hosts()  # takes it for the attempt
        renders.put(orders)
        assert stores.leases.is_any_wanted()
        leased = [order.id for order in stores.leases.lease("me", 3)]
        assert stores.leases.renew("me", leased) == set(leased)
        assert stores.leases.finish("me", leased[0], ANSWER)
        stores.leases.give_back("me", counts=True)
        with postgres_run.engine.begin() as connection:
            connection.execute(text("UPDATE scan_drawings SET tries = 3 WHERE outcome IS NULL"))
        assert stores.leases.lease("me", 3) == []  # those were given up
        stores.leases.forget_over()
        assert renders.answer(leased[0]) == ANSWER
        for _ in range(2):
            began = role.write_sync(lambda connection: workers.beat(connection, worker, None))
        assert role.write_sync(lambda connection: workers.beat(connection, worker, began)) == began
        assert [one.id for one in role.read_sync(workers.known)] == [worker.id]
        role.write_sync(lambda connection: workers.leave(connection, worker.id))
        assert db.read_sync(workers.known) == []
    finally:
        stores.close()
        role.close_sync()


def test_a_role_without_rights_is_told_so(db, postgres_database):
    role = as_role(postgres_database)
    try:
        with pytest.raises(DatabaseUnavailable) as refused:
            read_revision(role)
    finally:
        role.close_sync()
    assert refused.value.failure is Failure.REFUSED


@pytest.mark.parametrize("name", ["postgres", *OTHERS])
def test_a_role_that_may_do_more_is_refused(db, name):
    """That of the program among them: its rights would be taken."""
    with pytest.raises(ConfigurationError) as refused:
        grant_browser_role(db, name)
    assert refused.value.message == said("error.browser_role_not_limited", role=name)


@pytest.mark.parametrize("table", ["CREATE TABLE own (id int)", ""])
def test_an_owner_is_refused(db, postgres, postgres_database, table):
    with postgres.connection(postgres_database.rpartition("/")[2]) as connection:
        connection.execute(f"CREATE SCHEMA AUTHORIZATION {ROLE} {table}")
    with pytest.raises(ConfigurationError):
        grant_browser_role(db, ROLE)


def test_a_role_that_does_not_exist_is_named(db, postgres, postgres_database):
    name = 'nobody"; DROP TABLE users; --'
    with pytest.raises(ConfigurationError) as refused:
        grant_browser_role(db, name)
    assert refused.value.message == said("error.browser_role_unknown", role=name)
    with postgres.connection(postgres_database.rpartition("/")[2]) as connection:
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (0,)


def test_nothing_is_granted_where_something_fails(db, postgres, postgres_database):
    with postgres.connection(postgres_database.rpartition("/")[2]) as connection:
        connection.execute("ALTER TABLE workers RENAME TO workers_of_before")
        try:
            with pytest.raises(Exception, match="workers"):
                grant_browser_role(db, ROLE)
            query = "SELECT has_table_privilege(%s, 'alembic_version', 'SELECT')"
            assert connection.execute(query, (ROLE,)).fetchone() == (False,)
        finally:
            connection.execute("ALTER TABLE workers_of_before RENAME TO workers")
            connection.execute("SELECT 1")
    with psycopg.connect(postgres_database.replace("+psycopg", "")) as connection:
        assert connection.execute("SELECT count(*) FROM workers").fetchone() == (0,)
