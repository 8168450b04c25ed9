"""Builds what every part of a server stands on: database, bus, log, settings that change, results and contents."""

from dataclasses import dataclass

from app.captures.port import ContentStorage
from app.compose.monitor import build_lease
from app.compose.storage import build_bus, open_captures, open_database
from app.configuration.watch import read_at_start
from app.core.clock import Clock
from app.core.config import Settings
from app.core.db import Database
from app.core.lease import Lease
from app.core.live_settings import LiveSettings
from app.core.metrics import Metrics
from app.domain.messages import MessageCatalog
from app.domain.targets import TargetParser
from app.events.bus.base import Bus
from app.events.epoch import LogEpoch
from app.events.writer import EventWriter
from app.identity.audit import AuditTrail
from app.maintenance import startup
from app.scans.lifecycle import Lifecycle
from app.scanstore.location import OpenStores, open_stores
from app.tasks.target_parser import EngineTargetParser


@dataclass(frozen=True, slots=True, kw_only=True)
class Foundation:
    """Nothing in it is started. `settings` are those of the start; `live` are those in effect."""

    settings: Settings
    live: LiveSettings
    clock: Clock
    texts: MessageCatalog
    metrics: Metrics
    db: Database
    bus: Bus
    event_writer: EventWriter
    epoch: LogEpoch
    lifecycle: Lifecycle
    audit: AuditTrail
    results: OpenStores
    captures: ContentStorage
    targets: TargetParser
    lease: Lease  # of what one process alone does


def lay_foundation(given: Settings, clock: Clock) -> Foundation:
    """Open the database and read the settings in effect. Raises ConfigurationError."""
    db = open_database(given)
    startup.prepare_new_database(given, db, clock)
    live = read_at_start(db, given)
    settings = live.current  # what reads them once has those of the start
    texts = MessageCatalog(settings.language)
    metrics = Metrics()
    bus = build_bus(
        settings,
        clock=clock,
        on_refused=lambda what: metrics.bus_refused.labels(what).inc(),
        on_failure=metrics.note_background_failure,
    )
    metrics.bus_healthy.set_function(lambda: float(bus.healthy))
    return Foundation(
        settings=settings,
        live=live,
        clock=clock,
        texts=texts,
        metrics=metrics,
        db=db,
        bus=bus,
        event_writer=EventWriter(db=db, bus=bus),
        epoch=LogEpoch(db=db, folder=settings.data_dir if settings.embedded else None),
        lifecycle=Lifecycle(clock=clock, texts=texts),
        audit=AuditTrail(db=db, clock=clock, on_failure=metrics.note_background_failure),
        results=open_stores(settings),
        captures=open_captures(settings),
        targets=EngineTargetParser(),
        lease=build_lease(settings),
    )
