"""Workers, as administrators see them."""

from typing import Annotated, Literal

from pydantic import Field

from app.core.clock import to_wire
from app.core.schema_fields import described
from app.domain.tasks import TaskStatus
from app.rest.schemas import AttemptNumber, Count, ResponseBody
from app.scans.workers import KnownWorker


class RunningScan(ResponseBody):
    task_id: str = described("Task id.", "019b7a3e-7a40-7c1e-9d55-0d8f3f1b2a10")
    attempt: AttemptNumber = described("Number of its attempt.", 1)
    target_domain: str = described("Scanned domain.", "example.com")
    status: TaskStatus = described("`running` or `cancelling`.", "running")


class WorkerResponse(ResponseBody):
    """A process that runs scans. In the embedded mode, the server itself is the only one."""

    id: str = described("Worker id, as in `worker_id` of events.", "worker-0d8f3f1b")
    host: str = described("Name of the machine.", "scanner-1")
    version: str = described("Version of the program.", "0.1.0")
    queues: list[str] = described("Queues that it processes.", ["scan"])
    concurrency: Annotated[int, Field(ge=1)] = described("Number of concurrent jobs.", 2)
    state: Literal["alive", "silent"] = described(
        "`silent`: its heartbeats have been missing for longer than COMPLIANCE_WORKER_SUSPECT_AFTER_S.", "alive"
    )
    started_at: str = described("Start time.", "2026-01-01T00:00:00.000Z")
    last_heartbeat_at: str = described("Time of its last heartbeat.", "2026-01-01T00:12:00.000Z")
    silent_s: Annotated[float, Field(ge=0)] = described("Seconds since then, by the database's clock.", 1.2)
    runs: list[RunningScan] = described("Scans that it is running.")

    @classmethod
    def of(cls, known: KnownWorker) -> "WorkerResponse":
        row = known.row
        return cls(
            id=row.id,
            host=row.host,
            version=row.version,
            queues=list(row.queues),
            concurrency=row.concurrency,
            state=known.state,
            started_at=to_wire(row.started_at),
            last_heartbeat_at=to_wire(row.heartbeat_at),
            silent_s=round(row.silent_s, 1),
            runs=[
                RunningScan(
                    task_id=task.id,
                    attempt=task.attempt,
                    target_domain=task.target_domain,
                    status=TaskStatus(task.status),
                )
                for task in known.runs
            ],
        )


class WorkerList(ResponseBody):
    """Stopped workers are not listed; lost ones are listed for ten minutes."""

    items: list[WorkerResponse] = described("Workers, by machine and start.")
    total: Count = described("Number of connections.", 1)
