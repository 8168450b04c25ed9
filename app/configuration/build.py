"""Builds what administrators change while the service runs."""

from dataclasses import dataclass

from app.configuration.local_readers import FindFault, LocalReaderService
from app.configuration.reading_model_probe import ModelQuestion, ReadingModelProbe
from app.configuration.service import ConfigurationService
from app.configuration.watch import ConfigurationWatch
from app.core.clock import Clock
from app.core.db import Database
from app.core.live_settings import LiveSettings
from app.domain.targets import TargetParser
from app.identity.audit import AuditTrail


@dataclass(frozen=True, slots=True)
class ConfigurationParts:
    service: ConfigurationService
    probe: ReadingModelProbe
    local_readers: LocalReaderService


def build_configuration(
    live: LiveSettings,
    *,
    db: Database,
    clock: Clock,
    audit: AuditTrail,
    targets: TargetParser,
    ask: ModelQuestion,
    find_fault: FindFault,
) -> ConfigurationParts:
    """Return what reads, changes and follows the settings of a server."""
    watch = ConfigurationWatch(db=db, clock=clock, live=live)
    return ConfigurationParts(
        service=ConfigurationService(db=db, clock=clock, live=live, watch=watch, targets=targets, audit=audit),
        probe=ReadingModelProbe(settings=live, ask=ask, clock=clock, audit=audit),
        local_readers=LocalReaderService(db=db, clock=clock, audit=audit, find_fault=find_fault),
    )
