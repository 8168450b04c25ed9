"""How PostgreSQL carries out every query on tables that have grown: what `test_plans` asks of SQLite, there.

PostgreSQL decides by size and statistics, so the tables are filled: one user has half of the tasks, one task a long
log. Each plan is read twice, made for the values at hand and made for any values, since a statement that is sent often
is planned once for all.
"""

import asyncio
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import event

from app.compose.tables import metadata
from app.core.clock import SystemClock
from app.core.db import Database
from app.domain.projection import TaskProjection
from app.migrations.partitions import make_ahead
from app.migrations.runner import migrate
from tests.unit.test_plans import ELSEWHERE, FEW, ID, INSERTS, SORTED, WALK, WHOLE_LOGS, Undo, undone

pytestmark = pytest.mark.system

TASKS = 20_000
PAGE = 1_000  # rows that may be sorted
GROWN = 500  # rows from which on a table is not looked through
MODES = ("force_custom_plan", "force_generic_plan")
OF_ONE_RUN = "of one run, all of which are read: the table's order is cheaper"
SORTED_HERE = {
    **SORTED,
    "findings.of_run": OF_ONE_RUN,
    "findings.with_rules_of_run": OF_ONE_RUN,
    "violations.known_violations": OF_ONE_RUN,
}
FILL = Path(__file__).parents[1] / "support" / "grown.sql"


def filling():
    """The statements that fill the tables."""
    text = FILL.read_text("utf-8").replace(":tasks", str(TASKS)).replace(":id", ID)
    for name in ("stages", "statistics"):
        text = text.replace(f":{name}", json.dumps(TaskProjection().to_columns()[name]))
    return text


@pytest.fixture(scope="module")
def db(postgres) -> Iterator[Database]:
    with postgres.new_database() as url:
        database = Database(url)
        migrate(database, clock=SystemClock())
        now = datetime.now(UTC)
        for months in range(13):
            database.write_sync(lambda c, ago=months: make_ahead(c, now - timedelta(days=30 * ago)))
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(filling())
            connection.execute("VACUUM ANALYZE")
        yield database
        asyncio.run(database.close())


@pytest.fixture(scope="module")
def grown(db) -> set[str]:
    """The names of the tables and partitions that have grown."""
    query = "SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples >= %(rows)s"
    return set(db.read_sync(lambda c: c.exec_driver_sql(query, {"rows": GROWN}).scalars().all()))


def sent_by(db, work):
    sent = []

    def note(_connection, _cursor, statement, parameters, _context, executemany):
        if not executemany and not statement.startswith((*INSERTS, "LOCK TABLE", "SAVEPOINT", "SELECT pg_")):
            sent.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        db.write_sync(lambda c: undone(c, work))
    except Undo:
        pass  # as intended: the next walk finds the same rows
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return sent


def plans_of(db, work, *modes):
    """(statement, mode, plan) of everything that `work` sends."""
    sent = sent_by(db, work)

    def explain(connection):
        return [(text, mode, plan_of(connection, text, values, mode)) for mode in modes for text, values in sent]

    return db.write_sync(explain)


def plan_of(connection, statement, parameters, mode):
    """The plan of a statement that is prepared as psycopg prepares it."""
    names = re.findall(r"%\((\w+)\)s", statement)
    for number, name in enumerate(names, start=1):
        statement = statement.replace(f"%({name})s", f"${number}", 1)
    with psycopg.ClientCursor(connection.connection.dbapi_connection) as raw:
        values = raw.mogrify(",".join(["%s"] * len(names)), [parameters[name] for name in names])
        raw.execute(f"SET LOCAL plan_cache_mode = {mode}")
        raw.execute(f"PREPARE walked AS {statement.replace('%%', '%')}")
        raw.execute(f"EXPLAIN (FORMAT JSON) EXECUTE walked{f'({values})' if names else ''}")
        ((plan,),) = raw.fetchall()
        raw.execute("DEALLOCATE walked")
    return plan[0]["Plan"]


