import asyncio

import pytest

from app.core.data_loader import BATCH_PAUSE_S, MAX_KEYS, DataLoader
from tests.support.virtual_time import run_in_virtual_time


class Reads:
    """Answers a read when it is told to."""

    def __init__(self):
        self.asked = []
        self.gates = []

    async def __call__(self, keys):
        self.asked.append(list(keys))
        gate = asyncio.get_running_loop().create_future()
        self.gates.append(gate)
        await gate
        return {key: key.upper() for key in keys if key != "missing"}


async def turn():
    for _ in range(3):
        await asyncio.sleep(0)


async def test_alone_a_key_is_read_at_once_and_the_others_share_the_next_read():
    reads = Reads()
    batch = DataLoader(reads)
    first = asyncio.create_task(batch.get("a"))
    await turn()
    others = [asyncio.create_task(batch.get(key)) for key in ("b", "c", "missing", "b", "a")]
    await turn()
    assert reads.asked == [["a"]]
    reads.gates[0].set_result(None)
    await turn()
    assert reads.asked == [["a"], ["b", "c", "missing", "a"]]  # "a" once more: a read that began after it was asked for
    reads.gates[1].set_result(None)
    assert await first == "A"
    assert await asyncio.gather(*others) == ["B", "C", None, "B", "A"]


async def test_a_failure_is_everybodys_of_that_read_and_nobody_elses():
    reads = Reads()
    batch = DataLoader(reads)
    first = asyncio.create_task(batch.get("a"))
    await turn()
    second = asyncio.create_task(batch.get("b"))
    reads.gates[0].set_exception(OSError("away"))
    await turn()
    reads.gates[1].set_result(None)
    with pytest.raises(OSError, match="away"):
        await first
    assert await second == "B"


async def test_who_gives_up_takes_nothing_from_the_others():
    reads = Reads()
    batch = DataLoader(reads)
    impatient, patient = (asyncio.create_task(batch.get("a")) for _ in range(2))
    await turn()
    impatient.cancel()
    await turn()
    reads.gates[0].set_result(None)
    assert await patient == "A"
    assert impatient.cancelled()


async def test_a_read_has_an_end():
    reads = Reads()
    batch = DataLoader(reads)
    asked = [asyncio.create_task(batch.get(f"k{number}")) for number in range(MAX_KEYS + 1)]
    await turn()
    reads.gates[0].set_result(None)
    await turn()
    reads.gates[1].set_result(None)
    await asyncio.gather(*asked)
    assert [len(keys) for keys in reads.asked] == [MAX_KEYS, 1]


def test_in_a_crowd_the_next_read_waits_for_more():
    run_in_virtual_time(read_in_a_crowd())  # where no machine is too slow to ask within a pause of milliseconds


async def read_in_a_crowd():
    reads = Reads()
    batch = DataLoader(reads)
    asked = []

    def ask(*keys):
        asked.extend(asyncio.create_task(batch.get(key)) for key in keys)

    ask("a", "b")
    await turn()
    ask("c")
    await turn()
    reads.gates[0].set_result(None)
    await turn()
    ask("d")
    await turn()
    await asyncio.sleep(0.9 * BATCH_PAUSE_S)
    assert reads.asked == [["a", "b"]]
    await asyncio.sleep(0.2 * BATCH_PAUSE_S)
    assert reads.asked == [["a", "b"], ["c", "d"]]
    reads.gates[1].set_result(None)
    assert await asyncio.gather(*asked) == ["A", "B", "C", "D"]


async def test_after_the_crowd_one_alone_is_read_at_once():
    reads = Reads()
    batch = DataLoader(reads)
    asked = [asyncio.create_task(batch.get(key)) for key in "ab"]
    await turn()
    reads.gates[0].set_result(None)
    await asyncio.gather(*asked)
    alone = asyncio.create_task(batch.get("c"))
    await turn()
    assert reads.asked == [["a", "b"], ["c"]]
    reads.gates[1].set_result(None)
    assert await alone == "C"
