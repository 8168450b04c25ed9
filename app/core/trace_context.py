"""The trace that a request, a connection or a scan belongs to.

It is there whether traces are exported or not (`core.tracing`): its id stands in log lines and in error answers, and
leads from one to the other over all processes. The format is that of W3C Trace Context.
"""

import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

TRACEPARENT: Final = b"traceparent"
TRACESTATE: Final = b"tracestate"
MAX_STATE: Final = 512  # characters that have to be passed on (W3C Trace Context, 3.3.1.5); a longer one is dropped
# version, trace, span, flags; a later version may go on behind a dash. Lower case alone, and no id of zeros.
_TRACEPARENT: Final = re.compile(
    r"(?P<version>(?!ff)[0-9a-f]{2})-(?P<trace>(?!0{32})[0-9a-f]{32})-(?P<span>(?!0{16})[0-9a-f]{16})"
    r"-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?"
)
_FIRST_VERSION: Final = "00"
_SAMPLED: Final = 1


@dataclass(frozen=True, slots=True)
class TraceContext:
    """A trace, and the span in it that is the parent of what comes next."""

    trace_id: str  # 32 hexadecimal digits
    span_id: str  # 16
    sampled: bool = False  # whether spans of this trace are kept
    state: str = ""  # `tracestate`, which others' systems want to have passed on

    def header(self) -> str:
        """Return it as a `traceparent`."""
        return f"00-{self.trace_id}-{self.span_id}-{self.sampled:02x}"


_current: ContextVar[TraceContext | None] = ContextVar("trace", default=None)


def new_context() -> TraceContext:
    """Begin a trace. Its ids come from the system: processes that were forked alike must not share them."""
    return TraceContext(secrets.token_hex(16), secrets.token_hex(8))


def _begin_process() -> None:
    """Reset the trace context in a forked process."""
    global _of_process  # noqa: PLW0603 - a process has one
    _of_process = new_context()


_of_process = new_context()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_process)
_adopted: TraceContext | None = None  # what the whole process belongs to


def current() -> TraceContext:
    """Return what is being done; what belongs to no request and no scan belongs to the process."""
    return given() or _of_process


def given() -> TraceContext | None:
    """Return the trace that was entered or adopted; None: what is done belongs to the process alone."""
    return _current.get() or _adopted


def adopt(context: TraceContext | None) -> None:
    """Adopt the context for the whole process, its threads included, unless another is entered: in a scan process."""
    global _adopted  # noqa: PLW0603 - a process has one
    _adopted = context


@contextmanager
def entered(context: TraceContext | None) -> Iterator[None]:
    """Whatever is done within, tasks that are started included, belongs to this trace. None: to the one around."""
    if context is None:
        yield
        return
    token = _current.set(context)
    try:
        yield
    finally:
        _current.reset(token)


def read_header(value: str, state: str = "") -> TraceContext | None:
    """Read a `traceparent`; None for what is none, as the standard has it: then a new trace begins."""
    found = _TRACEPARENT.fullmatch(value)
    if found is None or (found["more"] is not None and found["version"] == _FIRST_VERSION):
        return None
    sampled = bool(int(found["flags"], 16) & _SAMPLED)
    return TraceContext(found["trace"], found["span"], sampled, state if len(state) <= MAX_STATE else "")


def read_headers(headers: Iterable[tuple[bytes, bytes]]) -> TraceContext | None:
    """Read them from a request. None when there is none, more than one, or one that is not as it should be."""
    parents: list[bytes] = []
    states: list[bytes] = []
    for name, value in headers:
        if name == TRACEPARENT:
            parents.append(value)
        elif name == TRACESTATE:
            states.append(value)
    if len(parents) != 1:
        return None
    return read_header(parents[0].decode("latin-1").strip(" \t"), b",".join(states).decode("latin-1"))
