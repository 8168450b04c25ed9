"""For all tests: both kinds of database; what a file of tests has let go of is given back to the system, and what the
run itself keeps is not searched for garbage, which took seconds that counted as the time of what a test measures.

No example of a property has a deadline, and none is too slow to make: tests would fail for what others do on a machine.

The workers of `make test` grew without a leak: the C allocator keeps what pages of many megabytes, large reports and
short-lived threads have freed. After the tests of extraction and analysis a process held 190 MB and used
111 of them.
"""

import asyncio
import ctypes
import gc
import signal
import sys
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from app.core.clock import SystemClock
from app.core.db import Database
from app.migrations.runner import migrate
from tests.support.clock import FakeClock
from tests.support.compiled_statements import share_statements
from tests.support.databases import create_tables
from tests.support.long_runs import ROOT, run_of, share_of
from tests.support.memory_folder import keep_files_in_memory
from tests.support.own_nets import move_worlds
from tests.support.postgres import Cluster, running_cluster
from tests.support.postgres_scans import PostgresScan
from tests.support.system_files import asks_for_marked_alone, holds_nothing_else, may_hold

LIBC = ctypes.CDLL(None)
settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-machine")


def pytest_configure(config: pytest.Config) -> None:
    """Take back what whoever started the run may have had ignored: `nohup`, or `&` in a script.

    An ignored signal is inherited by every process that a test starts, and Ctrl-C would not end it.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    share_statements()
    if not hasattr(config, "workerinput"):  # the workers of a run share its test internet, and its place for files
        move_worlds()
        keep_files_in_memory()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--share", type=int, default=None, help="of the long runs this quarter alone (0 to 3)")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage meanwhile: nearly all that is made stays, and each of six processes looked for seconds."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import files of which `-m` wants no test, unless they are named: each process would, for seconds."""
    named = {Path(argument.partition("::")[0]).absolute() for argument in config.args}
    if collection_path.is_dir() or collection_path in named or not collection_path.match("test_*.py"):
        return None
    wanted = config.getoption("markexpr")
    is_long = run_of(collection_path.relative_to(ROOT).as_posix()) is not None
    if is_long and "not long" in wanted:
        return True
    if "not system" in wanted and holds_nothing_else(collection_path):
        return True
    return True if asks_for_marked_alone(wanted) and not may_hold(collection_path) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what belongs to a long run, and leave out what is not of the quarter that was asked for."""
    share = config.getoption("--share")
    long = {path for path in {item.path for item in items} if run_of(path.relative_to(ROOT).as_posix()) is not None}
    for item in items:
        if item.path in long:
            item.add_marker("long")
        if item.get_closest_marker("system") is not None and not may_hold(item.path):
            raise pytest.UsageError(f"tests.support.system_files does not see that {item.nodeid} is marked")
    if share is not None:
        left = [item for item in items if share_of(item.nodeid) != share]
        items[:] = [item for item in items if share_of(item.nodeid) == share]
        config.hook.pytest_deselected(items=left)


@pytest.fixture(scope="module", autouse=True)
def memory_goes_back() -> Iterator[None]:
    gc.collect()
    gc.freeze()
    yield
    if hasattr(LIBC, "malloc_trim"):  # glibc's
        LIBC.malloc_trim(0)


@pytest.fixture(scope="session", autouse=True)
def fork_servers_end() -> Iterator[None]:
    """Before what they have measured is put together."""
    yield
    if "tests.support.fork_server" in sys.modules:
        sys.modules["tests.support.fork_server"].end_all()
    if "tests.support.programs" in sys.modules:
        sys.modules["tests.support.programs"].end_servers()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A server of PostgreSQL."""
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def s3_process() -> Iterator[Any]:
    from tests.support.s3_server import running_s3  # the program runs without its library

    with running_s3() as server:
        yield server


@pytest.fixture
def s3(s3_process: Any) -> Any:
    """A server that speaks S3, with one empty bucket."""
    s3_process.empty()
    return s3_process


def _create_tables(url: str) -> None:
    """As `migrate` makes them: what PostgreSQL has alone stands in the revisions."""
    db = Database(url)
    migrate(db, clock=SystemClock())
    asyncio.run(db.close())


@pytest.fixture
def postgres_database(postgres: Cluster) -> Iterator[str]:
    """The URL of a database with its tables, and no row in them."""
    with postgres.emptied_database(_create_tables) as url:
        yield url


@pytest.fixture
def postgres_run(postgres_database: str, tmp_path: Path) -> Iterator[PostgresScan]:
    """A run whose store is in PostgreSQL."""
    with closing(PostgresScan(postgres_database, tmp_path)) as scan:
        yield scan


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.system)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of each kind that nobody has used; PostgreSQL's has its tables already."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/compliance.db"
        return
    yield request.getfixturevalue("postgres_database")


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """A database of each kind with its tables, and no row in them."""
    database = Database(database_url)
    create_tables(database)
    yield database
    await database.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()
