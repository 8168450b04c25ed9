"""Ends processes of scans that do not do as they should, for both supervisors."""

from collections.abc import Iterable

import structlog

from app.tasks.supervisor.worker_handle import WorkerHandle

log = structlog.get_logger(__name__)


def kill_overdue(handles: Iterable[WorkerHandle], *, now: float, cancel_force_after_s: float) -> None:
    """Kill those that go on long after they were asked to cancel, and those that hang at their start.

    `now` is monotonic, of the clock that the handles have.
    """
    for handle in handles:
        if handle.cancelled_at is not None and handle.cancelled_at <= now - cancel_force_after_s:
            log.warning("scan_cancel_forced", task_id=handle.spec.task_id)
            handle.kill()
        if handle.hangs_at_start:
            log.warning("scan_start_hangs", task_id=handle.spec.task_id)
            handle.kill()
