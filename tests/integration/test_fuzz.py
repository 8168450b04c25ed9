"""Random bytes and frames against the real endpoint: no traceback, nothing left behind, no hang."""

import asyncio
import json
import socket
import struct
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.events.event import NewEvent
from app.events.types import TaskWarning
from app.findings.recorder import Recorder
from tests.support.arena import CLOSE, PING, PONG, TEXT, Wire, frame, handshake, open_arena

LIMITS = {
    "ws_handshakes_per_s_per_address": 100_000,
    "ws_max_connections_per_user": 100_000,
    "ws_max_connections_per_address": 100_000,
    "ws_max_connections": 100_000,
}
RESET = struct.pack("ii", 1, 0)
KINDS = ("ping", "pong", "subscribe_task", "unsubscribe_task", "subscribe_tasks", "resume", "auth", "get_status", "x")
FIELDS = ("id", "task_id", "last_seq", "log_tail", "topics", "items", "client_time", "token")
fuzz = settings(max_examples=150, derandomize=True)

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(["bench", "logs"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
commands = st.builds(
    lambda kind, fields: json.dumps({"type": kind, **fields}).encode(),
    st.sampled_from(KINDS),
    st.dictionaries(st.sampled_from(FIELDS), values, max_size=4),
)
payloads = (
    commands | st.binary(max_size=200) | st.text(max_size=60).map(str.encode) | st.binary(min_size=126, max_size=300)
)
frames = st.builds(
    frame,
    payloads,
    st.sampled_from([0, TEXT, 2, CLOSE, PING, PONG]) | st.integers(0, 15),
    fin=st.sampled_from([True, True, True, False]),
    reserved=st.sampled_from([0] * 30 + [1, 2, 4, 7]),
    mask=st.sampled_from([bytes(4), b"\x01\x80\xff\x10"] * 10 + [None]),
    declared=st.sampled_from([None] * 40 + [0, 125, 126, 65_535, 65_537, 2**31, 2**63]),
)
good_frames = st.builds(frame, commands, st.just(TEXT), mask=st.binary(min_size=4, max_size=4))
endings = st.sampled_from(["close", "eof", "reset", "half"])


@pytest.fixture(scope="module")
def arena(tmp_path_factory):
    with open_arena(tmp_path_factory.mktemp("fuzz"), **LIMITS) as opened:
        yield opened


@pytest.fixture(autouse=True)
def nothing_is_left(arena):
    """After all examples of a test as before it; and the server still does its work."""
    tasks = arena.ask(lambda: len(asyncio.all_tasks()))
    sockets = count_sockets()
    said = len(arena.log.getvalue())
    yield
    manager = arena.services.manager
    arena.until(lambda: not len(manager.registry))
    arena.until(lambda: len(asyncio.all_tasks()) <= tasks)
    arena.until(lambda: count_sockets() <= sockets)
    assert (
        arena.ask(lambda: [channel for channel in manager.dispatcher.channels.values() if channel.subscriptions]) == []
    )
    new = arena.log.getvalue()[said:]
    assert "Traceback" not in new, new[new.index("Traceback") - 300 :][:3_000]
    assert "[error" not in new
    follow_to_the_end(arena)


def count_sockets():
    """Of this process, which is client and server."""
    links = [place.readlink() for place in Path("/proc/self/fd").iterdir() if place.is_symlink()]
    return sum(link.name.startswith("socket:") for link in links)


def follow_to_the_end(arena):
    """Somebody who does everything right is served."""
    task = "fuzz-" + str(arena.ask(lambda: len(arena.log.getvalue())))
    user = arena.run(arena.services.auth.authenticate(arena.token))
    lifecycle, event_writer = arena.services.lifecycle, arena.services.event_writer
    arena.run(event_writer.write(lifecycle.create(task, user_id=user.user_id, target_domain="x.example", config={})))
    arena.run(event_writer.write(lifecycle.claim(task, 1, "w", "x.example")))
    recorder = Recorder(task_id=task, attempt=1, run=1, clock=arena.services.clock)
    event = NewEvent(TaskWarning(code="partial", message="still here"))
    wire = arena.upgrade()
    with wire.link:
        wire.send(frame(json.dumps({"type": "subscribe_task", "task_id": task}).encode()))
        while b'"task_snapshot"' not in wire.read_frame()[1]:
            pass
        place = arena.run(event_writer.write(recorder.record([event])))
        assert f'"seq":{place.last_seq}'.encode() in wire.read_frame()[1]
        wire.send(frame(struct.pack("!H", 1000), CLOSE))
        assert wire.read_to_end() == [(CLOSE, struct.pack("!H", 1000))]


def end(wire, how):
    """Leave; where the server can still answer, it has to end the stream."""
    with wire.link:
        if how == "reset":
            wire.link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            return
        if how == "close":
            wire.send(frame(struct.pack("!H", 1000), CLOSE))
        if how != "eof":
            try:
                wire.link.shutdown(socket.SHUT_WR)
            except OSError:
                return
            wire.read_to_end()


def say(arena, wire, data, cuts, how):
    """Send in pieces and leave."""
    last = 0
    for cut in sorted(cut % (len(data) + 1) for cut in cuts):
        wire.send(data[last:cut])
        last = cut
    wire.send(data[last:])
    end(wire, how)


cut_points = st.lists(st.integers(0, 10_000), max_size=3)


@fuzz
@given(data=st.binary(max_size=2_000), cuts=cut_points, how=endings)
def test_random_bytes_instead_of_a_request(arena, data, cuts, how):
    say(arena, Wire(arena.connect()), data, cuts, how)


@fuzz
@given(place=st.integers(0, 400), gone=st.integers(0, 12), noise=st.binary(max_size=12), cuts=cut_points, how=endings)
def test_a_handshake_with_a_wound(arena, place, gone, noise, cuts, how):
    request = handshake(arena.token)
    place %= len(request)
    say(arena, Wire(arena.connect()), request[:place] + noise + request[place + gone :], cuts, how)


@fuzz
@given(data=st.binary(max_size=2_000), cuts=cut_points, how=endings)
def test_random_bytes_after_the_handshake(arena, data, cuts, how):
    say(arena, arena.upgrade(), data, cuts, how)


@fuzz
@given(data=st.lists(frames, max_size=8).map(b"".join), cuts=cut_points, how=endings)
@example(data=frame(b"\xff"), cuts=[], how="half")
@example(data=frame(b"\xf0\x9f", fin=False) + frame(b"\xff", 0), cuts=[7], how="half")
def test_random_frames(arena, data, cuts, how):
    say(arena, arena.upgrade(), data, cuts, how)


@fuzz
@given(data=st.lists(good_frames, max_size=12).map(b"".join), cuts=cut_points, how=endings)
def test_random_commands_in_good_frames(arena, data, cuts, how):
    say(arena, arena.upgrade(), data, cuts, how)


@fuzz
@given(data=st.lists(frames, max_size=4).map(b"".join), cuts=cut_points, how=endings)
def test_frames_in_the_same_breath_as_the_handshake(arena, data, cuts, how):
    """Before the application has accepted."""
    say(arena, Wire(arena.connect()), handshake(arena.token) + data, cuts, how)
