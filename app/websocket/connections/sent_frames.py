"""Counts what leaves on sockets: the only place that does."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.core.clock import Clock
from app.core.metrics import Metrics
from app.websocket.messages.encoded_event import EncodedEvent


@dataclass(kw_only=True, eq=False, repr=False)
class SentFrames:
    """Called when frames were handed to a transport or a descriptor, never before."""

    metrics: Metrics
    clock: Clock

    def add_control(self) -> None:
        """Count one frame that is not an event."""
        self.metrics.messages_sent.inc()

    def add_notice(self, event: EncodedEvent) -> None:
        """Count an event that went to a connection of the owner that does not follow the task."""
        self._add_events((event,), 1)

    def add_live(self, events: Sequence[EncodedEvent], receivers: int = 1) -> None:
        """Count new events of a followed task, each sent to so many connections, and how late they were."""
        self._add_events(events, receivers)
        now = self.clock.now()
        for event in events:
            late_s = max(0.0, (now - event.event.created_at).total_seconds())
            self.metrics.delivery_latency.observe_times(late_s, receivers)

    def add_replay(self, events: Sequence[EncodedEvent]) -> None:
        """Count events that one connection had missed: old by nature, so not late."""
        self._add_events(events, 1)

    def add_saved(self, coalesced: int, dropped: int) -> None:
        """Count waiting progress and log frames that gave way to newer ones, and were not sent."""
        self.metrics.frames_coalesced.inc(coalesced)
        self.metrics.log_frames_dropped.inc(dropped)

    def _add_events(self, events: Sequence[EncodedEvent], receivers: int) -> None:
        self.metrics.messages_sent.inc(len(events) * receivers)
        for event in events:
            self.metrics.notified(event.event.type).inc(receivers)
