"""Answers in pieces, and what becomes of them when their reader leaves."""

from types import SimpleNamespace

import pytest

from app.core.errors import Unavailable
from app.core.pending_write import CLIENT_DISCONNECTED
from app.rest.responses import JsonChunksResponse, ReportResponse
from app.scans.report_stream import ReportStream
from tests.support.backend import HandClock
from tests.support.pieces import Pieces


async def receive():
    raise AssertionError("nothing is asked of the reader")


@pytest.fixture
def answer():
    """Answers with a report of these pieces: what was sent, the pieces, and how often the place was given back."""

    async def run(pieces, is_gone=lambda _sent: False):
        made, sent, closed = Pieces(*pieces), [], []
        stream = ReportStream(
            made,
            await made.read(),
            row=SimpleNamespace(attempt=1),
            clock=HandClock(),
            on_close=lambda: closed.append(1),
        )

        async def send(message):
            sent.append(message)

        await ReportResponse(stream)({CLIENT_DISCONNECTED: lambda: is_gone(sent)}, receive, send)
        assert made.closed
        return sent, made, closed

    return run


async def test_a_document_is_written_piece_by_piece_with_its_length():
    sent = []

    async def send(message):
        sent.append(message)

    await JsonChunksResponse([b"abc", b"de"])({}, receive, send)
    assert (b"content-length", b"5") in sent[0]["headers"]
    assert [message.get("body") for message in sent[1:]] == [b"abc", b"de", b""]
    assert [message.get("more_body", False) for message in sent[1:]] == [True, True, False]


async def test_a_report_ends_and_gives_its_place_back(answer):
    sent, made, closed = await answer([b"a", b"b"])
    assert [message.get("body") for message in sent[1:]] == [b"a", b"b", b""]
    assert (made.read_so_far, closed) == (2, [1])


async def test_for_a_reader_who_has_left_nothing_more_is_read(answer):
    sent, made, closed = await answer([b"%d" % number for number in range(100)], lambda sent: len(sent) > 3)
    assert len(sent) == 4
    assert made.read_so_far <= 5
    assert closed == [1]


async def test_what_fails_on_the_way_leaves_the_answer_without_its_end(answer):
    sent, _, closed = await answer([b"a", Unavailable(code="scan_store_unavailable")])
    assert [message.get("body") for message in sent[1:]] == [b"a"]
    assert sent[-1]["more_body"]
    assert closed == [1]
