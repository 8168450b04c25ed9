"""Events as a display gets them."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from app.client.events import Event
from app.client.taskview import TaskView


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    """Commands that run inside this process keep what they make private: the tests after them must not."""
    before = os.umask(0o022)
    yield
    os.umask(before)


class Task:
    """A view, and the events that make it. `feed` gives each to a display."""

    def __init__(self) -> None:
        self.view = TaskView("t1", "site.example")
        self.seq = 0

    def event(self, kind: str, **fields: Any) -> Event:
        self.seq += 1
        common = {"type": kind, "task_id": "t1", "seq": self.seq, "attempt": 1, "timestamp": "2026-01-02T03:04:05.000Z"}
        event = Event.of({**common, **fields})
        self.view.apply(event)
        return event

    def feed(self, display: Any, kind: str, **fields: Any) -> None:
        event = self.event(kind, **fields)
        display.show(self.view, event)


VIOLATION = {
    "violation": {
        "domain": "bets.example",
        "violation_type": "涉赌内容",
        "risk_level": "high",
        "confidence_score": 0.95,
        "description": "d",
    },
    "violation_id": "v1",
    "violation_key": "gambling",
    "needs_review": True,
    "found_on": "http://site.example/\x1b[2J",
    "violation_counts": {"total": 1, "high": 1, "needs_review": 1},
    "finding_counts": {"total": 1, "high": 1, "needs_review": 1},
}
PROGRESS = {
    "progress": 42,
    "stage": "页面爬取",
    "message": "crawling",
    "stage_key": "page_crawl",
    "stage_index": 2,
    "stage_progress": 30,
    "counts": {"subdomains": 3, "pages": 17},
}
STATISTICS = {
    "total_subdomains": 3,
    "total_pages_crawled": 17,
    "total_third_party_domains": 5,
    "total_violations": 1,
    "execution_duration": 65,
}


@pytest.fixture
def task() -> Task:
    return Task()


@pytest.fixture
def whole_scan() -> list[tuple[str, dict[str, Any]]]:
    """Events of a little scan, in order."""
    line = {
        "log_seq": 1,
        "level": "WARNING",
        "module": "m",
        "message": "a [red]line\x1b",
        "created_at": "2026-01-02T03:04:05Z",
    }
    return [
        ("task_created", {"target_domain": "site.example", "message": "m"}),
        ("task_started", {"target_domain": "site.example", "message": "m"}),
        ("task_stage", {"stage_key": "subdomain_discovery", "stage": "s", "status": "running"}),
        ("task_stage", {"stage_key": "page_crawl", "stage": "s", "status": "running"}),
        ("task_stage", {"stage_key": "subdomain_discovery", "stage": "s", "status": "completed"}),
        ("task_progress", PROGRESS),
        ("task_logs", {"logs": [line]}),
        ("violation_detected", VIOLATION),
        ("task_warning", {"code": "partial", "message": "not all names"}),
        ("task_error", {"code": "internal", "error": "e", "message": "it broke", "retryable": True}),
        ("task_completed", {"status": "failed", "statistics": STATISTICS, "message": "m"}),
    ]


@pytest.fixture
def report() -> dict[str, Any]:
    return {
        "task": {"target_domain": "site.example", "status": "completed", "error": None},
        "verdict": {"result": "violations", "reasons": []},
        "statistics": STATISTICS,
        "coverage": {"crawled": 17, "known": 20},
        "subdomains": [],
        "third_parties": [
            {
                "domain": f"party-{number}.example",
                "hosts": [f"www.party-{number}.example"],
                "category": "advertising",
                "risk_level": {7: "critical", 59: "high"}.get(number),
                "outcome": "unreachable" if number == 58 else "examined",
                "references": 2,
                "hidden": 1,
            }
            for number in range(60)
        ],
        "violations": [
            {
                "domain": "bets.example\x1b[2J",
                "violation_key": "gambling",
                "risk_level": "high",
                "confidence_score": 0.95,
                "needs_review": True,
                "description": "many [bold]terms[/bold]",
                "found_on": None,
            }
        ],
        "warnings": [{"code": "partial", "message": "not all names"}],
    }
