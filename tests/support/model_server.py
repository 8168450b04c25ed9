"""A stub that speaks /v1/chat/completions over real HTTP on this machine, and misbehaves as it is told to."""

import asyncio
import re
from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from app.engines.reading_model.prompt import OF_PICTURE

NAME = "stub-1"
CLEAN: dict[str, Any] = {"verdict": "clean", "class": "none", "stance": "reports", "confidence": 0.9}
GAMBLING: dict[str, Any] = {"verdict": "violation", "class": "gambling", "stance": "promotes", "confidence": 0.9}
UNCLEAR: dict[str, Any] = {"verdict": "unclear", "class": "none", "stance": "unclear", "confidence": 0.5}


@dataclass
class Question:
    """What the server was asked."""

    number: int  # from 1
    body: dict[str, Any]
    request: web.Request

    @property
    def excerpt(self) -> str:
        """What stands between the two lines of the marker."""
        content = self.body["messages"][1]["content"]
        shown = content if isinstance(content, str) else content[0]["text"].partition(f"\n{OF_PICTURE}")[0]
        _, marker, text = shown.split("\n", 2)
        assert text.endswith(f"\n{marker}")
        return text.removesuffix(f"\n{marker}")

    @property
    def picture(self) -> bytes | None:
        """The screenshot that came with it."""
        content = self.body["messages"][1]["content"]
        if isinstance(content, str):
            return None
        return b64decode(content[1]["image_url"]["url"].removeprefix("data:image/jpeg;base64,"), validate=True)

    @property
    def host(self) -> str:
        found = re.match(r"Host: (\S+)", self.excerpt)
        assert found is not None
        return found[1]

    @property
    def quote(self) -> str:
        """Something that stands in the excerpt."""
        return self.excerpt.partition("\n")[2].partition(": ")[2].partition("\n")[0][:30].strip()


def said(question: Question, values: dict[str, Any]) -> str:
    """A valid answer: the values, completed with a quote of the page."""
    return orjson.dumps({"quotes": [question.quote], "injection_seen": False, **values}).decode()


def message(content: Any, *, finish_reason: str = "stop") -> web.Response:
    """An answer of the protocol with this content."""
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": finish_reason}
    return web.json_response({"id": "1", "object": "chat.completion", "model": NAME, "choices": [choice]})


def answering(values: dict[str, Any], **by_host: dict[str, Any]) -> "Behaviour":
    """Valid answers, those about some hosts (`bad_bets` for `bad-bets.example`) others."""

    async def behave(question: Question) -> web.StreamResponse:
        name = question.host.partition(".")[0].replace("-", "_")
        return message(said(question, by_host.get(name, values)))

    return behave


async def hanging(_: Question) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


Behaviour = Callable[[Question], Any]


@dataclass
class ModelServer:
    """`behave` may be exchanged at any time."""

    behave: Behaviour
    url: str = ""
    questions: list[Question] = field(default_factory=list)

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of a deployment that asks it."""
        return {"reading_model_url": self.url, "reading_model_name": NAME, "reading_model_key": "sk-stub"}

    @property
    def excerpts(self) -> list[str]:
        return [question.excerpt for question in self.questions]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        question = Question(len(self.questions) + 1, orjson.loads(await request.read()), request)
        self.questions.append(question)
        found: web.StreamResponse = await self.behave(question)
        return found


@asynccontextmanager
async def model_server(behave: Behaviour | None = None) -> AsyncIterator[ModelServer]:
    """Without a behaviour everything is clean."""
    model = ModelServer(behave or answering(CLEAN))
    app = web.Application()
    app.router.add_post("/v1/chat/completions", model.answer)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    model.url = f"http://{host}:{port}/v1"
    try:
        yield model
    finally:
        await runner.cleanup()
