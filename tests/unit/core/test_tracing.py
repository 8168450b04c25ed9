"""Spans: nothing while nobody collects, and real ones on the wire when somebody does."""

import asyncio
import threading
import time

import pytest

from app.core import span_export, trace_context, tracing
from app.core.trace_context import TraceContext
from app.core.tracing import add_span, configure_tracing, end_tracing, span, traced
from tests.support.logs import captured_log
from tests.support.span_receiver import ancestors, running_collector

PARENT = TraceContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", sampled=True, state="vendor=1")


class Shop:
    @traced
    async def sell(self, thing: str, *, fails: bool = False) -> str:
        with span("pay", amount=3):
            await asyncio.sleep(0)
        if fails:
            raise ValueError("secret words")
        return thing


@pytest.fixture
def collector():
    with running_collector() as collector:
        configure_tracing(collector.url, process="test")
        try:
            yield collector
        finally:
            end_tracing()


def received(collector):
    end_tracing()
    return {found.name: found for found in collector.spans()}


async def test_while_nobody_collects_a_span_is_nothing():
    configure_tracing(None, process="test")
    before = trace_context.current()
    with span("work", parent=PARENT) as one, span("more") as other:
        one.note(a=1)
        one.rename("other")
        one.fail("reason")
        assert trace_context.current() is before
    assert one is other
    add_span("late", parent=PARENT, began_ns=0)
    assert await Shop().sell("shoe") == "shoe"
    assert (tracing.is_on(), tracing.header(), tracing.collected()) == (False, "", None)
    end_tracing()


async def test_spans_within_each_other_are_one_trace_that_goes_on_from_the_parent(collector):
    with span("request", parent=PARENT, kind="server", size=7) as request:
        assert trace_context.current().trace_id == PARENT.trace_id
        assert tracing.header().startswith(f"00-{PARENT.trace_id}-")
        assert tracing.collected().state == PARENT.state
        assert await Shop().sell("shoe") == "shoe"
        request.rename("request /shoes")
    found = received(collector)
    assert ancestors(found["pay"], list(found.values())) == ["pay", "Shop.sell", "request /shoes"]
    top = found["request /shoes"]
    assert (top.service, top.kind, top.attributes) == ("compliance-test", "server", {"size": 7})
    assert (top.trace_id, top.parent_id) == (PARENT.trace_id, PARENT.span_id)
    assert top.began_ns <= found["pay"].began_ns <= found["pay"].ended_ns <= top.ended_ns


async def test_without_a_parent_a_trace_begins(collector):
    with span("one"):
        first = trace_context.current().trace_id
    with span("two"):
        assert trace_context.current().trace_id != first
    found = received(collector)
    assert found["one"].parent_id == found["two"].parent_id == ""
    assert found["one"].trace_id == first


async def test_a_failure_is_told_by_its_name_and_not_by_its_words(collector):
    with pytest.raises(ValueError, match="secret words"):
        await Shop().sell("shoe", fails=True)
    with pytest.raises(asyncio.CancelledError), span("cancelled"):
        raise asyncio.CancelledError
    found = received(collector)
    assert (found["Shop.sell"].failed, found["Shop.sell"].attributes) == (True, {"error.type": "ValueError"})
    assert not found["pay"].failed
    assert not found["cancelled"].failed
    assert "secret" not in repr(found)


async def test_what_was_timed_elsewhere_can_be_recorded(collector):
    began = time.time_ns() - 5_000_000
    add_span("stage", parent=PARENT, began_ns=began, ended_ns=began + 2_000_000, kind="consumer", stage="crawl")
    found = received(collector)["stage"]
    assert (found.began_ns, found.ended_ns - found.began_ns) == (began, 2_000_000)
    assert (found.parent_id, found.kind, found.attributes) == (PARENT.span_id, "consumer", {"stage": "crawl"})


async def test_a_client_who_wants_its_trace_not_to_be_kept_has_it_so(collector):
    unwanted = TraceContext(PARENT.trace_id, PARENT.span_id, sampled=False)
    with span("request", parent=unwanted):
        assert trace_context.current().trace_id == PARENT.trace_id
        assert tracing.header().endswith("-00")
    assert received(collector) == {}


async def test_what_a_collector_asks_for_is_set_by_opentelemetrys_own_variables(monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=abc")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_always_off")
    with running_collector() as collector:
        configure_tracing(collector.url, process="test")
        with span("left out"):
            pass
        with span("kept", parent=PARENT):
            pass
        assert received(collector).keys() == {"kept"}
    assert collector.headers[0]["x-key"] == "abc"


def test_nobody_waits_for_a_collector_that_is_away(monkeypatch):
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
    monkeypatch.setattr(span_export, "EXPORT_TIMEOUT_S", 60.0)  # whoever waits, waits for half a minute
    with captured_log("INFO") as log:
        configure_tracing("http://127.0.0.1:9", process="test")
        for _ in range(3):
            with span("lost"):
                pass
            time.sleep(0.05)
        began = time.monotonic()
        end_tracing(0.5)
        assert time.monotonic() - began < 10
        for thread in [thread for thread in threading.enumerate() if thread.name == "end-traces"]:
            thread.join(60)  # it would go on in the tests behind
            assert not thread.is_alive()
    assert "Traceback" not in log.getvalue()
