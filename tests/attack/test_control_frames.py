"""Issue: pings and pongs were outside every limit: each costs the server a read, and a write to whoever sent it."""

import json
from contextlib import closing, suppress

import pytest

from tests.support.arena import CLOSE, PING, PONG, TEXT, Wire, frame, handshake

BURST = 50


@pytest.fixture
def wire(service):
    token = service.sign_in()["Authorization"].removeprefix("Bearer ")
    with closing(service.connect()) as link:
        link.sendall(handshake(token))
        found = Wire(link)
        assert found.read_head().startswith(b"HTTP/1.1 101 ")
        assert b"connection_established" in found.read_frame()[1]
        yield found


def test_a_burst_of_pings_is_answered(wire):
    wire.send(frame(b"x", PING) * BURST)
    assert [wire.read_frame() for _ in range(BURST)] == [(PONG, b"x")] * BURST


@pytest.mark.parametrize("opcode", [PING, PONG])
@pytest.mark.parametrize("apart", [False, True], ids=["together", "apart"])
def test_a_flood_is_told_why_and_closed(wire, opcode, apart):
    flood = frame(b"", opcode)
    for piece in [flood] * (BURST * 4) if apart else [flood * (BURST * 4)]:
        wire.send(piece)
    said = wire.read_to_end()
    assert [payload for opcode, payload in said if opcode == PONG] == [b""] * (BURST if opcode == PING else 0)
    (error,) = [json.loads(payload) for opcode, payload in said if opcode == TEXT]
    assert (error["type"], error["code"], error["fatal"]) == ("error", "rate_limited", True)
    assert error["retry_after_ms"] == 5_000
    assert said[-1] == (CLOSE, (4029).to_bytes(2, "big") + b"rate_limited")


def test_who_floods_on_is_cut_off_and_nobody_else(service, wire):
    with suppress(OSError):
        while True:
            wire.link.sendall(frame(b"", PING) * 1_000)
    assert service.is_healthy()
    assert service.http.get("/api/v1/auth/me", headers=service.sign_in()).status_code == 200


def test_commands_are_counted_by_themselves(wire):
    wire.send(frame(b"", PONG) * BURST)
    wire.send(frame(b'{"type": "ping"}') * 100)
    assert {json.loads(wire.read_frame()[1])["type"] for _ in range(100)} == {"pong"}
