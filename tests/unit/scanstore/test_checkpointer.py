"""The log of a scan's file is written back beside the scan."""

import sqlite3
import time
from contextlib import closing

from app.domain.scan_facts import FrontierUrl
from app.scanstore import schema
from app.scanstore.checkpointer import Checkpointer
from app.scanstore.sqlite import SqliteScanStore

PATIENCE_S = 90
LOG_PAGES = 256
COMMITS = 400
LOG_FRAME = 4_096 + 24


def urls(first, count):
    return [
        FrontierUrl(number, f"https://a.test/{number}/{'x' * 400}", str(number), "a.test", 0)
        for number in range(first, first + count)
    ]


def until(condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_was_committed_gets_into_the_file_without_the_one_who_wrote(tmp_path):
    path = tmp_path / "scan.db"
    with closing(SqliteScanStore(path)) as store:
        before = path.stat().st_size
        store.add_urls(urls(1, 2_000))
        store.flush()
        until(lambda: path.stat().st_size > before + 2_000 * 400)


def test_the_log_begins_anew_however_long_somebody_writes(tmp_path):
    path = tmp_path / "scan.db"
    with closing(schema.open_writer(path)) as writer:
        writer.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
        checkpointer = Checkpointer(path, log_pages=LOG_PAGES)
        for number in range(COMMITS):
            writer.execute("INSERT INTO checkpoints VALUES (?, ?)", (str(number), "x" * 20 * 4_096))
            writer.commit()
            checkpointer.wake()
            time.sleep(0.01)
        checkpointer.close()
        assert (tmp_path / "scan.db-wal").stat().st_size < COMMITS * 20 * LOG_FRAME / 2


def test_its_end_leaves_no_connection_and_may_be_asked_for_twice(tmp_path):
    path = tmp_path / "scan.db"
    writer = schema.open_writer(path)
    checkpointer = Checkpointer(path)
    checkpointer.wake()
    checkpointer.close()
    checkpointer.close()
    writer.close()
    assert not (tmp_path / "scan.db-wal").exists()  # the last connection takes it away


def test_trouble_is_left_to_the_next_commit(tmp_path):
    path = tmp_path / "none" / "scan.db"
    checkpointer = Checkpointer(path)
    for _ in range(3):
        checkpointer.wake()
        time.sleep(0.01)
    path.parent.mkdir()
    with closing(schema.open_writer(path)) as writer:
        writer.execute("INSERT INTO checkpoints VALUES ('key', ?)", ("x" * 100_000,))
        writer.commit()
        checkpointer.wake()
        until(lambda: path.stat().st_size > 100_000)
        checkpointer.close()
    with closing(sqlite3.connect(path)) as reader:
        assert reader.execute("SELECT count(*) FROM checkpoints").fetchone() == (1,)
