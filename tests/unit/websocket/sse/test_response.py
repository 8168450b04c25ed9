"""A stream is written at its reader's pace, and whoever ends first ends both."""

import asyncio
from types import SimpleNamespace

from app.transport.port import ABORT_KEY
from app.websocket.sse.response import EventStreamResponse
from app.websocket.sse.stream import GONE, TOO_SLOW


class Stream(SimpleNamespace):
    """Says what it is told to say, then waits for its end."""

    def __init__(self, *pieces):
        super().__init__(pieces=pieces, ended=None, abort=None, sent_bytes=0, task_id="t", over=asyncio.Event())

    async def chunks(self):
        for piece in self.pieces:
            yield piece
        await self.over.wait()

    def end(self, reason):
        if self.ended is None:
            self.ended = reason
            self.over.set()


class Reader:
    """An ASGI server's side. `takes` pieces, then nothing any more."""

    def __init__(self, takes=99):
        self.takes = takes
        self.said = []
        self.left = asyncio.Event()
        self.aborted = False

    def abort(self):
        self.aborted = True
        self.left.set()

    async def receive(self):
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        if message["type"] == "http.response.body":
            if len(self.said) >= self.takes:
                await asyncio.Event().wait()
            self.said.append(message["body"])

    async def run(self, stream, ended):
        response = EventStreamResponse(stream, stuck_after_s=0.02, on_end=ended.append)
        async with asyncio.timeout(30):
            await response({"extensions": {ABORT_KEY: {"abort": self.abort}}}, self.receive, self.send)


async def test_it_writes_all_and_ends_with_the_stream():
    stream, reader, ended = Stream(b"one", b"two"), Reader(), []
    running = asyncio.create_task(reader.run(stream, ended))
    await asyncio.sleep(0.01)
    stream.end("deleted")
    await running
    assert reader.said == [b"one", b"two", b""]
    assert (stream.sent_bytes, stream.ended, ended) == (6, "deleted", [stream])


async def test_it_ends_when_its_reader_leaves():
    stream, reader, ended = Stream(b"one"), Reader(), []
    running = asyncio.create_task(reader.run(stream, ended))
    await asyncio.sleep(0.01)
    reader.left.set()
    await running
    assert (stream.ended, ended) == (GONE, [stream])


async def test_a_reader_that_takes_nothing_is_cut_off():
    stream, reader, ended = Stream(b"one", b"two", b"three"), Reader(takes=1), []
    stream.end = lambda reason, end=stream.end: (end(reason), reader.abort() if reason == TOO_SLOW else None)
    await reader.run(stream, ended)
    assert (stream.ended, stream.sent_bytes, reader.aborted, ended) == (TOO_SLOW, 3, True, [stream])
