"""Query parameters that select the task and the attempt whose results are read."""

from typing import Annotated

from fastapi import Depends, Query

from app.rest.parameters import MAX_ATTEMPT, TaskId
from app.scans.shown_run import RunRef


def get_run(
    task_id: TaskId,
    attempt: Annotated[
        int | None,
        Query(
            ge=1,
            le=MAX_ATTEMPT,
            description="Attempt whose results are returned. "
            "Omitted: the last conclusive attempt, otherwise the newest.",
            examples=[1],
        ),
    ] = None,
) -> RunRef:
    return RunRef(task_id, attempt)


RunDep = Annotated[RunRef, Depends(get_run)]
