"""What users have ordered, for the administration of users: `identity.users.UserScans`."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from app.findings.assignments import unassign_user
from app.maintenance.queries import notified, retention
from app.scans.queries import holds, queue, tasks
from app.site_counts import summary as site_counts
from app.sites.removal import forget_sites


class OrderedScans:
    """Keeps `identity.users.UserScans`."""

    def has_active(self, connection: Connection, user_id: str) -> bool:
        return tasks.has_active(connection, user_id)

    def has_held(self, connection: Connection, user_id: str) -> bool:
        return holds.has_held(connection, user_id)

    def change_ranks(self, connection: Connection, user_id: str, before: int, after: int) -> None:
        queue.change_ranks(connection, user_id, before, after)

    def forget(self, connection: Connection, user_id: str, now: datetime) -> None:
        retention.mark_deleted_unfinished(connection, user_id, now)
        site_counts.forget_user(connection, user_id)
        forget_sites(connection, user_id)

    def unassign(self, connection: Connection, user_id: str, now: datetime, *, only_foreign: bool) -> int:
        return unassign_user(connection, user_id, now, only_foreign=only_foreign)

    def mark_deleted_some(
        self, connection: Connection, user_id: str, now: datetime, limit: int
    ) -> list[tuple[str, int]]:
        return retention.mark_deleted_some(connection, user_id, now, limit)

    def purge(self, connection: Connection, task_ids: Sequence[str], limit: int) -> int:
        return retention.purge_tasks(connection, task_ids, limit)

    def purge_notifications(self, connection: Connection, user_id: str, limit: int) -> int:
        return notified.purge_notifications(connection, user_id, limit)
