"""Spans of requests and scans across all processes, exported by OTLP.

Off unless `configure_tracing` was called with an address (COMPLIANCE_TRACES_URL); then `span` costs a comparison. As
logging, it is the process's and reaches every room; what is on goes through `core.span_export` alone.
"""

import time
from collections.abc import Awaitable, Callable
from functools import wraps
from types import TracebackType
from typing import Any, Final, Literal, Protocol, Self, TypeVar, cast

from app.core import trace_context
from app.core.trace_context import TraceContext

T = TypeVar("T")
Method = TypeVar("Method", bound=Callable[..., Awaitable[Any]])

Kind = Literal["internal", "server", "client", "producer", "consumer"]
Value = str | int | float | bool


class OpenSpan(Protocol):
    """A span that has begun."""

    @property
    def context(self) -> TraceContext:
        """Return the context of nested work."""
        ...

    def rename(self, name: str) -> None: ...

    def note(self, **attributes: Value) -> None: ...

    def fail(self, reason: str) -> None:
        """Mark the span as failed. `reason`: a stable key or the name of an error, never its message."""
        ...

    def end(self, at_ns: int | None = None) -> None:
        """`at_ns`: nanoseconds of the Unix epoch; None: now."""
        ...


class SpanRecorder(Protocol):
    """Takes spans and sends them away."""

    def begin(
        self, name: str, kind: Kind, parent: TraceContext | None, attributes: dict[str, Value], at_ns: int | None = None
    ) -> OpenSpan:
        """Without a parent a trace begins."""
        ...

    def close(self, timeout_s: float) -> None:
        """Send what is there, within that time."""
        ...


class _NoSpan:
    """What `span` returns when nobody collects."""

    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def rename(self, name: str) -> None:
        pass

    def note(self, **attributes: Value) -> None:
        pass

    def fail(self, reason: str) -> None:
        pass


class ActiveSpan:
    """A span around a block, whose trace the block has."""

    __slots__ = ("_attributes", "_entered", "_kind", "_name", "_parent", "_recorder", "_span")

    def __init__(
        self, recorder: SpanRecorder, name: str, kind: Kind, parent: TraceContext | None, attributes: dict[str, Value]
    ) -> None:
        self._recorder, self._name, self._kind, self._parent = recorder, name, kind, parent
        self._attributes = attributes

    def __enter__(self) -> Self:
        parent = self._parent or trace_context.given()
        self._span = self._recorder.begin(self._name, self._kind, parent, self._attributes)
        self._entered = trace_context.entered(self._span.context)
        self._entered.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entered.__exit__(kind, error, trace)
        if kind is not None and issubclass(kind, Exception):  # a cancellation is no failure
            self._span.fail(kind.__name__)
        self._span.end()

    def rename(self, name: str) -> None:
        self._span.rename(name)

    def note(self, **attributes: Value) -> None:
        self._span.note(**attributes)

    def fail(self, reason: str) -> None:
        self._span.fail(reason)


_NO_SPAN: Final = _NoSpan()
_recorder: SpanRecorder | None = None


def is_on() -> bool:
    """Return whether spans are collected, for callers whose attributes are expensive."""
    return _recorder is not None


def span(
    name: str, *, parent: TraceContext | None = None, kind: Kind = "internal", **attributes: Value
) -> ActiveSpan | _NoSpan:
    """Return a context manager for what one part does. `parent`: instead of the trace around.

    `name` and `attributes` hold no more than log lines do: keys, identifiers and numbers.
    """
    if _recorder is None:
        return _NO_SPAN
    return ActiveSpan(_recorder, name, kind, parent, attributes)


def add_span(
    name: str,
    *,
    parent: TraceContext | None,
    began_ns: int,
    ended_ns: int | None = None,
    kind: Kind = "internal",
    **attributes: Value,
) -> None:
    """Add a span of what began then (`time.time_ns`) and ended then, or now. `parent` as of `span`."""
    if _recorder is not None:
        opened = _recorder.begin(name, kind, parent or trace_context.given(), attributes, began_ns)
        opened.end(ended_ns or time.time_ns())


def traced(method: Method) -> Method:
    """Make a span of each call of a coroutine method, named after its class and itself."""

    @wraps(method)
    def call(self: object, *args: Any, **options: Any) -> Awaitable[Any]:
        if _recorder is None:
            return method(self, *args, **options)
        return _call_in_span(f"{type(self).__name__}.{method.__name__}", method(self, *args, **options))

    return cast("Method", call)


async def _call_in_span(name: str, call: Awaitable[T]) -> T:
    with span(name):
        return await call


def header() -> str:
    """Return the `traceparent` of what is being done, for another process; empty when nobody collects."""
    context = trace_context.given()
    return "" if _recorder is None or context is None else context.header()


def collected() -> TraceContext | None:
    """Return the trace around, for spans that end later; None when nobody collects."""
    return None if _recorder is None else trace_context.given()


def use_recorder(recorder: SpanRecorder | None) -> None:
    """Collect with it from now on; None: not any more."""
    global _recorder  # noqa: PLW0603 - a process has one, as it has one log
    _recorder = recorder


def configure_tracing(url: str | None, *, process: str) -> None:
    """Send spans to a collector at `url`, as of the service `compliance-<process>`. None: nothing is collected."""
    if url is None:
        return
    from app.core.span_export import OtlpRecorder  # its packages are not installed everywhere

    use_recorder(OtlpRecorder(url, process=process))


def end_tracing(timeout_s: float = 2.0) -> None:
    """Send what waits, and collect nothing more."""
    recorder = _recorder
    if recorder is not None:
        use_recorder(None)
        recorder.close(timeout_s)
