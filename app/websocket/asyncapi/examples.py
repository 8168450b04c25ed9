"""One example of every message, for the contract. A test holds each against its schema, and none may be missing."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from app.events.types import EVENT_BODIES, TaskCompleted, TaskLogs, ViolationDetected, ViolationFields

TASK: Final = "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10"
USER: Final = "019b7a30-0000-7000-8000-000000000001"
CONNECTION: Final = "019b7a3e-1c00-7b11-8e2a-2f6f0b6f8f01"
NOW: Final = "2026-01-01T00:00:25.000Z"
_STAGES: Final = (
    ("subdomain_discovery", "Subdomain discovery", "completed", 100),
    ("page_crawl", "Page crawl", "running", 63),
    ("third_party", "Third-party identification", "pending", 0),
    ("content_capture", "Content capture", "pending", 0),
    ("ai_analysis", "AI analysis", "pending", 0),
)
_COMMAND_FIELDS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "ping": {"client_time": 1767225600123},
        "pong": {},
        "subscribe_task": {"task_id": TASK, "last_seq": 42, "epoch": "0", "id": "c1"},
        "unsubscribe_task": {"task_id": TASK, "id": "c2"},
        "subscribe_tasks": {
            "items": [{"task_id": TASK, "last_seq": 42, "epoch": "0"}],
            "topics": ["progress"],
            "id": "c3",
        },
        "resume": {"task_id": TASK, "last_seq": 42, "epoch": "0", "id": "c4"},
        "subscribe": {"topic": "notifications", "last_seq": 11, "epoch": "0", "id": "c7"},
        "unsubscribe": {"topic": "notifications", "id": "c8"},
        "auth": {"token": "ACCESS_TOKEN", "id": "c5"},
        "get_status": {"id": "c6"},
    }
)
_RECENT: Final = {
    name: value for name, value in ViolationDetected.example.items() if name in ViolationFields.model_fields
}
_SNAPSHOT_FIELDS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "task_id": TASK,
        "seq": 42,
        "epoch": "0",
        "min_seq": 1,
        "status": "running",
        "attempt": 1,
        "progress": 37,
        "stage": "Page crawl",
        "stage_key": "page_crawl",
        "stages": [
            {
                "key": key,
                "name": name,
                "status": status,
                "progress": progress,
                "started_at": None if status == "pending" else "2026-01-01T00:00:01.000Z",
                "finished_at": "2026-01-01T00:00:06.000Z" if status == "completed" else None,
            }
            for key, name, status, progress in _STAGES
        ],
        "statistics": {**TaskCompleted.example["statistics"], "total_violations": 1, "execution_duration": 0},
        "violations": {
            **dict.fromkeys(("critical", "medium", "low", "needs_review"), 0),
            "total": 1,
            "high": 1,
            "recent": [{**_RECENT, "created_at": "2026-01-01T00:00:20.000Z"}],
        },
        "findings": {**dict.fromkeys(("critical", "medium", "low", "needs_review"), 0), "total": 1, "high": 1},
        "log_counts": {"INFO": 31, "WARNING": 1},
        "warnings": [{"code": "degraded", "message": "No Chromium was found.", "attempt": 1}],
        "worker": {"id": "embedded-3f1b2a10-1", "state": "alive", "last_heartbeat_at": "2026-01-01T00:00:20.000Z"},
        "target_domain": "corp.example",
        "created_at": "2026-01-01T00:00:00.000Z",
        "started_at": "2026-01-01T00:00:01.000Z",
        "completed_at": None,
        "logs": [{**TaskLogs.example["logs"][0], "log_seq": 32}],
    }
)
_CONTROL_FIELDS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "connection_established": {
            "connection_id": CONNECTION,
            "message": "Connected",
            "user_id": USER,
            "protocol": 1,
            "epoch": "0",
            "server_time": NOW,
            "heartbeat": {"interval_s": 25, "timeout_s": 60},
            "limits": {"max_subscriptions": 200, "max_command_bytes": 8192},
            "token_expires_at": "2026-01-01T01:00:00.000Z",
        },
        "pong": {"ping_count": 1, "server_time": NOW, "client_time": 1767225600123},
        "ping": {"sequence": 1, "server_time": NOW},
        "subscription_result": {
            "task_id": TASK,
            "action": "subscribe",
            "success": True,
            "seq": 42,
            "epoch": "0",
            "recovered": True,
            "replayed": 3,
            "id": "c1",
        },
        "task_snapshot": _SNAPSHOT_FIELDS,
        "logs_dropped": {
            "task_id": TASK,
            "from_log_seq": 201,
            "to_log_seq": 350,
            "count": 150,
            "reason": "slow_client",
        },
        "admin_broadcast": {
            "broadcast_id": "019b7a50-0000-7000-8000-000000000002",
            "message": "Maintenance at 22:00",
            "level": "warning",
            "sender": "admin",
        },
        "topic_result": {
            "topic": "notifications",
            "action": "subscribe",
            "success": True,
            "seq": 11,
            "epoch": "0",
            "recovered": True,
            "id": "c7",
        },
        "notification": {
            "seq": 12,
            "prev_seq": 11,
            "notification": {
                "seq": 12,
                "id": "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a22",
                "content": {
                    "kind": "scan_completed",
                    "target_domain": "corp.example",
                    "task_id": TASK,
                    "attempt": 1,
                    "finding_counts": {"total": 0},
                },
                "created_at": NOW,
                "read_at": None,
            },
        },
        "notification_state": {"seq": 12, "unread": 3, "read_revision": 5},
        "token_expiring": {"expires_at": "2026-01-01T01:00:00.000Z"},
        "auth_result": {"success": True, "expires_at": "2026-01-01T02:00:00.000Z", "id": "c5"},
        "reconnect_advice": {"reason": "restart", "delay_min_ms": 0, "delay_max_ms": 2000},
        "status": {
            "connection_id": CONNECTION,
            "user_id": USER,
            "connected_at": "2026-01-01T00:00:00.000Z",
            "subscriptions": [{"task_id": TASK, "seq": 121, "topics": ["logs", "progress"]}],
            "id": "c6",
        },
        "error": {"code": "missing_field", "message": "the field task_id is missing", "id": "c7", "fatal": False},
    }
)
_EVENT_FIELDS: Final = MappingProxyType({body.type: body.example for body in EVENT_BODIES})


def example_of_command(name: str) -> dict[str, Any]:
    return {"type": name, **_COMMAND_FIELDS[name]}


def example_of_control(name: str) -> dict[str, Any]:
    return {"type": name, **_CONTROL_FIELDS[name], "timestamp": NOW}


def example_of_event(name: str) -> dict[str, Any]:
    """Return the event as a subscription to the task receives it."""
    common = {"task_id": TASK, "seq": 120, "prev_seq": 119, "attempt": 1}
    return {"type": name, **common, **_EVENT_FIELDS[name], "timestamp": NOW}
