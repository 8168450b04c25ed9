"""Prometheus metrics of a worker: what it runs and renders, how that ends, and whether hints leave."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class WorkerMetrics:
    """Every metric of a worker's process; servers have `core.metrics`. Amounts are exact and under test."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._add_scans()
        self._add_rendering()
        self._add_process()

    def _add_scans(self) -> None:
        self.slots = Gauge("worker_scan_slots", "Scans that it may run at once", registry=self.registry)
        self.running = Gauge("worker_scans_running", "Processes of scans that run now", registry=self.registry)
        self.started = Counter("worker_scans_started", "Processes of scans that were started", registry=self.registry)
        self.ended = Counter(
            "worker_scans_ended", "Processes of scans that have ended, by reason", ["reason"], registry=self.registry
        )
        self.process_starts = Counter(
            "scan_process_starts",
            "Processes of scans that were started, by way: forked, or executed, which costs a second of processor time",
            ["way"],
            registry=self.registry,
        )
        self.duration = Histogram(
            "worker_scan_duration_seconds",
            "Seconds from the start of a scan's process to its end",
            buckets=(10, 60, 300, 900, 3_600, 10_800, 21_600, 43_200),
            registry=self.registry,
        )
        self.local_verdicts = Counter(
            "local_reader_verdicts",
            "Pages that the local reader has read in scans that came to their end, by what that changed",
            ["effect"],
            registry=self.registry,
        )
        self.rechecks = Counter(
            "scan_rechecks",
            "Rechecks of new findings in scans that came to their end, by outcome",
            ["outcome"],
            registry=self.registry,
        )

    def _add_rendering(self) -> None:
        self.rendering = Gauge(
            "worker_render_processes_running",
            "Processes that run now with a browser for any scan's pages",
            registry=self.registry,
        )
        self.render_ended = Counter(
            "worker_render_processes_ended",
            "Such processes that have ended, by reason",
            ["reason"],
            registry=self.registry,
        )
        self.pages = Counter(
            "worker_pages_answered",
            "Pages of any scan that were to be rendered, by outcome",
            ["outcome"],
            registry=self.registry,
        )

    def _add_process(self) -> None:
        self.database_waits = Counter(
            "worker_database_waits", "Times that the worker waited for a database that is away", registry=self.registry
        )
        self.bus_healthy = Gauge(
            "event_bus_healthy", "1 while hints arrive; 0: events are delivered by the sweep", registry=self.registry
        )
        self.http_cut = Counter(
            "http_connections_cut",
            "HTTP connections ended for going beyond a limit, by reason",
            ["reason"],
            registry=self.registry,
        )
        self.background_failures = Counter(
            "background_task_failures",
            "Failures of work in the background, which was started again if it is for good",
            ["task"],
            registry=self.registry,
        )

    def note_background_failure(self, task: str) -> None:
        """Count that this task of the process itself has failed."""
        self.background_failures.labels(task).inc()
