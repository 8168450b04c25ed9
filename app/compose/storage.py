"""Opens what every process of a deployment has in common: its database, its bus, its captured contents."""

import os
from collections.abc import Callable

import app.compose.tables  # noqa: F401 - migrations look whether any table is there
from app.captures.location import open_storage, storage_variables
from app.captures.port import ContentStorage
from app.core.aio import OnFailure, count_nothing
from app.core.clock import Clock
from app.core.config import Settings
from app.core.data_folder import prepare_folder
from app.core.db import Database
from app.core.deployment import require_packages
from app.core.security import derive_keys
from app.events.bus.base import Bus
from app.events.bus.memory import MemoryBus
from app.maintenance import startup
from app.scanstore.files import captures_dir


def open_database(settings: Settings) -> Database:
    """The database alone, for commands beside a running server. Raises ConfigurationError."""
    prepare_folder(settings.data_dir)
    startup.require_database(settings)
    require_packages(settings)
    return Database(settings.resolved_database_url, busy_timeout_s=settings.database_busy_timeout_s)


def build_bus(
    settings: Settings,
    *,
    clock: Clock,
    on_refused: Callable[[str], None] | None = None,
    on_failure: OnFailure = count_nothing,
) -> Bus:
    """Return the bus within this process, or the one between the processes of a distributed deployment; stopped."""
    if settings.redis_url is None:
        return MemoryBus()
    from app.events.bus.redis import RedisBus  # its package is not installed everywhere

    url = settings.redis_url.get_secret_value()
    keys = derive_keys(settings, "bus")
    return RedisBus(url, clock=clock, keys=keys, on_refused=on_refused, on_failure=on_failure)


def open_captures(settings: Settings) -> ContentStorage:
    """Where captured contents lie; also for commands. Nothing is asked yet. Raises ConfigurationError."""
    return open_storage(captures_dir(settings.data_dir), settings.captures_url, storage_variables(os.environ))
