"""Answers in pieces, and what becomes of them when their reader leaves."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.api.answers import DocumentResponse, ReportResponse
from app.core.waiting import IS_GONE
from app.scanstore.errors import StoreUnavailable
from app.services.report_stream import ReportStream
from tests.support.house import HandClock


async def receive():
    raise AssertionError("nothing is asked of the reader")


@pytest.fixture
def answer():
    """Answers with a report of these pieces: what was sent, what was read, and how often the place was given back."""
    with ThreadPoolExecutor(1) as executor:

        async def run(pieces, is_gone=lambda _sent: False):
            read, sent, closed = [], [], []

            def noted():
                for piece in pieces:
                    if isinstance(piece, Exception):
                        raise piece
                    read.append(piece)
                    yield piece

            stream = ReportStream(noted(), executor=executor, clock=HandClock(), on_close=lambda: closed.append(1))
            await stream.begin()

            async def send(message):
                sent.append(message)

            await ReportResponse(stream)({IS_GONE: lambda: is_gone(sent)}, receive, send)
            return sent, read, closed

        yield run


async def test_a_document_is_written_piece_by_piece_with_its_length():
    sent = []

    async def send(message):
        sent.append(message)

    await DocumentResponse([b"abc", b"de"])({}, receive, send)
    assert (b"content-length", b"5") in sent[0]["headers"]
    assert [message.get("body") for message in sent[1:]] == [b"abc", b"de", b""]
    assert [message.get("more_body", False) for message in sent[1:]] == [True, True, False]


async def test_a_report_ends_and_gives_its_place_back(answer):
    sent, read, closed = await answer([b"a", b"b"])
    assert [message.get("body") for message in sent[1:]] == [b"a", b"b", b""]
    assert (read, closed) == ([b"a", b"b"], [1])


async def test_for_a_reader_who_has_left_nothing_more_is_read(answer):
    sent, read, closed = await answer([b"%d" % number for number in range(100)], lambda sent: len(sent) > 3)
    assert len(sent) == 4
    assert len(read) <= 5
    assert closed == [1]


async def test_what_fails_on_the_way_leaves_the_answer_without_its_end(answer):
    sent, _, closed = await answer([b"a", StoreUnavailable("disk I/O error")])
    assert [message.get("body") for message in sent[1:]] == [b"a"]
    assert sent[-1]["more_body"]
    assert closed == [1]
