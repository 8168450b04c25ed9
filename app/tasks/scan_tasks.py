"""The seed's names for the scan's job: a thin shell. The body is `worker.scan_job`.

What a message of Celery's makes a worker do is `execute_scan_task`: run what waits, whatever the message was once sent
for. Each scan is a process of its own (`worker.main`) with one job, which is run by `run_scan`, embedded or not. Celery
is not imported here: `app.worker` registers the task.
"""

from typing import Protocol, TypeVar

Outcome_co = TypeVar("Outcome_co", covariant=True)


class Job(Protocol[Outcome_co]):
    """One attempt, for its process (`worker.scan_job`)."""

    async def run(self) -> Outcome_co: ...


class WaitingScans(Protocol):
    """What waits, for the thread of a worker (`supervisor.worker_thread`)."""

    def run_waiting(self) -> int: ...


async def run_scan(job: Job[Outcome_co]) -> Outcome_co:
    """Runs one attempt to its end: started, progress, violations, completed, failed and cancelled are all told."""
    return await job.run()


def execute_scan_task(scans: WaitingScans) -> int:
    """Claim and run what waits until nothing does; return how many scans were run. Blocks as long as they take."""
    return scans.run_waiting()
