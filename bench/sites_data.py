"""Very many completed scans of sites, inserted as rows, because scanning would take days."""

import json
import random
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from growth_data import RISKS, RULES, Fill, finding_of, moment, violation_of

from app.core.ids import first_id_of, new_id
from app.domain.projection import TaskProjection

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.support.link_farm import write_link_farm

FOUND: Final = 5  # violations of a scan
WITH_FILE: Final = 1_000  # of the newest scans
PARTIES: Final = 200  # third parties of a scan's file
SITE: Final = "https://www.example.com"
YEAR: Final = timedelta(days=365)
TOOK: Final = timedelta(minutes=5)  # each scan
NOW: Final = datetime.now(UTC).replace(microsecond=0)
SiteKey = tuple[str, str]  # owner and target


class World:
    """The rows, in the order of their tables. `owners[0]` has half of all, `owners[1]` is an administrator; one user
    is both and has all.
    """

    def __init__(self, scans: int, targets: int, users: int) -> None:
        self.owners = [new_id() for _ in range(users)]
        self.admin = self.owners[1 % users]
        self.targets = targets
        self._chance = random.Random(21)
        self.tasks: list[tuple[str, str, str, datetime, bool]] = []
        for number in range(scans):
            at = NOW - YEAR + (number + 1) * (YEAR / (scans + 1))
            task_id = f"{first_id_of(at)}-7000-8000-{number:012x}"
            owner = self.owners[0] if number % 2 else self._chance.choice(self.owners)
            waits = self._chance.random() < 0.2
            self.tasks.append((task_id, owner, f"corp-{self._chance.randrange(targets)}.example", at, waits))

    def newest(self) -> dict[SiteKey, str]:
        """Return the newest scan of each site."""
        return {(owner, target): task_id for task_id, owner, target, *_ in self.tasks}

    def pairs(self, count: int) -> list[tuple[str, str, str]]:
        """Return the targets of so many sites of the large owner and two scans of each, one right after the other. They
        are not among the newest scans, whose files others read.
        """
        later: dict[str, str] = {}
        found: dict[str, tuple[str, str, str]] = {}
        older = self.tasks[: max(len(self.tasks) - WITH_FILE, len(self.tasks) // 2)]
        for task_id, owner, target, *_ in reversed(older):
            if owner != self.owners[0]:
                continue
            if target in later:
                found.setdefault(target, (target, task_id, later[target]))
            later[target] = task_id
        if len(found) < count:
            raise ValueError("Too few sites were scanned twice.")
        return list(found.values())[:count]

    def ended_at(self, task_id: str) -> datetime:
        return next(at + TOOK for known, _, _, at, _ in self.tasks if known == task_id)

    def write(self, fill: Fill) -> None:
        fill.insert("users", self._users())
        fill.insert("managed_sites", self._sites())
        fill.insert("scan_tasks", self._scans("scan_tasks"))
        fill.insert("scan_runs", self._scans("scan_runs"))
        fill.insert("violations", self._violations())
        fill.insert("findings", self._findings())
        fill.insert("decisions", self._decisions())
        fill.finish()

    def _users(self) -> Iterator[dict[str, Any]]:
        for number, user_id in enumerate(self.owners):
            yield {
                "id": user_id,
                "username": f"user{number}",
                "email": f"user{number}@example.org",
                "password_hash": "x",
                "role": "admin" if user_id == self.admin else "user",
                "is_active": 1,
                "token_version": 1,
                "created_at": moment(NOW - YEAR),
            }

    def _sites(self) -> Iterator[dict[str, Any]]:
        for number, (owner, target) in enumerate(self.newest()):
            yield {
                "id": new_id(),
                "user_id": owner,
                "target_domain": target,
                "group_name": f"Group {number % 10}",
                "config": "{}",
                "every_hours": 24,
                "scheduled_at": moment(NOW - YEAR),
                "paused": 0,
                "next_run_at": moment(NOW + timedelta(minutes=number % 1_440)),
                "created_at": moment(NOW - YEAR),
            }

    def _scans(self, table: str) -> Iterator[dict[str, Any]]:
        columns = {
            name: json.dumps(value) if isinstance(value, dict | list) else value
            for name, value in TaskProjection().to_columns().items()
        }
        counts = {"total": FOUND, "critical": 2, "high": 1, "medium": 1, "low": 1}
        for task_id, owner, target, at, waits in self.tasks:
            row = {
                **columns,
                "finding_counts": json.dumps({**counts, "needs_review": 2 if waits else 0}),
                "verdict": json.dumps({"result": "violations", "reasons": []}),
                "status": "completed",
                "attempt": 1,
                "run": 1,
                "last_seq": 100,
                "last_log_seq": 100,
                "running_s": 60.0,
                "queued_at": moment(at),
                "started_at": moment(at),
                "completed_at": moment(at + TOOK),
            }
            if table == "scan_tasks":
                more = {"id": task_id, "user_id": owner, "target_domain": target, "config": "{}", "min_seq": 1}
                yield {**row, **more, "heartbeat": 0, "requeues": 0, "turn": 0, "created_at": moment(at)}
            else:
                yield {**row, "task_id": task_id, "conclusive": 1, "capture_bytes": 0}

    def _violations(self) -> Iterator[dict[str, Any]]:
        evidence = json.dumps([{"layer": "text", "rule": "r", "score": 0.9, "quote": "x" * 200}])
        for task_id, _, _, at, waits in self.tasks:
            for number in range(FOUND):
                yield {
                    **violation_of(task_id, number, at),
                    "confidence_score": 0.5 + number / 10,
                    "evidence": evidence,
                    "needs_review": int(waits and number % 2 == 1),
                }

    def _findings(self) -> Iterator[dict[str, Any]]:
        decided = {(row["user_id"], row["target_domain"]) for row in self._decisions()}
        of_task = {task_id: (owner, target) for task_id, owner, target, _, _ in self.tasks}
        for number, violation in enumerate(self._violations()):
            is_dismissed = number % FOUND == 0 and of_task[violation["task_id"]] in decided
            yield finding_of(violation, RISKS[number % FOUND % len(RISKS)], "dismissed" if is_dismissed else "open")

    def _decisions(self) -> Iterator[dict[str, Any]]:
        for number in range(0, self.targets, 3):
            yield {
                "user_id": self.owners[0],
                "target_domain": f"corp-{number}.example",
                "domain": "farm-00000.example",
                "cause": "gambling",
                "kinds": '["gambling"]',
                "risk_level": RISKS[0],
                "matched_rules": RULES,
                "state": "dismissed",
                "reason": "ours",
                "decided_by": self.admin,
                "decided_by_name": "user1",
                "decided_at": moment(NOW - timedelta(days=number % 60)),
                "version": 1,
            }


def write_files(folder: Path, world: World) -> None:
    """Give the newest scans their files, which are all alike."""
    first, *others = [f"{task_id}-1.db" for task_id, *_ in world.tasks[-WITH_FILE:]]
    write_link_farm(folder / first, (f"farm-{number:05}.example" for number in range(PARTIES)), site=SITE)
    for name in others:
        shutil.copyfile(folder / first, folder / name)
