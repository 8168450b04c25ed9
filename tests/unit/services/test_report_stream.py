"""A report on its way to one reader."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.core.errors import Unavailable
from app.scanstore.errors import StoreUnavailable
from app.services.report_stream import GRACE_S, ReportStream
from tests.support.house import HandClock


@pytest.fixture
def open_stream():
    with ThreadPoolExecutor(1) as executor:
        clock, closed = HandClock(), []

        def opener(pieces):
            stream = ReportStream(pieces, executor=executor, clock=clock, on_close=lambda: closed.append(True))
            return stream, clock, closed

        yield opener


def three_pieces(ended):
    try:
        yield from (b"a", b"b", b"c")
    finally:
        ended.append(True)


async def test_the_first_piece_is_read_before_and_the_file_is_closed_in_any_case(open_stream):
    ended = []
    stream, _, closed = open_stream(three_pieces(ended))
    await stream.begin()
    await stream.close()
    assert (ended, closed) == ([True], [True])
    whole, _, _ = open_stream(three_pieces([]))
    await whole.begin()
    assert [piece async for piece in whole] == [b"a", b"b", b"c"]
    await whole.close()


async def test_who_reads_more_slowly_than_everybody_can_is_cut_off(open_stream):
    stream, clock, _ = open_stream(three_pieces([]))
    await stream.begin()
    seen = []

    async def read_slowly():
        async for piece in stream:
            seen.append(piece)
            clock.seconds += GRACE_S / 2 + 1

    with pytest.raises(Unavailable, match="too slowly"):
        await read_slowly()
    assert seen == [b"a", b"b"]
    await stream.close()


async def test_a_file_that_breaks_on_the_way_is_said_as_before_it_began(open_stream):
    def breaks():
        yield b"a"
        raise StoreUnavailable("disk I/O error")

    stream, _, _ = open_stream(breaks())
    await stream.begin()
    with pytest.raises(Unavailable) as raised:
        assert [piece async for piece in stream] == [b"a"]
    assert raised.value.code == "scan_store_unavailable"
    await stream.close()
