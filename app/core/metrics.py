"""Prometheus metrics: the seed's seven under its names, and what one needs to see trouble coming.

prometheus_client exports a counter with the ending `_total`: `websocket_messages_sent` is read as
`websocket_messages_sent_total` (docs/metrics.md). One registry per `Metrics`, so that tests and two applications in
one process do not meet.
"""

from bisect import bisect_left
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class WeightedHistogram(Histogram):
    """A histogram of which one observation may count many times: one write to thousands of sockets is one call."""

    def observe_times(self, amount: float, times: int) -> None:
        """Like `times` calls of `observe`."""
        self._sum.inc(amount * times)
        self._buckets[bisect_left(self._upper_bounds, amount)].inc(times)


class Metrics:
    """Every metric of the application. Amounts are exact and under test."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._add_seed_metrics()
        self._add_delivery()
        self._add_bus_and_captures()
        self._add_lists()
        self._add_sites()
        self._add_comparisons()
        self._add_scan_processes()
        self._add_notifications()
        self._add_streams()
        self._add_process()
        self._notified: dict[str, Counter] = {}

    def _add_seed_metrics(self) -> None:
        self.active_users = Gauge(
            "active_users_count", "Users with at least one open WebSocket connection", registry=self.registry
        )
        self.connections = Counter(
            "websocket_connections", "WebSocket connections accepted and authenticated", registry=self.registry
        )
        self.messages_sent = Counter(
            "websocket_messages_sent", "Frames handed to WebSocket transports", registry=self.registry
        )
        self.connection_duration = Histogram(
            "websocket_connection_duration",
            "Seconds from authentication to close",
            buckets=(1, 10, 60, 600, 3_600, 21_600, 86_400),
            registry=self.registry,
        )
        self.concurrent_tasks = Gauge("concurrent_tasks_count", "Tasks running or cancelling", registry=self.registry)
        self.notifications_sent = Counter(
            "task_notifications_sent",
            "Task events handed to connections, followed or as notices",
            ["type"],
            registry=self.registry,
        )
        self.monitoring_errors = Counter(
            "task_monitoring_errors", "Rounds of the task monitor that failed", registry=self.registry
        )

    def _add_delivery(self) -> None:
        self.open_connections = Gauge("websocket_open_connections", "Connections open now", registry=self.registry)
        self.closes = Counter("websocket_closes", "Closed connections by close code", ["code"], registry=self.registry)
        self.refused = Counter("websocket_refused", "Refused connections by reason", ["reason"], registry=self.registry)
        self.snapshots = Counter("websocket_snapshots_sent", "Snapshots by reason", ["reason"], registry=self.registry)
        self.replayed = Counter("websocket_events_replayed", "Events sent in replays", registry=self.registry)
        self.frames_coalesced = Counter(
            "websocket_frames_coalesced", "Waiting progress frames that a newer one replaced", registry=self.registry
        )
        self.log_frames_dropped = Counter(
            "websocket_log_frames_dropped", "Waiting log frames that gave way", registry=self.registry
        )
        self.sweep_repairs = Counter(
            "websocket_sweep_repairs", "Tasks that the sweep found behind", registry=self.registry
        )
        self.sweep_lag = Gauge(
            "websocket_sweep_lag_seconds", "Seconds since the last sweep that succeeded", registry=self.registry
        )

    def _add_bus_and_captures(self) -> None:
        self.bus_healthy = Gauge(
            "event_bus_healthy", "1 while hints arrive; 0: events are delivered by the sweep", registry=self.registry
        )
        self.bus_refused = Counter(
            "event_bus_refused",
            "Messages of the bus, or bodies in them, that this program does not write so",
            ["what"],
            registry=self.registry,
        )
        self.captures_healthy = Gauge(
            "captures_storage_healthy",
            "1 while the storage of captures answers; 0: scans keep none, and none are shown",
            registry=self.registry,
        )

    def _add_lists(self) -> None:
        self.list_entries = Gauge(
            "reputation_list_entries",
            "Entries in effect of a list that the deployment names, where it is updated",
            ["list"],
            registry=self.registry,
        )
        self.list_failing = Gauge(
            "reputation_list_failing",
            "1 while the last update of a list failed; the version before it stays in effect",
            ["list"],
            registry=self.registry,
        )
        self.list_faults = Counter(
            "reputation_list_faults",
            "Updates of lists that failed, by reason",
            ["list", "reason"],
            registry=self.registry,
        )

    def _add_sites(self) -> None:
        self.site_runs_started = Counter(
            "site_runs_started",
            "Scans that schedules of sites have started, on time or late",
            ["when"],
            registry=self.registry,
        )
        self.site_runs_waiting = Counter(
            "site_runs_waiting",
            "Scheduled scans that could not be started, by reason: each try counts, a minute apart",
            ["reason"],
            registry=self.registry,
        )
        self.site_schedule_lag = Gauge(
            "site_schedule_lag_seconds",
            "By how much the latest scheduled scan that waits is late, where scans are started",
            registry=self.registry,
        )
        self.sites_overdue = Gauge(
            "sites_overdue_count",
            "Sites without a conclusive scan for too long, where they are watched",
            registry=self.registry,
        )
        self.site_alerts = Counter("site_overdue_alerts", "Sites that became overdue", registry=self.registry)

    def _add_comparisons(self) -> None:
        self.comparisons = Counter(
            "scan_comparisons",
            "Comparisons of two scans, by outcome: made, or failed, because results cannot be read",
            ["outcome"],
            registry=self.registry,
        )
        self.differences = Counter(
            "scan_differences",
            "Differences that comparisons of two scans found, by subject and kind of change",
            ["section", "change"],
            registry=self.registry,
        )
        self.rechecks = Counter(
            "scan_rechecks",
            "Rechecks of new findings in scans that came to their end, by outcome",
            ["outcome"],
            registry=self.registry,
        )

    def note_comparison(self, counts: Mapping[str, Mapping[str, int]] | None) -> None:
        """Count a comparison by what it found, by section and change; None: it failed."""
        self.comparisons.labels("failed" if counts is None else "made").inc()
        for section, changes in ({} if counts is None else counts).items():
            for change, number in changes.items():
                self.differences.labels(section, change).inc(number)

    def _add_scan_processes(self) -> None:
        self.local_verdicts = Counter(
            "local_reader_verdicts",
            "Pages that the local reader has read in scans that came to their end, by what that changed",
            ["effect"],
            registry=self.registry,
        )
        self.process_starts = Counter(
            "scan_process_starts",
            "Processes of scans that were started, by way: forked, or executed, which costs a second of processor time",
            ["way"],
            registry=self.registry,
        )

    def _add_notifications(self) -> None:
        self.notifications = Counter(
            "notifications", "Notifications written to the feeds of users, by kind", ["kind"], registry=self.registry
        )
        self.deliveries = Counter(
            "notification_deliveries",
            "Tries to send a notification by a channel: sent, failed, which is tried again, or dead, which is not",
            ["channel", "outcome"],
            registry=self.registry,
        )

    def _add_streams(self) -> None:
        self.backlog_bytes = Gauge(
            "websocket_backlog_bytes", "Bytes that wait for slow connections", registry=self.registry
        )
        self.open_streams = Gauge("event_streams_open", "Event streams open now", registry=self.registry)
        self.stream_closes = Counter(
            "event_stream_closes", "Event streams that ended, by reason", ["reason"], registry=self.registry
        )
        self.stream_events = Counter(
            "event_stream_events", "Task events handed to event streams", registry=self.registry
        )

    def _add_process(self) -> None:
        self.token_checks = Counter(
            "token_checks",
            "API keys and read-only links that were shown, by kind and outcome: ok, or the code of the refusal",
            ["kind", "outcome"],
            registry=self.registry,
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
        self.delivery_latency = WeightedHistogram(
            "websocket_delivery_latency_seconds",
            "From the event's commit time to the hand-over to live followers",
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5),
            registry=self.registry,
        )

    def note_background_failure(self, task: str) -> None:
        """Count that this task of the process itself has failed."""
        self.background_failures.labels(task).inc()

    def notified(self, event_type: str) -> Counter:
        """Return the child of `notifications_sent`, because a lookup by label costs more than counting."""
        child = self._notified.get(event_type)
        if child is None:
            child = self._notified[event_type] = self.notifications_sent.labels(event_type)
        return child
