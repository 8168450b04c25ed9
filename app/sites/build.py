"""Builds what keeps sites, and what starts their scans."""

from dataclasses import dataclass

from app.core.clock import Clock
from app.core.db import Database
from app.core.lease import Lease
from app.core.live_settings import SettingsSource
from app.core.metrics import Metrics
from app.domain.messages import MessageCatalog
from app.events.bus.base import Publisher
from app.events.writer import EventWriter
from app.identity.audit import AuditTrail
from app.orders.service import OrderService
from app.scans.service import ScanService
from app.sites.csv_import import SiteImporter
from app.sites.runs import SiteRuns
from app.sites.scheduler import Scheduler
from app.sites.service import SiteService
from app.sites.watch import SiteWatch


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteParts:
    service: SiteService
    importer: SiteImporter
    scheduler: Scheduler


def build_sites(
    settings: SettingsSource,
    *,
    db: Database,
    bus: Publisher,
    clock: Clock,
    texts: MessageCatalog,
    audit: AuditTrail,
    metrics: Metrics,
    lease: Lease,
    scans: ScanService,
    orders: OrderService,
) -> SiteParts:
    """Return the parts; nothing is started. All that the scheduler writes begins with the lease's guard."""
    runs = SiteRuns(scans=scans)
    service = SiteService(
        db=db, bus=bus, clock=clock, settings=settings, audit=audit, scans=scans, orders=orders, runs=runs
    )
    guarded = db if settings.current.embedded else db.guarded(lease.guard)
    scheduler = Scheduler(
        db=guarded,
        event_writer=EventWriter(db=guarded, bus=bus),
        clock=clock,
        settings=settings,
        texts=texts,
        runs=runs,
        watch=SiteWatch(db=guarded, clock=clock, settings=settings, metrics=metrics),
        metrics=metrics,
        lease=lease,
    )
    return SiteParts(service=service, importer=SiteImporter(service=service), scheduler=scheduler)
