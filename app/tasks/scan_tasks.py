"""The seed's name for the scan's job. A Celery worker registers `execute_scan_task`; the body is `scan_job`."""

from app.tasks.scan_job import Outcome, ScanJob


async def run_scan(job: ScanJob) -> Outcome:
    """Runs one attempt to its end: started, progress, violations, completed, failed and cancelled are all told."""
    return await job.run()


execute_scan_task = run_scan
