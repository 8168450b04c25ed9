"""A collector that speaks OTLP over HTTP: it decodes what it is sent, and keeps the spans."""

import contextlib
import gzip
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

KINDS = {value: name.removeprefix("SPAN_KIND_").lower() for name, value in Span.SpanKind.items()}


@dataclass(frozen=True)
class Received:
    """One span, as it was on the wire."""

    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str  # empty: it begins the trace
    attributes: dict[str, Any]
    failed: bool
    began_ns: int
    ended_ns: int


class SpanReceiver:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spans: list[Received] = []
        self.headers: list[dict[str, str]] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                assert self.path == "/v1/traces"
                collector.take(ExportTraceServiceRequest.FromString(body), dict(self.headers))
                answer = ExportTraceServiceResponse().SerializeToString()
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_arguments: object) -> None:
                """It says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=self._server.serve_forever, name="collector")
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def take(self, request: ExportTraceServiceRequest, headers: dict[str, str]) -> None:
        found = [
            Received(
                service=_values(resource.resource.attributes)["service.name"],
                name=span.name,
                kind=KINDS[span.kind],
                trace_id=span.trace_id.hex(),
                span_id=span.span_id.hex(),
                parent_id=span.parent_span_id.hex(),
                attributes=_values(span.attributes),
                failed=span.status.code == Status.STATUS_CODE_ERROR,
                began_ns=span.start_time_unix_nano,
                ended_ns=span.end_time_unix_nano,
            )
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
        with self._lock:
            self._spans += found
            self.headers.append(headers)

    def spans(self, trace_id: str | None = None) -> list[Received]:
        with self._lock:
            return [span for span in self._spans if trace_id in (None, span.trace_id)]


def ancestors(span: Received, spans: list[Received]) -> list[str]:
    """The names from the span up to the beginning of its trace."""
    by_id = {found.span_id: found for found in spans}
    names = [span.name]
    while span.parent_id in by_id:
        span = by_id[span.parent_id]
        names.append(span.name)
    return names


@contextlib.contextmanager
def running_collector() -> Iterator[SpanReceiver]:
    collector = SpanReceiver()
    with collector.running():
        yield collector


def _values(attributes: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in attributes}
