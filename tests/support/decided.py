"""Scans whose findings people have decided about, with their captured pages: what a local reader learns from."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import update

from app.captures.contents import Contents
from app.captures.folder import FolderStorage
from app.core.clock import Clock
from app.core.db import Database
from app.core.ids import new_id
from app.domain.findings import FindingId
from app.domain.local_reading import DecidedPage
from app.domain.messages import MessageCatalog
from app.domain.scan_facts import Capture
from app.domain.violations import Evidence, Layer, ViolationKey
from app.events.tables import scan_tasks
from app.findings.queries import decisions
from app.scans.lifecycle import Lifecycle
from app.scanstore.files import captures_dir, store_path
from app.scanstore.sqlite import SqliteScanStore
from tests.support.rows import add_user
from tests.support.violations import new_violation, write_violations

RULE = Evidence(Layer.TEXT, "lexicon.gambling", 0.6, "娱乐城")


class DecidedWorld:
    """A data folder with scans of one user."""

    def __init__(self, db: Database, clock: Clock, data_dir: Path) -> None:
        self.db, self.clock, self.data_dir = db, clock, data_dir
        self.contents = Contents(FolderStorage(captures_dir(data_dir)))
        self.user_id = add_user(db, clock, "mei")

    def scan(
        self,
        target: str,
        pages: Iterable[DecidedPage],
        *,
        evidence: tuple[Evidence, ...] = (RULE,),
        keeps: bool = True,
        text: str | None = None,
    ) -> str:
        """Return the id of a completed scan that found these pages, each a violation. `keeps`: their text is kept."""
        task_id = new_id()
        create = Lifecycle(clock=self.clock, texts=MessageCatalog("en")).create(
            task_id, user_id=self.user_id, target_domain=target, config={}
        )
        self.db.write_sync(lambda c: create(c) and None)
        done = {"status": "completed", "started_at": self.clock.now(), "completed_at": self.clock.now()}
        self._write(update(scan_tasks).where(scan_tasks.c.id == task_id).values(**done))
        path = store_path(self.data_dir, task_id, 1)
        path.parent.mkdir(parents=True, exist_ok=True)
        store = SqliteScanStore(path)
        for page in pages:
            self._found(store, task_id, page, evidence, keeps=keeps, text=text)
        store.close()
        return task_id

    def decide(self, target: str, page: DecidedPage, state: str | None = None, *, key: str = "gambling") -> None:
        """Confirm or dismiss as the page says, or as `state` does."""
        chosen = state or ("confirmed" if page.cause else "dismissed")
        values: dict[str, Any] = {
            "kinds": [key],
            "state": chosen,
            "reason": "ours" if chosen == "dismissed" else None,
            "decided_by": self.user_id,
            "decided_by_name": "mei",
            "decided_at": self.clock.now(),
        }
        finding = FindingId(ViolationKey(page.cause or key), page.domain)
        assert self.db.write_sync(lambda c: decisions.put(c, self.user_id, target, finding, values, version=0))

    def fill(self, pages: Iterable[DecidedPage], target: str = "corp.test") -> None:
        """Make a scan that found them, and decide about all."""
        known = list(pages)
        self.scan(target, known)
        for page in known:
            self.decide(target, page)

    def _found(
        self,
        store: SqliteScanStore,
        task_id: str,
        page: DecidedPage,
        evidence: tuple[Evidence, ...],
        *,
        keeps: bool,
        text: str | None,
    ) -> None:
        url = f"http://{page.domain}/"
        sha256 = self.contents.put((text or page.text).encode()) if keeps else "0" * 64
        capture = Capture(page.domain, page.domain, url, url, status=200, title=page.title, text_sha256=sha256)
        store.put_capture(capture)
        found = new_violation(
            page.domain,
            violation_id=new_id(),
            violation_key=ViolationKey(page.cause or "gambling"),
            evidence=evidence,
            needs_review=page.needs_review,
            url=url,
        )
        self.db.write_sync(lambda c: write_violations(c, task_id, found, at=self.clock.now()))

    def _write(self, statement: Any) -> None:
        self.db.write_sync(lambda c: c.execute(statement) and None)
