"""Where the results of scans lie: a file for each run in the data folder, or the PostgreSQL of many machines."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from app.core.config import Settings
from app.scanstore.files import SCANS_FOLDER, StoreRemover
from app.scanstore.port import ScanStores, StoreRemoval
from app.scanstore.scan_folder import ScanFolder

Guard = Callable[[Connection], None]


@dataclass(frozen=True, slots=True)
class OpenStores:
    """The stores of all runs. `close` after the last use."""

    stores: ScanStores
    remove: StoreRemoval
    close: Callable[[], None]
    remove_under: Callable[[Guard], StoreRemoval]  # a lease that may be lost, each step of it


def open_stores(settings: Settings) -> OpenStores:
    """Nothing is asked yet."""
    if settings.embedded:
        folder = ScanFolder(settings.data_dir / SCANS_FOLDER)
        return OpenStores(
            folder, StoreRemover(settings.data_dir), lambda: None, lambda _: StoreRemover(settings.data_dir)
        )
    from app.scanstore.postgres.stores import PostgresScanStores  # its package is not installed everywhere

    stores = PostgresScanStores(settings.resolved_database_url, busy_timeout_s=settings.database_busy_timeout_s)
    return OpenStores(stores, stores.remove, stores.close, stores.remove.guarded)
