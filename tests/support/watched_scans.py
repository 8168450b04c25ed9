"""Scans of harbour.test, at one of two times each, in one data folder: behind REST of the last server."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from app.domain.messages import DEFAULT_LANGUAGE
from testnet.client import attach
from testnet.watched import SPONSORS, TARGET
from tests.support.receivers import HttpReceiver, MailReceiver
from tests.support.scanned import POLL_S, Scanned, as_settings, await_end, served

PATIENCE_S = 240
# What people want to be told of, whatever it is; it is only listed in their feed.
RULE = {"name": "All", "min_risk": "low"} | {
    "kinds": ["findings", "scan_failed", "scan_inconclusive", "site_changed", "site_overdue"]
}
# What the receivers' channels are told of.
CHANGES_ONLY = {"name": "Changes", "min_risk": "low", "kinds": ["site_changed"]}
CONFIG = {"use_passive_sources": True, "screenshots": False, "cloaking": False}


def scan(http: httpx.Client, folder: Path, **config: Any) -> Scanned:
    body = {"target_domain": TARGET, "config": {**CONFIG, **config}}
    scanned = Scanned(http, http.post("/api/v1/tasks", json=body).json()["id"], folder)
    await_end(scanned, PATIENCE_S)
    await_told(scanned)  # the next one is a day later
    return scanned


def feed(scanned: Scanned) -> list[dict[str, Any]]:
    """All that the user was notified of when everything about the site's last scan was told, the oldest first."""
    await_told(scanned)
    answer = scanned.http.get("/api/v1/notifications?after=0&limit=200")
    answer.raise_for_status()
    return [item["content"] for item in answer.json()["items"]]


def await_told(scanned: Scanned) -> None:
    """Wait until the inventory has the site's last scan, and everything about it was told."""
    deadline = time.monotonic() + PATIENCE_S
    with closing(sqlite3.connect(scanned.data_dir / "compliance.db")) as database:
        while not _is_told(database, scanned.task_id):
            assert time.monotonic() < deadline
            time.sleep(POLL_S)


def without_sponsors(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The differences without those of the slot in which advertisers take turns, who change in nothing."""
    items: list[dict[str, Any]] = document["items"]
    of_slot = [item for item in items if item["name"] in SPONSORS]
    assert {item["section"] for item in of_slot} <= {"third_parties"}
    return [item for item in items if item not in of_slot]


def states(scanned: Scanned) -> dict[str, str]:
    """What is decided about each finding of a scan, by its id."""
    items = scanned.get("/findings?page_size=200").json()["items"]
    return {item["finding_id"]: item["state"] for item in items}


def dismiss_all(scanned: Scanned) -> None:
    for name in states(scanned):
        body = {"state": "dismissed", "reason": "known", "version": 0}
        scanned.http.put(f"/api/v1/tasks/{scanned.task_id}/findings/{name}/decision", json=body).raise_for_status()


def sent(scanned: Scanned, count: int) -> list[dict[str, Any]]:
    """All deliveries, when so many have arrived."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        items = scanned.http.get("/api/v1/deliveries").raise_for_status().json()["items"]
        if sum(item["status"] == "sent" for item in items) >= count:
            return list(items)
        assert time.monotonic() < deadline, items
        time.sleep(POLL_S)


def _is_told(database: sqlite3.Connection, task_id: str) -> bool:
    listed = database.execute("SELECT task_id FROM site_inventories").fetchall()
    return listed == [(task_id,)] and database.execute("SELECT count(*) FROM outbox").fetchone() == (0,)


@dataclass(frozen=True)
class Receivers:
    """One for each kind of channel."""

    http: dict[str, HttpReceiver]  # by kind
    mail: MailReceiver
    ca_file: Path  # of the mail server's certificate
    secrets: dict[str, str] = field(default_factory=dict)  # the signing secrets of channels that have one, by kind


def _settings(reached: dict[str, Any], receivers: Receivers | None) -> dict[str, Any]:
    if receivers is None:
        return as_settings(reached)
    authorities = receivers.ca_file.with_name("authorities.pem")
    authorities.write_bytes(Path(reached["ca_file"]).read_bytes() + receivers.ca_file.read_bytes())
    return as_settings(reached) | {
        "ca_file": authorities,
        "notification_networks": ("127.0.0.0/8",),
        "notification_first_retry_s": 0.05,
        "smtp_url": SecretStr(f"smtp://u:p@127.0.0.1:{receivers.mail.port}"),
        "mail_from": "scanner@corp.example",
    }


def _connect(http: httpx.Client, receivers: Receivers) -> None:
    """Make one channel of each kind and a rule that tells them of changes."""
    places: dict[str, dict[str, str]] = {kind: {"url": server.url} for kind, server in receivers.http.items()}
    places["email"] = {"address": "li@corp.example"}
    ids = []
    for kind, place in places.items():
        body = {"name": kind, "kind": kind, "language": DEFAULT_LANGUAGE, **place}
        made = http.post("/api/v1/channels", json=body).raise_for_status().json()
        ids.append(made["id"])
        if made.get("signing_secret"):
            receivers.secrets[kind] = made["signing_secret"]
    http.post("/api/v1/rules", json={**CHANGES_ONLY, "channel_ids": ids}).raise_for_status()


@contextmanager
def scanned_in_turn(
    folder: Path, worlds: Sequence[str], *, receivers: Receivers | None = None, **config: Any
) -> Iterator[list[Scanned]]:
    """So many scans, each in its world, one after the other. A server reaches one world, so each has its own.

    `receivers` hear of changes.
    """
    done: list[str] = []
    for number, world in enumerate(worlds, start=1):
        with attach(world=world) as testnet, served(folder, **_settings(testnet.settings, receivers)) as http:
            if number == 1:
                http.post("/api/v1/rules", json=RULE).raise_for_status()
                if receivers is not None:
                    _connect(http, receivers)
            done.append(scan(http, folder, **config).task_id)
            if number == len(worlds):
                yield [Scanned(http, task_id, folder) for task_id in done]


@contextmanager
def scanned_again(folder: Path, world: str, scans: int, **config: Any) -> Iterator[list[Scanned]]:
    """So many scans of one world."""
    with attach(world=world) as testnet, served(folder, **as_settings(testnet.settings)) as http:
        http.post("/api/v1/rules", json=RULE).raise_for_status()
        yield [scan(http, folder, **config) for _ in range(scans)]
