"""A database that has grown, and a scan's file beside it: written as rows, since the product would need days."""

import json
import random
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from app.captures.contents import Contents
from app.captures.folder import FolderStorage
from app.core.clock import SystemClock
from app.core.db import Database
from app.core.ids import first_id_of, new_id
from app.domain.projection import TaskProjection
from app.domain.scan_facts import Capture, HostFact, PageFact, Reference, Relation, ThirdParty
from app.migrations.runner import migrate
from app.scanstore.files import captures_dir
from app.scanstore.sqlite import SqliteScanStore

LINE = "captured https://some-third-party.example/with/a/path?and=query: 200, 14 references, 3 of them hidden"
BODIES = {
    "task_progress": '{"type":"task_progress","progress":12,"stage":"crawl","message":"12 of 40 known URLs crawled",'
    '"stage_key":"page_crawl","stage_index":2,"stage_progress":30,"counts":{"pages":12,"third_parties":4}}',
    "task_logs": '{"type":"task_logs","logs":[{"log_seq":1,"level":"INFO","module":"content_capture","message":"'
    + LINE
    + '","created_at":"2026-01-01T00:00:00.000Z"}]}',
    "task_warning": '{"type":"task_warning","code":"partial","message":"The limit of 5000 pages ended the crawl."}',
    "task_stage": '{"type":"task_stage","stage_key":"page_crawl","stage":"crawl","status":"running"}',
}
TYPES = ("task_progress",) * 7 + ("task_logs",) * 2 + ("task_stage",)
LARGE = (b"<p>" + b"x" * 1_000 + b"</p>\n") * 5_000  # a page as long as they are kept
LARGE_CONTENT = sha256(LARGE).hexdigest()  # that the first third party shows
STATUSES = ("completed",) * 8 + ("failed", "cancelled")
BEGAN = datetime(2025, 11, 1, tzinfo=UTC)
YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Size:
    """What is made. One user owns half of the tasks; one task is long."""

    tasks: int = 50_000
    events: int = 5_000_000
    lines: int = 1_000_000
    users: int = 500
    long_events: int = 500_000  # of the long task, among `events`
    long_lines: int = 100_000
    long_violations: int = 5_000
    unfinished: int = 100  # of the large owner
    parties: int = 80_000
    pages: int = 20_000
    long_config: int = 100  # every so manieth task has a hundred long start URLs

    def divided(self, by: int) -> "Size":
        names = (
            "tasks",
            "events",
            "lines",
            "users",
            "long_events",
            "long_lines",
            "long_violations",
            "parties",
            "pages",
        )
        return replace(self, **{name: max(10, getattr(self, name) // by) for name in names})


@dataclass(frozen=True, slots=True)
class Grown:
    """What a look at the database needs."""

    owner: str  # id of the large owner
    admin: str
    long_task: str
    task_ids: list[str]
    long_lines: int


LEAST_SCORES = {"critical": 75, "high": 50, "medium": 25, "low": 0}
RISKS = tuple(LEAST_SCORES)


class Fill(Protocol):
    """Writes rows into the tables of a database that is migrated."""

    def insert(self, table: str, rows: Iterator[dict[str, Any]]) -> None: ...

    def finish(self) -> None: ...


class SqliteFill:
    """Fills the file, which may be there already."""

    def __init__(self, path: Path) -> None:
        db = Database(f"sqlite:///{path}")
        migrate(db, clock=SystemClock())
        db.engine.dispose()
        self._raw = sqlite3.connect(path)
        self._raw.execute("PRAGMA synchronous = OFF")
        self._raw.execute("PRAGMA cache_size = -200000")

    def insert(self, table: str, rows: Iterator[dict[str, Any]]) -> None:
        first = next(rows)
        marks = ",".join("?" * len(first))
        statement = f"INSERT INTO {table} ({','.join(first)}) VALUES ({marks})"
        self._raw.execute(statement, tuple(first.values()))
        self._raw.executemany(statement, (tuple(row.values()) for row in rows))
        self._raw.commit()

    def finish(self) -> None:
        self._raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._raw.close()


def build(folder: Path, size: Size, *, owner: str | None = None, fill: Fill | None = None) -> Grown:
    """Makes or fills `compliance.db` in the folder (`fill`: another database), and makes the file of the long task's
    scan.

    `owner`: id of a user that is there already, to be the large owner.
    """
    fill = fill or SqliteFill(folder / "compliance.db")
    random.seed(7)
    owners = [new_id() for _ in range(size.users)]
    # Over the year, so that the rows lie in as many partitions as they would.
    task_ids = [f"{first_id_of(_made_at(number, size))}-7000-8000-{number:012x}" for number in range(size.tasks)]
    grown = Grown(owner or owners[0], owners[1], task_ids[-1], task_ids, size.long_lines)
    fill.insert("users", _users(owners))
    fill.insert("scan_tasks", _tasks(grown, owners, size))
    fill.insert("task_events", _events(grown, size))
    fill.insert("task_logs", _lines(grown, size))
    fill.insert("violations", _violations(grown, size))
    fill.insert("findings", _findings(grown, size))
    fill.finish()
    _write_store(folder / "scans" / f"{grown.long_task}-1.db", size)
    Contents(FolderStorage(captures_dir(folder))).put(LARGE)
    return grown


def moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")


def _users(owners: list[str]) -> Iterator[dict[str, Any]]:
    for number, user_id in enumerate(owners):
        yield {
            "id": user_id,
            "username": f"user{number}",
            "email": f"user{number}@example.org",
            "password_hash": "x",
            "role": "admin" if number == 1 else "user",
            "is_active": 1,
            "token_version": 1,
            "created_at": moment(BEGAN + timedelta(seconds=number)),
        }


def _tasks(grown: Grown, owners: list[str], size: Size) -> Iterator[dict[str, Any]]:
    columns = {
        name: json.dumps(value) if isinstance(value, dict | list) else value
        for name, value in TaskProjection().to_columns().items()
    }
    starts = json.dumps({"start_urls": [f"https://www.example.com/{number:0>2000}" for number in range(100)]})
    for number, task_id in enumerate(grown.task_ids):
        at = _made_at(number, size)
        is_long = task_id == grown.long_task
        unfinished = not is_long and number >= size.tasks - size.unfinished - 1
        status = "running" if is_long else _unfinished_status(number) if unfinished else random.choice(STATUSES)
        ended = status not in ("running", "pending")
        yield {
            **columns,
            "id": task_id,
            "user_id": grown.owner if is_long or unfinished or number % 2 else random.choice(owners),
            "target_domain": f"corp-{number % 977}.example",
            "config": starts if number % size.long_config == 7 else "{}",
            "status": status,
            "attempt": 1,
            "run": 1,
            "last_seq": size.long_events if is_long else _share(size.events - size.long_events, size.tasks),
            "min_seq": 1,
            "last_log_seq": size.long_lines if is_long else _share(size.lines - size.long_lines, size.tasks),
            "heartbeat": 0,
            "requeues": 0,
            "running_s": 60.0,
            "created_at": moment(at),
            "queued_at": moment(at),
            "turn": max(0, number - size.tasks + size.unfinished + 1) if unfinished else 0,
            "started_at": None if unfinished else moment(at),
            "completed_at": moment(at + timedelta(minutes=5)) if ended else None,
            "deleted_at": moment(at) if ended and number % 200 == 7 else None,
        }


def _unfinished_status(number: int) -> str:
    return "running" if number % 20 == 0 else "pending"


def _made_at(number: int, size: Size) -> datetime:
    """When the task of this number was made: they are spread over YEAR."""
    return BEGAN + number * (YEAR / size.tasks)


def _share(rows: int, tasks: int) -> int:
    return max(1, rows // tasks)


def _events(grown: Grown, size: Size) -> Iterator[dict[str, Any]]:
    at, number = moment(BEGAN), 0
    for task_id in grown.task_ids:
        count = size.long_events if task_id == grown.long_task else _share(size.events - size.long_events, size.tasks)
        for seq in range(1, count + 1):
            number += 1
            kind = "task_warning" if seq % 1_000 == 0 else TYPES[seq % len(TYPES)]
            yield {
                "task_id": task_id,
                "seq": seq,
                "attempt": 1,
                "type": kind,
                "event_id": f"{number:032x}",
                "body": BODIES[kind],
                "created_at": at,
            }


def _lines(grown: Grown, size: Size) -> Iterator[dict[str, Any]]:
    at = moment(BEGAN)
    for task_id in grown.task_ids:
        count = size.long_lines if task_id == grown.long_task else _share(size.lines - size.long_lines, size.tasks)
        for seq in range(1, count + 1):
            yield {
                "task_id": task_id,
                "log_seq": seq,
                "attempt": 1,
                "level": "INFO",
                "module": "content_capture",
                "message": LINE,
                "created_at": at,
            }


def _violations(grown: Grown, size: Size) -> Iterator[dict[str, Any]]:
    evidence = json.dumps(
        [{"layer": "text", "rule": f"gambling-{n}", "score": 0.9, "quote": "x" * 200} for n in range(9)]
    )
    for task_id in grown.task_ids:
        is_long = task_id == grown.long_task
        for number in range(size.long_violations if is_long else 1):
            at = BEGAN + timedelta(seconds=number)
            yield {
                **violation_of(task_id, number, at),
                "evidence": evidence if is_long else "[]",
                "needs_review": number % 5 == 0,
            }


def violation_of(task_id: str, number: int, at: datetime) -> dict[str, Any]:
    """Return the row of a violation of the first run, without `evidence` and `needs_review`."""
    return {
        "id": f"{task_id[:24]}{number:012x}",
        "task_id": task_id,
        "run": 1,
        "attempt": 1,
        "domain": f"farm-{number:05}.example",
        "violation_key": "gambling",
        "cause": "gambling",
        "confidence_score": 0.9,
        "description": "A gambling site, linked invisibly.",
        "url": f"https://farm-{number:05}.example/",
        "found_on": "https://www.example.com/",
        "created_at": moment(at),
    }


# What a finding matched, and a decision judged.
RULES = json.dumps(
    {
        "gambling betting_house bet365": [],
        "gambling lexicon.gambling": [f"term {number}" for number in range(12)],
        "gambling lexicon.gambling full": [],
        "gambling lexicon.gambling sure": [],
    }
)


def finding_of(violation: dict[str, Any], risk_level: str, state: str = "open") -> dict[str, Any]:
    """Return the row of a finding that is made of one violation."""
    kept = ("task_id", "run", "domain", "cause", "url", "confidence_score", "needs_review")
    return {
        **{name: violation[name] for name in kept},
        "kinds": json.dumps([violation["violation_key"]]),
        "violation_id": violation["id"],
        "risk_level": risk_level,
        "score": LEAST_SCORES[risk_level],
        "reasons": "[]",
        "embedding": "link",
        "place": "near",
        "depth": 1,
        "via": "",
        "author": "site",
        "page_url": violation["found_on"],
        "state": state,
        "found_at": violation["created_at"],
        "last_seen_at": violation["created_at"],
        "matched_rules": RULES,
    }


def _findings(grown: Grown, size: Size) -> Iterator[dict[str, Any]]:
    for number, violation in enumerate(_violations(grown, size)):
        yield finding_of(violation, RISKS[number % len(RISKS)])


def _references(number: int, hosts: tuple[str, ...], size: Size) -> Iterator[Reference]:
    """Two of each third party; the first one stands on every page."""
    for page in range(size.pages if number == 0 else 2):
        page_url = f"https://h{page:05}.example.com/?token=secret{page}&page=2"
        url = f"https://{hosts[page % len(hosts)]}/"
        path, hidden = "html > body > div:nth-child(3) > a", "display_none" if number % 7 == 0 else None
        yield Reference(page_url, url, url, Relation.LINK, "a[href]", path, "<a>" + "x" * 150, "y" * 60, hidden)


def _write_store(path: Path, size: Size) -> None:
    path.parent.mkdir(exist_ok=True)
    store = SqliteScanStore(path)
    for number in range(size.pages):
        host = f"h{number:05}.example.com"
        store.put_host(HostFact(host, ("dictionary", "page"), ("192.0.2.1",), http_alive=True))
        url = f"https://{host}/?token=secret{number}&page=2"
        store.add_page(
            PageFact(url, 1, 200, "text/html", "utf-8", f"Page {number} \u4e2d\u6587" * 20, 10_000, parsed=True)
        )
    for number in range(size.parties):
        domain = f"farm-{number:05}.example"
        hosts = tuple(f"h{host:03}.{domain}" for host in range(900 if number % 1_000 == 1 else 2))
        store.put_third_party(ThirdParty(domain, hosts, "unknown", 3, Relation.LINK, 0, "https://www.example.com/"))
        store.add_references(_references(number, hosts, size))
        if number % 4 == 0:
            url, content = f"https://{domain}/", LARGE_CONTENT if number == 0 else ""
            capture = Capture(domain, domain, url, url, status=200, page_class="content", title="t" * 2_000)
            store.put_capture(replace(capture, html_sha256=content))
    store.flush()
    store.close()
