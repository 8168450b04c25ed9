"""Spans on their way to a collector: OpenTelemetry's SDK, and OTLP over HTTP.

Sampling, batches, headers and certificates are set by OpenTelemetry's own variables (`OTEL_TRACES_SAMPLER`,
`OTEL_BSP_*`, `OTEL_EXPORTER_OTLP_HEADERS`, ...). A collector that is away costs two lines of the log, and nothing waits
for it.
"""

import logging
import threading
from collections.abc import Sequence
from typing import Any, Final

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)
from opentelemetry.trace.span import TraceState

from app.core.ids import new_id
from app.core.program import program_version
from app.core.trace_context import TraceContext
from app.core.tracing import Kind, Value

PATH: Final = "/v1/traces"
EXPORT_TIMEOUT_S: Final = 5.0
KINDS: Final = {
    "internal": SpanKind.INTERNAL,
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
}
log = structlog.get_logger(__name__)


class OtlpRecorder:
    """Fulfils `tracing.SpanRecorder`. May be called from any thread."""

    def __init__(self, url: str, *, process: str) -> None:
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # it writes a traceback of each batch that fails
        about = {
            "service.name": f"compliance-{process}",
            "service.version": program_version(),
            "service.instance.id": new_id(),
        }
        self._exporter: SpanExporter = OTLPSpanExporter(endpoint=url.rstrip("/") + PATH, timeout=EXPORT_TIMEOUT_S)
        self._provider = TracerProvider(resource=Resource.create(about), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(QuietExporter(self._exporter)))
        self._tracer = self._provider.get_tracer("compliance", program_version())

    def begin(
        self, name: str, kind: Kind, parent: TraceContext | None, attributes: dict[str, Value], at_ns: int | None = None
    ) -> "OtlpSpan":
        around = set_span_in_context(NonRecordingSpan(_read(parent)))
        return OtlpSpan(
            self._tracer.start_span(name, around, KINDS[kind], attributes, start_time=at_ns, record_exception=False)
        )

    def close(self, timeout_s: float) -> None:
        """Close the exporter without waiting for an unavailable collector, as the SDK's own shutdown would."""
        closing = threading.Thread(target=self._provider.shutdown, name="end-traces", daemon=True)
        closing.start()
        closing.join(timeout_s)
        if closing.is_alive():
            self._exporter.shutdown()  # ends the pause before its next try


class OtlpSpan:
    """Fulfils `tracing.OpenSpan`."""

    __slots__ = ("_span", "context")

    def __init__(self, span: Span) -> None:
        self._span = span
        self.context = _write(span.get_span_context())

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def note(self, **attributes: Value) -> None:
        self._span.set_attributes(attributes)

    def fail(self, reason: str) -> None:
        self._span.set_attribute("error.type", reason)
        self._span.set_status(Status(StatusCode.ERROR))

    def end(self, at_ns: int | None = None) -> None:
        self._span.end(at_ns)


class QuietExporter(SpanExporter):
    """Logs when the export of spans begins to fail and when it works again, and nothing in between."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._arrives = True

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        try:
            result = self._exporter.export(spans)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next batch is tried
            self._note(arrives=False, reason=type(error).__name__)
            return SpanExportResult.FAILURE
        self._note(arrives=result is SpanExportResult.SUCCESS, reason="refused")
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)

    def _note(self, *, arrives: bool, reason: str) -> None:
        if self._arrives and not arrives:
            log.warning("traces_not_sent", reason=reason)
        elif arrives and not self._arrives:
            log.info("traces_sent_again")
        self._arrives = arrives


def _read(context: TraceContext | None) -> SpanContext:
    """Return the span context; without one an invalid one, which starts a trace."""
    if context is None:
        return SpanContext(0, 0, is_remote=False)
    flags = TraceFlags(TraceFlags.SAMPLED if context.sampled else TraceFlags.DEFAULT)
    state = TraceState.from_header([context.state]) if context.state else TraceState()
    return SpanContext(
        int(context.trace_id, 16), int(context.span_id, 16), is_remote=True, trace_flags=flags, trace_state=state
    )


def _write(context: SpanContext) -> TraceContext:
    state: Any = context.trace_state
    return TraceContext(
        f"{context.trace_id:032x}",
        f"{context.span_id:016x}",
        context.trace_flags.sampled,
        state.to_header() if state else "",
    )
