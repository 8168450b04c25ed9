"""The Celery application: for `celery -A app.worker worker`, and for `compliance worker`.

Nothing is read or made at import: the settings are read when somebody asks for `app`.
"""

import time
from collections.abc import Sequence
from functools import cache, partial
from typing import Any, Final

import structlog
from celery import Celery, bootsteps, signals
from celery.exceptions import ImproperlyConfigured, WorkerShutdown
from celery.worker import state

from app.compose.worker import build_scan_worker
from app.core.config import Settings, load_settings
from app.core.deployment import QUEUES, require_packages, require_services
from app.core.errors import ConfigurationError
from app.core.file_permissions import set_private_umask
from app.core.logging import configure_logging
from app.core.tracing import configure_tracing, end_tracing
from app.core.worker_metrics import WorkerMetrics
from app.maintenance.start_wait import pauses_before
from app.tasks.dispatch.broker_log import shorten_broker_log
from app.tasks.dispatch.celery_app import POOL, RENDER_TASK, TASK, make_celery
from app.tasks.dispatch.wakeups import CeleryWakeups
from app.tasks.scan_tasks import execute_scan_task
from app.tasks.supervisor.worker_thread import WorkerThread
from app.worker_metrics import MetricsServer

NOT_STARTED: Final = 2  # the exit code, as of every command that is set up wrong
log = structlog.get_logger(__name__)


def __getattr__(name: str) -> Any:
    """`app`, which Celery asks for: the application of the environment's settings."""
    if name == "app":
        return _application()
    raise AttributeError(name)


@cache
def _application() -> Celery:
    set_private_umask()
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    return make_application(settings)


def make_application(settings: Settings, queues: Sequence[str] = QUEUES) -> Celery:
    """Return the application with its tasks, and what a worker of these queues starts and ends.

    Raises ConfigurationError.
    """
    require_services(settings)
    require_packages(settings)
    configure_tracing(settings.traces_url, process="worker")
    shorten_broker_log()
    signals.setup_logging.connect(_keep_logging, weak=False)
    celery = make_celery(settings, queues)
    metrics = WorkerMetrics()
    numbers = MetricsServer(settings, metrics)
    scans = WorkerThread(partial(build_scan_worker, settings, CeleryWakeups(celery), metrics))

    @celery.task(name=TASK, ignore_result=True)  # type: ignore[untyped-decorator] # Celery has no types
    def wake() -> None:
        execute_scan_task(scans)

    @celery.task(name=RENDER_TASK, ignore_result=True)  # type: ignore[untyped-decorator] # as above
    def wake_browser() -> None:
        scans.wake_browser()

    celery.steps["worker"].add(_step(settings, scans, numbers))
    return celery


def _keep_logging(**_said: Any) -> None:
    """Leave levels and handlers as they are: Celery would set the level of all loggers, from its own option."""


def run_worker(settings: Settings, *, concurrency: int, queues: str) -> int:
    """Work until SIGTERM or SIGINT, which ends scans from their checkpoints; return the exit code.

    Raises ConfigurationError.
    """
    application = make_application(settings, queues.split(","))
    worker = application.Worker(
        concurrency=concurrency,
        queues=queues,
        pool=POOL,
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=not application.conf.worker_send_task_events,
        loglevel=settings.log_level,
    )
    worker.start()
    end_tracing()
    return int(worker.exitcode or 0)


def _step(settings: Settings, scans: WorkerThread, numbers: MetricsServer) -> type[bootsteps.StartStopStep]:
    class ScanStep(bootsteps.StartStopStep):  # type: ignore[misc] # Celery has no types
        """Started after the pool of threads and ended before it: then the threads have nothing to wait for."""

        requires = ("celery.worker.components:Pool",)

        def __init__(self, parent: Any, **_options: Any) -> None:
            if "thread" not in str(getattr(parent.pool_cls, "__module__", parent.pool_cls)):
                raise ImproperlyConfigured(f"scans are processes already: start the worker with --pool {POOL}")
            super().__init__(parent)

        def start(self, parent: Any) -> None:
            for pause_s in pauses_before(settings):
                state.maybe_shutdown()  # a signal has come meanwhile: it leaves from here
                time.sleep(pause_s)
            try:
                numbers.start()
                scans.start(queues=sorted(parent.app.amqp.queues.consume_from), concurrency=parent.concurrency)
            except ConfigurationError as error:  # Celery would log a traceback
                log.error("worker_not_started", reason=error.message)  # noqa: TRY400 - its text says what to do
                raise WorkerShutdown(NOT_STARTED) from error

        def stop(self, _parent: Any) -> None:
            scans.stop()
            numbers.stop()

        def terminate(self, _parent: Any) -> None:
            scans.stop()
            numbers.stop()

    return ScanStep
