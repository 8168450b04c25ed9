"""A client's `traceparent` counts as the standard says, and nothing else does."""

import asyncio
import subprocess
import sys

import pytest

from app.core import trace_context
from app.core.trace_context import MAX_STATE, TraceContext, entered, new_context, read_header, read_headers

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GOOD = f"00-{TRACE}-{SPAN}-01"


def test_a_header_is_read_and_written_as_it_was():
    found = read_header(GOOD)
    assert found == TraceContext(TRACE, SPAN, sampled=True)
    assert found.header() == GOOD
    assert read_header(f"00-{TRACE}-{SPAN}-00").sampled is False
    assert read_header(f"00-{TRACE}-{SPAN}-03").header() == GOOD  # of flags we know one


@pytest.mark.parametrize(
    "value", [f"01-{TRACE}-{SPAN}-01", f"cc-{TRACE}-{SPAN}-01-what-comes-later", f"fe-{TRACE}-{SPAN}-01-"]
)
def test_of_a_later_version_what_we_know_is_read(value):
    assert read_header(value) == TraceContext(TRACE, SPAN, sampled=True)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "00",
        GOOD.upper(),
        f"ff-{TRACE}-{SPAN}-01",  # no version
        f"00-{TRACE}-{SPAN}-01-more",  # of this version there is no more
        f"01-{TRACE}-{SPAN}-01more",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE}{SPAN}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-0g",
        f"0-{TRACE}-{SPAN}-01",
        f" {GOOD}",
        f"{GOOD}\n",
        GOOD.replace("4", "４"),  # a digit to Python, and to nobody else
        "00-" + "a" * 60_000,
        "'; DROP TABLE scan_tasks; --",
    ],
)
def test_what_is_not_as_the_standard_has_it_begins_no_trace(value):
    assert read_header(value) is None


def test_one_header_counts_and_two_do_not():
    parent = (b"traceparent", GOOD.encode())
    state = [(b"tracestate", b"a=1"), (b"tracestate", b"b=2")]
    assert read_headers([(b"host", b"x"), parent, *state]) == TraceContext(TRACE, SPAN, sampled=True, state="a=1,b=2")
    assert read_headers([parent, parent]) is None
    assert read_headers(state) is None
    assert read_headers([(b"traceparent", b"\xff" * 55)]) is None
    assert read_headers([(b"traceparent", b"\t" + GOOD.encode() + b" ")]).trace_id == TRACE


def test_a_state_that_is_too_long_is_left_out():
    headers = [(b"traceparent", GOOD.encode()), (b"tracestate", b"x" * (MAX_STATE + 1))]
    assert read_headers(headers) == TraceContext(TRACE, SPAN, sampled=True)


def test_a_new_trace_is_one_that_others_read():
    found = {new_context() for _ in range(100)}
    assert len({context.trace_id for context in found}) == 100
    assert all(read_header(context.header()) == context for context in found)


async def test_what_is_begun_within_a_trace_belongs_to_it_and_what_is_outside_to_the_process():
    process, one = trace_context.current(), new_context()

    async def look():
        await asyncio.sleep(0)
        return trace_context.current()

    with entered(one):
        inside = asyncio.create_task(look())
        with entered(None):
            assert trace_context.current() is one
    assert await inside is one
    assert trace_context.current() is process
    assert trace_context.given() is None


def test_a_process_that_was_forked_does_nothing_on_behalf_of_the_other():
    code = """
import os
from app.core import trace_context
print(trace_context.current().trace_id, flush=True)
if os.fork():
    os.wait()
    print(trace_context.current().trace_id)
else:
    print(trace_context.current().trace_id)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=240)
    before, child, after = done.stdout.split()
    assert before == after != child


def test_a_process_that_does_one_thing_belongs_to_it():
    one, other = new_context(), new_context()
    trace_context.adopt(one)
    try:
        assert trace_context.current() is trace_context.given() is one
        with entered(other):
            assert trace_context.current() is other
    finally:
        trace_context.adopt(None)
    assert trace_context.given() is None
