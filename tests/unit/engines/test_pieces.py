"""What is long is read in threads, a piece at a time."""

import asyncio
import threading
from itertools import count

import pytest

from app.engines.pieces import pieces


async def test_all_items_come_in_order_in_pieces_of_a_size():
    assert [found async for found in pieces(iter(range(7)), 3)] == [[0, 1, 2], [3, 4, 5], [6]]
    assert [found async for found in pieces(iter([]), 3)] == []


async def test_the_loop_goes_on_while_a_piece_is_read():
    turned = threading.Event()

    def items():
        assert turned.wait(10)
        yield threading.current_thread()

    asyncio.get_running_loop().call_later(0.01, turned.set)
    ((reader,),) = [found async for found in pieces(items(), 5)]
    assert reader is not threading.main_thread()


async def test_no_more_is_read_than_is_looked_at():
    numbers = count()
    async for found in pieces(numbers, 10):
        assert found == list(range(10))
        break
    assert next(numbers) == 10


async def test_an_error_of_the_reader_is_the_callers():
    def items():
        yield 1
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        [found async for found in pieces(items(), 1)]
