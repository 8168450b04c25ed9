"""Random events and what the server's fold makes of them, as JSON: the page must make the same of them.

`python -m tests.support.fold_cases` prints them for `frontend/tests/realtime/serverFold.test.ts`.
"""

import json
import random
import sys
from dataclasses import asdict
from typing import Any, Final

import orjson

from app.domain.findings import COUNTED
from app.domain.projection import TaskProjection, apply
from app.domain.stages import StageKey
from app.events.types import EVENT_BODIES, Statistics
from app.websocket.asyncapi.document import build_document

CASES: Final = 60
EVENTS: Final = 40
Frame = dict[str, Any]


def cases() -> dict[str, Any]:
    chance = random.Random(8)
    (snapshot,) = (
        example["payload"] for example in build_document("0")["components"]["messages"]["task_snapshot"]["examples"]
    )
    made = []
    for _ in range(CASES):
        events = [changed(chance, chance.choice(EVENT_BODIES)) for _ in range(EVENTS)]
        made.append({"events": events, "folded": folded(snapshot, events)})
    return {"snapshot": snapshot, "cases": made}


def changed(chance: random.Random, body: Any) -> Frame:
    """An event like the example, with other values where the fold looks."""
    frame = {**json.loads(orjson.dumps(dict(body.example))), "type": body.type, "attempt": chance.randint(1, 3)}
    frame |= {"seq": 1, "timestamp": f"2026-01-01T00:00:{chance.randint(10, 59)}.000Z"}
    others = {
        "progress": chance.randint(0, 100),
        "stage_progress": chance.randint(0, 100),
        "stage_key": chance.choice([key.value for key in StageKey]),
        "needs_review": chance.random() < 0.5,
        "reason": chance.choice(["worker_lost", "asked"]),
        "counts": {"pages": chance.randint(0, 99)},
    }
    frame |= {name: value for name, value in others.items() if name in frame}
    if body.type == "task_stage":
        frame["status"] = chance.choice(["running", "completed", "failed", "skipped", "cancelled"])
    if body.type == "violation_detected":
        frame["violation"]["risk_level"] = chance.choice(["low", "medium", "high", "critical"])
    for name in ("violation_counts", "finding_counts"):
        if name in frame:
            frame[name] = {key: chance.randint(0, 9) for key in COUNTED}
    return frame


def folded(snapshot: Frame, events: list[Frame]) -> Frame:
    state = TaskProjection.from_snapshot(snapshot)
    for event in events:
        state = apply(state, event["type"], event, attempt=event["attempt"], at=event["timestamp"])
    names = {stage["key"]: stage["name"] for stage in snapshot["stages"]}
    shown = {
        "progress": state.progress,
        "stage_key": state.stage_key,
        "stages": [{**asdict(stage), "name": names[stage.key]} for stage in state.stages],
        "statistics": {**Statistics().model_dump(), **state.statistics},
        "counts": dict.fromkeys(COUNTED, 0) | dict(state.violation_counts),
        "finding_counts": dict.fromkeys(COUNTED, 0) | dict(state.finding_counts),
        "log_counts": dict(state.log_counts),
        "warnings": [dict(warning) for warning in state.warnings],
        "error": state.error,
        "verdict": state.verdict,
    }
    result: Frame = json.loads(orjson.dumps(shown))
    return result


if __name__ == "__main__":
    json.dump(cases(), sys.stdout)
