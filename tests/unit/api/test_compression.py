"""JSON in gzip: for whom, what of it, and that nothing is held back for it."""

import asyncio
import gzip
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.api.compression import INLINE_BYTES, LEAST_BYTES, JsonCompression

LONG = b'{"items":[' + b",".join(b'{"domain":"example.org","risk":"high"}' for _ in range(500)) + b"]}"
BEARER = (b"authorization", b"Bearer x")
GZIP = (b"accept-encoding", b"gzip, br")


class Asked:
    """One request; `sent` are the messages that the server got."""

    def __init__(self, *, path="/api/v1/tasks", method="GET", headers=(BEARER, GZIP)):
        self.scope = {"type": "http", "path": path, "method": method, "headers": list(headers)}
        self.sent = []

    async def send(self, message):
        self.sent.append(message)

    async def get(self, *pieces, status=200, length=True, **headers):
        raw = [(b"content-type", b"application/json")]
        raw += [(b"content-length", str(sum(map(len, pieces))).encode())] if length else []
        given = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
        raw = [*{**dict(raw), **given}.items()]

        async def answer(_scope, _receive, send):
            await send({"type": "http.response.start", "status": status, "headers": raw})
            for number, piece in enumerate(pieces):
                await send({"type": "http.response.body", "body": piece, "more_body": number + 1 < len(pieces)})
                self.after_piece(number)

        await JsonCompression(answer)(self.scope, None, self.send)
        return self

    def after_piece(self, number): ...

    @property
    def headers(self):
        return {name.decode(): value.decode() for name, value in self.sent[0]["headers"]}

    @property
    def body(self):
        return b"".join(message["body"] for message in self.sent[1:])

    @property
    def coding(self):
        return self.headers.get("content-encoding")


async def test_a_long_answer_is_compressed_and_says_so():
    asked = await Asked().get(LONG)
    assert (asked.coding, asked.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert gzip.decompress(asked.body) == LONG
    assert int(asked.headers["content-length"]) == len(asked.body) < len(LONG) / 10
    assert [message.get("more_body") for message in asked.sent[1:]] == [False]


async def test_an_answer_in_pieces_is_compressed_as_it_is_written():
    """Its compressed length is known at its end alone."""
    pieces = [bytes(range(256)) * 400, LONG, b""]
    asked = await Asked().get(*pieces)
    assert gzip.decompress(asked.body) == b"".join(pieces)
    assert "content-length" not in asked.headers
    assert len(asked.sent) > 2
    assert [message["more_body"] for message in asked.sent[1:]][-1] is False


class CountingExecutor(ThreadPoolExecutor):
    jobs = 0

    def submit(self, *job, **options):
        self.jobs += 1
        return super().submit(*job, **options)


async def test_a_long_piece_is_compressed_beside_the_loop():
    executor = CountingExecutor(1)
    asyncio.get_running_loop().set_default_executor(executor)
    await Asked().get(b"x" * INLINE_BYTES)
    assert executor.jobs == 0
    await Asked().get(b"x" * (INLINE_BYTES + 1))
    assert executor.jobs == 1


@pytest.mark.parametrize(
    "headers", [(BEARER,), (BEARER, (b"accept-encoding", b"br")), (BEARER, (b"accept-encoding", b"gzip;q=0"))]
)
async def test_who_does_not_take_it_gets_the_answer_as_it_is_and_caches_are_told(headers):
    asked = await Asked(headers=headers).get(LONG)
    assert (asked.coding, asked.headers["vary"], asked.body) == (None, "Accept-Encoding", LONG)


@pytest.mark.parametrize(
    "request_",
    [
        {"headers": (GZIP,)},  # anybody, and any page
        {"path": "/api/v1/auth/sessions"},
        {"path": "/api/v1/auth/cookie/refresh"},
        {"method": "POST"},
        {"path": "/livez"},
    ],
)
async def test_what_a_stranger_can_cause_and_what_holds_tokens_is_never_compressed(request_):
    asked = await Asked(**request_).get(LONG)
    assert (asked.coding, asked.body) == (None, LONG)


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 404, "content_type": "application/problem+json"},
        {"status": 201},
        {"content_type": "text/event-stream"},
        {"content_type": "image/png"},
        {"content_disposition": "attachment"},  # a captured content: what strangers wrote
        {"content_encoding": "br"},
    ],
)
async def test_errors_downloads_and_what_is_no_json_stay_as_they_are(answer):
    asked = await Asked().get(LONG, **answer)
    assert asked.body == LONG
    assert asked.coding in (None, "br")


async def test_a_short_answer_stays_as_it_is():
    assert (await Asked().get(b"x" * (LEAST_BYTES - 1))).coding is None
    assert (await Asked().get(b"x" * LEAST_BYTES)).coding == "gzip"


async def test_a_stream_whose_length_nobody_knows_leaves_piece_by_piece():
    asked = Asked()
    seen = []
    asked.after_piece = lambda number: seen.append((number, len(asked.sent)))
    await asked.get(LONG, LONG, LONG, length=False)
    assert seen == [(0, 2), (1, 3), (2, 4)]
    assert (asked.coding, asked.body) == (None, LONG * 3)


async def test_other_things_that_vary_are_kept():
    asked = await Asked().get(LONG, vary="Origin")
    assert asked.headers["vary"] == "Origin, Accept-Encoding"


async def test_sockets_and_the_lifespan_pass_untouched():
    passed = []

    async def application(scope, _receive, _send):
        passed.append(scope["type"])

    for kind in ("websocket", "lifespan"):
        await JsonCompression(application)({"type": kind}, None, None)
    assert passed == ["websocket", "lifespan"]
