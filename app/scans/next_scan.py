"""Claims the scan that is next in the queue, for a worker that has room: one transaction, whatever others do."""

from typing import Final

from sqlalchemy import Connection

from app.events.log import AppendResult
from app.events.writer import UnitOfWork
from app.identity import accounts
from app.scans.lifecycle import Lifecycle
from app.scans.queries import queue, tasks

MAX_LOOK: Final = 50  # tasks that are tried; those behind them are tried by the next look


def claim_next(lifecycle: Lifecycle, worker_id: str, *, scans_per_user: int) -> UnitOfWork:
    """Return the unit that claims the first task whose user has less than `scans_per_user` at work; None: there is
    none.

    Two workers never claim the same task, for the claim is a compare-and-set on its status and attempt; and together
    they never claim too many of one user, for they count behind a lock on the user's row. Run again after a COMMIT with
    unknown outcome, the unit claims nothing else, unless that one failed.
    """
    claims: dict[tuple[str, int], UnitOfWork] = {}  # those of earlier runs, whose COMMIT may have succeeded

    def unit(connection: Connection) -> AppendResult | None:
        for (task_id, attempt), claim in claims.items():
            if tasks.is_at_work(connection, task_id, attempt, worker_id):
                return claim(connection)  # which finds itself in the log
        for row in queue.pending(connection, MAX_LOOK, besides=queue.users_at_limit(connection, scans_per_user)):
            accounts.lock(connection, row.user_id)
            if queue.count_served(connection, row.user_id) >= scans_per_user:
                continue
            claim = lifecycle.claim(row.id, row.attempt, worker_id, row.target_domain)
            claimed = claims.setdefault((row.id, row.attempt), claim)(connection)
            if claimed is not None:
                return claimed
        return None

    return unit
