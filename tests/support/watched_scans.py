"""Scans of harbour.test, at one of two times each, in one data folder: behind REST of the last server."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx

from testnet.client import attach
from testnet.watched import TARGET
from tests.support.scanned import POLL_S, Scanned, as_settings, await_end, served

PATIENCE_S = 240
# What people want to be told of, whatever it is; it is only listed in their feed.
RULE = {"name": "All", "min_risk": "low"} | {
    "kinds": ["findings", "scan_failed", "scan_inconclusive", "site_changed", "site_overdue"]
}
CONFIG = {"use_passive_sources": True, "screenshots": False, "cloaking": False}


def scan(http: httpx.Client, folder: Path, **config: Any) -> Scanned:
    body = {"target_domain": TARGET, "config": {**CONFIG, **config}}
    scanned = Scanned(http, http.post("/api/v1/tasks", json=body).json()["id"], folder)
    await_end(scanned, PATIENCE_S)
    return scanned


def feed(scanned: Scanned) -> list[dict[str, Any]]:
    """All that the user was notified of when everything about the site's last scan was told, the oldest first."""
    deadline = time.monotonic() + PATIENCE_S
    with closing(sqlite3.connect(scanned.data_dir / "compliance.db")) as database:
        while not _is_told(database, scanned.task_id):
            assert time.monotonic() < deadline
            time.sleep(POLL_S)
    answer = scanned.http.get("/api/v1/notifications?after=0&limit=200")
    answer.raise_for_status()
    return [item["content"] for item in answer.json()["items"]]


def _is_told(database: sqlite3.Connection, task_id: str) -> bool:
    listed = database.execute("SELECT task_id FROM site_inventories").fetchall()
    return listed == [(task_id,)] and database.execute("SELECT count(*) FROM outbox").fetchone() == (0,)


@contextmanager
def scanned_in_turn(folder: Path, worlds: Sequence[str], **config: Any) -> Iterator[list[Scanned]]:
    """So many scans, each in its world, one after the other. A server reaches one world, so each has its own."""
    done: list[str] = []
    for number, world in enumerate(worlds, start=1):
        with attach(world=world) as testnet, served(folder, **as_settings(testnet.settings)) as http:
            if number == 1:
                http.post("/api/v1/rules", json=RULE).raise_for_status()
            done.append(scan(http, folder, **config).task_id)
            if number == len(worlds):
                yield [Scanned(http, task_id, folder) for task_id in done]


@contextmanager
def scanned_again(folder: Path, world: str, scans: int, **config: Any) -> Iterator[list[Scanned]]:
    """So many scans of one world."""
    with attach(world=world) as testnet, served(folder, **as_settings(testnet.settings)) as http:
        http.post("/api/v1/rules", json=RULE).raise_for_status()
        yield [scan(http, folder, **config) for _ in range(scans)]