def table_of(node):
    """The table that a node reads, through what only keeps or passes on its rows; "" for more than one."""
    below = node.get("Plans", ())
    return node.get("Relation Name") or (table_of(below[0]) if len(below) == 1 else "")


def faults_of(node, grown, *, bounded=False):
    """What is wrong with a plan. `bounded`: a limit ends what is read, and nothing between reads all of it first."""
    kind = node["Node Type"]
    table, condition = node.get("Relation Name", ""), node.get("Index Cond", "")
    is_grown = table in grown or any(name.startswith(table) for name in grown if table)
    if kind == "Seq Scan" and is_grown and not (bounded and "Filter" not in node):
        yield f"looks through {table}"
    if kind in ("Index Scan", "Index Only Scan") and is_grown and node["Index Name"] not in FEW:
        if not condition and not bounded:
            yield f"looks through {node['Index Name']}"
        is_log = re.match("task_(events|logs)", table)
        whole = is_log and re.fullmatch(r"\(\(?task_id\)?(::text)? = [^()]*(\([^()]*\))*[^()]*\)", condition)
        if whole and (not bounded or "type" in node.get("Filter", "")):
            yield f"goes through a whole log: {condition} {node.get('Filter')}"
    if kind.endswith("Sort") and node["Plans"][0]["Plan Rows"] > PAGE:
        yield f"sorts {node['Plans'][0]['Plan Rows']} rows"
    by_domain = kind == "Nested Loop" and "domain" in node.get("Join Filter", "")
    if by_domain and {table_of(below) for below in node["Plans"]} == {"findings", "violations"}:  # thousands of one run
        yield f"compares each row with each: {node['Join Filter']}"
    if kind == "Limit":
        bounded = True
    elif kind in ("Sort", "Aggregate", "WindowAgg", "Hash", "Bitmap Heap Scan"):
        bounded = False
    for below in node.get("Plans", ()):
        yield from faults_of(below, grown, bounded=bounded)


@pytest.mark.parametrize("name", [*WALK, *ELSEWHERE])
def test_no_query_looks_through_a_table_that_grows_and_none_sorts_more_than_a_page(db, grown, name):
    plans = plans_of(db, {**WALK, **ELSEWHERE}[name], *MODES)
    faults = [(fault, mode, statement) for statement, mode, plan in plans for fault in faults_of(plan, grown)]
    if name in SORTED_HERE:
        faults = [fault for fault in faults if "sorts" not in fault[0]]
    if name in WHOLE_LOGS:
        faults = [fault for fault in faults if "whole log" not in fault[0]]
    assert not faults


@pytest.mark.parametrize("name", ["tasks.list_page", "violations.list_page"])
def test_a_page_and_its_total_are_read_from_indexes_alone(db, name):
    def reads(node):
        yield from (below for plan in node.get("Plans", ()) for below in reads(plan))
        if "Relation Name" in node:
            yield node

    for statement, _, plan in plans_of(db, WALK[name], MODES[0]):
        for node in reads(plan):
            condition = node.get("Index Cond", node.get("Recheck Cond", ""))
            is_by_key = re.match(r"\(\(?id\)?", condition) or all(
                re.search(rf"\b{name}\b.*? = ", condition) for name in ("task_id", "domain", "cause", "run")
            )
            assert node["Node Type"] == "Index Only Scan" or is_by_key, (statement, node)


def test_what_hangs_on_a_row_is_found_by_an_index_when_it_is_removed(db):
    led = db.read_sync(lambda c: set(c.exec_driver_sql(LEADING).all()))
    for table in metadata.tables.values():
        for key in table.foreign_keys:
            assert (table.name, key.parent.name) in led, key


LEADING = """
SELECT c.relname, a.attname FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0] WHERE i.indpred IS NULL
"""
