"""Scans of harbour.test, at one of two times each, in one data folder: behind REST of the last server."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from testnet.client import attach
from testnet.watched import TARGET
from tests.support.scanned import Scanned, as_settings, await_end, served

PATIENCE_S = 240
CONFIG = {"use_passive_sources": True, "screenshots": False, "cloaking": False}


def scan(http: httpx.Client, folder: Path, **config: Any) -> Scanned:
    body = {"target_domain": TARGET, "config": {**CONFIG, **config}}
    scanned = Scanned(http, http.post("/api/v1/tasks", json=body).json()["id"], folder)
    await_end(scanned, PATIENCE_S)
    return scanned


@contextmanager
def scanned_in_turn(folder: Path, worlds: Sequence[str], **config: Any) -> Iterator[list[Scanned]]:
    """So many scans, each in its world, one after the other. A server reaches one world, so each has its own."""
    done: list[str] = []
    for number, world in enumerate(worlds, start=1):
        with attach(world=world) as testnet, served(folder, **as_settings(testnet.settings)) as http:
            done.append(scan(http, folder, **config).task_id)
            if number == len(worlds):
                yield [Scanned(http, task_id, folder) for task_id in done]


@contextmanager
def scanned_again(folder: Path, world: str, scans: int, **config: Any) -> Iterator[list[Scanned]]:
    """So many scans of one world."""
    with attach(world=world) as testnet, served(folder, **as_settings(testnet.settings)) as http:
        yield [scan(http, folder, **config) for _ in range(scans)]
