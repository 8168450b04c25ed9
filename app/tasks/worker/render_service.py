"""Who renders the pages of a scan: its own process, or the browser workers of a deployment with many machines."""

from collections.abc import Callable

from app.core.config import Settings
from app.core.db import Database
from app.core.deployment import BROWSER_QUEUE
from app.engines.capture.render_service import OpenRenderService, render_here
from app.scans.queries import workers
from app.tasks.process_protocol import JobSpec
from app.tasks.worker.spread_renders import SpreadRenders


def render_service_of(
    settings: Settings, spec: JobSpec, *, db: Database, want_browser: Callable[[], None]
) -> OpenRenderService:
    """Return what opens it. `want_browser` wakes a browser worker; from the loop's thread."""
    if settings.embedded:
        return render_here
    from app.scanstore.postgres.store import Attempt  # its package is not installed everywhere
    from app.scanstore.postgres.stores import PostgresScanStores

    stores = PostgresScanStores(settings.resolved_database_url, busy_timeout_s=settings.database_busy_timeout_s)
    renders = stores.renders(Attempt(spec.task_id, spec.run, spec.attempt))
    return lambda open_renderer: SpreadRenders(
        renders=renders,
        silence=lambda: db.read_sync(lambda connection: workers.silence(connection, BROWSER_QUEUE)),
        want_browser=want_browser,
        open_renderer=open_renderer,
    ).open()
