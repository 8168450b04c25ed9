"""A report on its way to one reader."""

from dataclasses import replace

import pytest

from app.core.errors import LimitReached, NotFound, Unavailable
from app.core.principal import Principal
from app.scans.report_stream import GRACE_S, ReportStreams
from app.scans.shown_run import RunRef
from tests.support.backend import HandClock
from tests.support.pieces import Pieces, Rows

MEI = Principal("mei", "mei", "user")
RUN = RunRef("t")


class Makers:
    """Gives out the same pieces for every order."""

    def __init__(self, *pieces):
        self.pieces = pieces
        self.opened = []

    async def open(self, order):
        if self.pieces and isinstance(self.pieces[0], OSError):
            raise Unavailable(code="report_failed")
        self.opened.append(Pieces(*self.pieces))
        assert order == "order for t"
        return self.opened[-1]


def streams(makers, *, clock=None, in_all=2, rows=None):
    return ReportStreams(results=rows or Rows(), processes=makers, clock=clock or HandClock(), in_all=in_all)


async def open_one(of, principal=MEI):
    return await of.open(principal, RUN, lambda row: f"order for {row.id}")


async def test_the_first_piece_is_read_before_and_its_maker_is_closed_in_any_case():
    makers = Makers(b"a", b"b", b"c")
    stream = await open_one(streams(makers))
    assert (makers.opened[0].read_so_far, stream.attempt) == (1, 3)
    assert [piece async for piece in stream] == [b"a", b"b", b"c"]
    await stream.close()
    assert makers.opened[0].closed


async def test_who_reads_more_slowly_than_everybody_can_is_cut_off():
    clock, seen = HandClock(), []
    stream = await open_one(streams(Makers(b"a", b"b", b"c"), clock=clock))

    async def read_slowly():
        async for piece in stream:
            seen.append(piece)
            clock.seconds += GRACE_S / 2 + 1

    with pytest.raises(Unavailable, match="too slowly"):
        await read_slowly()
    assert seen == [b"a", b"b"]


async def test_a_report_that_takes_long_to_make_is_not_the_readers_doing():
    """A busy machine takes minutes for a large workbook, which is small when it is packed."""
    clock = HandClock()

    class Slow(Pieces):
        async def read(self):
            clock.seconds += GRACE_S
            return await super().read()

    class SlowMakers(Makers):
        async def open(self, order):
            return Slow(*self.pieces)

    stream = await open_one(streams(SlowMakers(b"a", b"b", b"c"), clock=clock))
    assert [piece async for piece in stream] == [b"a", b"b", b"c"]


async def test_a_place_is_taken_until_the_stream_is_closed():
    of = streams(Makers(b"a"), in_all=1)
    stream = await open_one(of)
    with pytest.raises(LimitReached):
        await open_one(of)
    with pytest.raises(Unavailable) as raised:
        await open_one(of, Principal("li", "li", "user"))
    assert raised.value.code == "reports_busy"
    await stream.close()
    other = await open_one(of)
    await stream.close()  # once more: the place is the other's now
    with pytest.raises(LimitReached):
        await open_one(of)
    await other.close()
    await (await open_one(of)).close()


@pytest.mark.parametrize(
    ("pieces", "rows", "kind"),
    [
        ([OSError()], Rows(), Unavailable),
        ([NotFound()], Rows(), NotFound),
        ([b"a"], Rows(NotFound()), NotFound),
    ],
)
async def test_what_never_begins_takes_no_place_and_leaves_no_maker(pieces, rows, kind):
    makers = Makers(*pieces)
    of = streams(makers, rows=rows)
    for _ in range(2):  # a place that was kept would show
        with pytest.raises(kind):
            await open_one(of)
    assert all(one.closed for one in makers.opened)


async def test_what_fails_on_the_way_is_raised_where_it_is_read():
    stream = await open_one(streams(Makers(b"a", Unavailable(code="scan_store_unavailable"))))
    with pytest.raises(Unavailable) as raised:
        assert [piece async for piece in stream] == [b"a"]
    assert raised.value.code == "scan_store_unavailable"


async def test_who_reads_by_a_link_takes_no_slot_from_its_user():
    of = streams(Makers(b"a", b"b"))
    by_link = replace(MEI, link_id="l", task_id="t")
    first = await open_one(of, by_link)
    own = await open_one(of)
    with pytest.raises(Unavailable):
        await open_one(of, replace(by_link, link_id="m"))  # there are two slots in all
    await own.close()
    with pytest.raises(LimitReached):
        await open_one(of, by_link)
    await first.close()
