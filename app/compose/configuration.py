"""Puts together what administrators change while the service runs."""

from dataclasses import dataclass

from app.core.clock import Clock
from app.core.db import Database
from app.core.live_settings import LiveSettings
from app.domain.local_reading import ModelFault, StoredModel
from app.engines.local_reader.model import UnusableModel, read_model
from app.identity.audit import AuditTrail
from app.services.configuration import ConfigurationService
from app.services.configuration_watch import ConfigurationWatch
from app.services.local_readers import LocalReaderService
from app.services.ports import TargetParser
from app.services.reading_model_probe import ReadingModelProbe
from app.tasks.reading_model_question import ask_model


@dataclass(frozen=True, slots=True)
class ConfigurationParts:
    service: ConfigurationService
    probe: ReadingModelProbe
    local_readers: LocalReaderService


def build_configuration(
    live: LiveSettings, *, db: Database, clock: Clock, audit: AuditTrail, targets: TargetParser
) -> ConfigurationParts:
    """Return what reads, changes and follows the settings of a server."""
    watch = ConfigurationWatch(db=db, clock=clock, live=live)
    return ConfigurationParts(
        service=ConfigurationService(db=db, clock=clock, live=live, watch=watch, targets=targets, audit=audit),
        probe=ReadingModelProbe(settings=live, ask=ask_model, clock=clock, audit=audit),
        local_readers=build_local_readers(db=db, clock=clock, audit=audit),
    )


def build_local_readers(*, db: Database, clock: Clock, audit: AuditTrail) -> LocalReaderService:
    """Return what shows versions of the local reader and switches them; also for commands."""
    return LocalReaderService(db=db, clock=clock, audit=audit, find_fault=_find_fault)


def _find_fault(stored: StoredModel) -> ModelFault | None:
    try:
        read_model(stored)
    except UnusableModel as error:
        return error.fault
    return None
