"""Pictures of findings for messages: small, and only where they can be had at once."""

import asyncio
from dataclasses import dataclass, field
from typing import Final

from app.captures.contents import Contents
from app.captures.port import ContentStorage
from app.core.db import Database
from app.core.errors import NotFound
from app.core.principal import Principal
from app.domain.findings import FindingId
from app.findings.evidence.images import UnreadableImage, shrink
from app.findings.evidence.kept_contents import KeptContents, screenshot_of
from app.findings.queries import findings
from app.scans.shown_run import RunRef, find_shown
from app.scanstore.errors import ScanStoreError
from app.scanstore.port import ScanStores

WIDTH: Final = 640  # pixels
_EVERYBODY: Final = Principal("", "", "admin")  # who is told of a finding was decided before


@dataclass(kw_only=True, eq=False, repr=False)
class FindingPictureReader:
    db: Database
    stores: ScanStores
    contents: ContentStorage
    _kept: KeptContents = field(init=False)

    def __post_init__(self) -> None:
        self._kept = KeptContents(Contents(self.contents))

    async def picture(self, task_id: str, attempt: int, finding_id: str) -> bytes | None:
        """Return the screenshot of a finding's page as JPEG; None: there is none, or it cannot be had now.

        Raises DatabaseUnavailable.
        """
        return await asyncio.to_thread(self._picture, RunRef(task_id, attempt), finding_id)

    def _picture(self, wanted: RunRef, finding_id: str) -> bytes | None:
        named = FindingId.parse(finding_id)
        if named is None:
            return None
        try:
            row = self.db.read_sync(lambda c: find_shown(c, wanted, _EVERYBODY))
            found = self.db.read_sync(lambda c: findings.find(c, row.id, row.run, named))
            with self.stores.reader(row.id, row.run) as reader:
                captures = reader.capture_fields_of([named.domain]) if reader.present else {}
        except (NotFound, ScanStoreError):
            return None
        url, content_hosts = ("", None) if found is None else (found.url, found.content_hosts)
        sha256 = screenshot_of(captures.get(named.domain, ()), url, content_hosts)
        data = self._kept.read_if_possible(sha256) if sha256 else None
        try:
            return None if data is None else shrink(data, width=WIDTH)[0]
        except UnreadableImage:
            return None
