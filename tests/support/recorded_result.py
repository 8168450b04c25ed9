"""The demo scan, recorded once, its events and its result: what displays and reports are tested with.

`.venv/bin/python -m tests.support.recorded_result DATA_DIR` records the newest scan of a data folder anew.
"""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.cli import in_process
from app.cli.display.result import ScanResult
from app.client.events import Event
from app.compose.services import Services, build_services
from app.core.config import load_settings
from app.core.principal import Principal
from app.domain.findings import COUNTED
from app.domain.messages import Language, MessageCatalog
from app.domain.translation import translate_event
from app.events import log
from app.scans.queries.task_filters import TaskFilter
from app.websocket.messages.encoded_event import EncodedEvent

FOLDER = Path(__file__).parent / "recorded"
# Of findings that are alike in embedding, hiding and author, the worst one is kept.
MAX_EVENTS = 10_000
LEFT_OUT = ("captures", "site_captures", "third_party")  # large, and no display shows them


def recorded_result(language: str) -> ScanResult:
    document: dict[str, Any] = json.loads((FOLDER / f"demo.{language}.json").read_text("utf-8"))
    return ScanResult(document["report"], document["findings"], len(document["findings"]))


def recorded_events(language: Language | None) -> list[Event]:
    """Return every event of the scan, as a reader of this language gets them; None: with the recorded sentences."""
    frames: list[dict[str, Any]] = json.loads((FOLDER / "events.json").read_text("utf-8"))
    return [Event.of(translate_event(frame["type"], frame, language) if language else frame) for frame in frames]


async def record(data_dir: Path) -> None:
    services = build_services(load_settings({}, data_dir=data_dir))
    await services.start()
    try:
        await record_events(services)
        for language in Language:
            result = await newest_result(services, language)
            kinds = {
                (one["embedding"], one["hidden_by"] is None, one["author"]): one for one in reversed(result.findings)
            }
            worst_first = sorted(kinds.values(), key=lambda one: -one["risk"]["score"])
            findings = [{key: one[key] for key in one if key not in LEFT_OUT} for one in worst_first]
            counts = counts_of(findings)
            task = {**result.report["task"], "finding_counts": counts, "open_counts": counts}
            document = {"report": {**result.report, "task": task, "subdomains": []}, "findings": findings}
            text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
            (FOLDER / f"demo.{language}.json").write_text(text, "utf-8")
    finally:
        await services.stop()


def counts_of(findings: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return what the kept findings add up to, as their run says it of all of them."""
    counted = Counter(one["risk"]["level"] for one in findings)
    counted.update(total=len(findings), needs_review=sum(one["needs_review"] for one in findings))
    return {name: counted[name] for name in COUNTED}


async def record_events(services: Services) -> None:
    """Keep every event as it stands in the log: sentences with what they were made of."""
    _, task_id = await newest_task(services)
    found = await services.db.read(lambda connection: log.read_after(connection, task_id, 0, limit=MAX_EVENTS))
    frames = ",\n".join(EncodedEvent(event).payload.decode() for event in found)
    (FOLDER / "events.json").write_text(f"[\n{frames}\n]\n", "utf-8")


async def newest_result(services: Services, language: Language) -> ScanResult:
    principal, task_id = await newest_task(services)
    return await in_process.result_of(services, principal, task_id, language)


async def newest_task(services: Services) -> tuple[Principal, str]:
    principal = await in_process.local_admin(services, MessageCatalog(Language.EN))
    (newest, *_), _ = await services.scans.list_page(principal, TaskFilter(), page=1, page_size=1)
    return principal, newest["id"]


if __name__ == "__main__":
    asyncio.run(record(Path(sys.argv[1])))
