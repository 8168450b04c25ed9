"""Builds what keeps lists of hosts and URLs current, and what shows them."""

from app.core.clock import Clock
from app.core.db import Database
from app.core.lease import Lease
from app.core.live_settings import SettingsSource
from app.core.metrics import Metrics
from app.domain.reputation_lists import ListDefinition, ListFault
from app.identity.audit import AuditTrail
from app.lists.files import ListFiles
from app.lists.service import ListService
from app.lists.updater import ListUpdater, UpdateList


def build_lists(
    settings: SettingsSource,
    *,
    db: Database,
    clock: Clock,
    lease: Lease,
    metrics: Metrics,
    audit: AuditTrail,
    update: UpdateList,
) -> ListService:
    """Return what shows lists, and keeps them current once it is told to."""
    updater = build_list_updater(settings, db=db, clock=clock, lease=lease, metrics=metrics, update=update)
    return ListService(db=db, settings=settings, audit=audit, keep_current=updater.keep_current)


def build_list_updater(
    settings: SettingsSource, *, db: Database, clock: Clock, lease: Lease, metrics: Metrics, update: UpdateList
) -> ListUpdater:
    """Return what updates them. What it writes begins with the lease's guard."""
    embedded = settings.current.embedded
    guarded = db if embedded else db.guarded(lease.guard)

    def count(definition: ListDefinition, fault: ListFault | None, entries: int) -> None:
        metrics.list_entries.labels(definition.name).set(entries)
        metrics.list_failing.labels(definition.name).set(fault is not None)
        if fault is not None:
            metrics.list_faults.labels(definition.name, fault.value).inc()

    return ListUpdater(
        db=guarded,
        clock=clock,
        settings=settings,
        files=ListFiles(db=guarded, data_dir=settings.current.data_dir, shared=not embedded),
        update=update,
        lease=lease,
        on_update=count,
    )
