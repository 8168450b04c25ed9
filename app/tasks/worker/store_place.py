"""Where the process of an attempt finds its store: a file in the data folder, or the PostgreSQL of many machines."""

from app.core.config import Settings
from app.core.file_permissions import make_private_folder
from app.scanstore.files import SCANS_FOLDER, store_path
from app.scanstore.scan_folder import ScanFile
from app.tasks.worker.store_lease import StorePlace


def place_of(settings: Settings, task_id: str, run: int, attempt: int) -> StorePlace:
    """Return where the process of an attempt opens its store; makes the folder for its file, or its working copy."""
    folder = settings.data_dir / SCANS_FOLDER
    make_private_folder(folder)
    if settings.embedded:
        return ScanFile(store_path(settings.data_dir, task_id, run))
    from app.scanstore.postgres.store import Attempt  # as above
    from app.scanstore.postgres.stores import PostgresScanStores

    stores = PostgresScanStores(settings.resolved_database_url, busy_timeout_s=settings.database_busy_timeout_s)
    return stores.place(Attempt(task_id, run, attempt), folder)
