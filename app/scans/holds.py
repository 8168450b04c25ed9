"""Use cases of legal holds, for administrators: what a scan has found is kept as it is until the hold is released."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from app.core.json_chunks import Json
from app.core.principal import Principal
from app.core.tracing import traced
from app.domain.messages import Language
from app.identity import accounts
from app.scans.queries import holds
from app.scans.service import ScanService


@dataclass(kw_only=True, eq=False, repr=False)
class HoldService:
    scans: ScanService

    @traced
    async def place(self, principal: Principal, task_id: str, reason: str, language: Language | None = None) -> Json:
        """Keep all of the scan from deletion and retention; return the task. A later hold replaces one before.

        Raises NotFound.
        """
        owner = await self.scans.require_seen(principal, task_id)
        at, by = self.scans.clock.now(), principal.username

        def work(connection: Connection) -> bool:
            accounts.lock(connection, owner)  # as the removal of a user does
            return holds.place(connection, task_id, at=at, by=by, reason=reason)

        if await self.scans.db.write(work):
            self._record("task.hold", principal, task_id, {"reason": reason})
        return await self.scans.get(principal, task_id, language=language)

    @traced
    async def release(self, principal: Principal, task_id: str) -> None:
        """End the hold, if there is one. Raises NotFound."""
        await self.scans.require_seen(principal, task_id)
        if await self.scans.db.write(lambda c: holds.release(c, task_id)):
            self._record("task.release_hold", principal, task_id)

    def _record(self, action: str, principal: Principal, task_id: str, detail: Mapping[str, str] | None = None) -> None:
        self.scans.audit.record(
            action, user_id=principal.user_id, address=principal.address, object_id=task_id, detail=detail
        )
