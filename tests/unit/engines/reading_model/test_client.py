"""The client before a server that speaks the protocol, and before one that does not."""

import asyncio

import pytest
from aiohttp import web

from app.domain.reading import Void
from app.engines.model import ReadingModelConfig
from app.engines.reading_model.client import MAX_BODY, ModelClient, ModelFailure
from tests.support.model_server import hanging, message, model_server

BODY = {"messages": [{"role": "system", "content": ""}, {"role": "user", "content": "Marker: m\nm\nHost: a.test\nm"}]}


async def ask(model, **config):
    async with ModelClient(ReadingModelConfig(model.url, "m", **config)) as client:
        return await client.complete(BODY)


async def failure(behave, **config):
    async with model_server(behave) as model:
        with pytest.raises(ModelFailure) as failed:
            await ask(model, **config)
        return failed.value


def sending(response):
    async def behave(_):
        return response

    return behave


def with_status(status, **headers):
    return sending(web.Response(status=status, text="{}", headers=headers))


async def test_the_message_of_the_first_choice_is_the_answer_and_the_key_is_sent():
    async with model_server(sending(message("hello"))) as model:
        assert await ask(model, key="sk-1") == "hello"
    assert model.questions[0].request.headers["Authorization"] == "Bearer sk-1"
    assert "sk-1" not in repr(ReadingModelConfig(model.url, "m", key="sk-1"))


async def test_without_a_key_none_is_sent():
    async with model_server(sending(message("hello"))) as model:
        await ask(model)
    assert "Authorization" not in model.questions[0].request.headers


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (429, {"Retry-After": "7"}, (Void.RATE_LIMITED, True, 7.0)),
        (429, {}, (Void.RATE_LIMITED, True, None)),
        (429, {"Retry-After": "Fri, 27 Nov 2026 03:00:00 GMT"}, (Void.RATE_LIMITED, True, None)),
        (429, {"Retry-After": "99999999"}, (Void.RATE_LIMITED, True, 3_600.0)),
        (503, {"Retry-After": "2"}, (Void.SERVER_ERROR, True, 2.0)),
        (500, {}, (Void.SERVER_ERROR, True, None)),
        (401, {}, (Void.REFUSED, False, None)),
        (404, {}, (Void.REFUSED, False, None)),
        (302, {"Location": "http://127.0.0.1:1/"}, (Void.REFUSED, False, None)),
    ],
)
async def test_a_status_says_whether_another_try_may_help_and_when(status, headers, expected):
    failed = await failure(with_status(status, **headers))
    assert (failed.reason, failed.may_pass, failed.retry_after_s) == expected


@pytest.mark.parametrize(
    "response",
    [
        web.Response(text="<html>"),
        web.Response(text="[]"),
        web.json_response({"choices": []}),
        web.json_response({"choices": [{"message": {"content": None}}]}),
        web.json_response({"choices": ["text"]}),
        message("x" * 9_000),
        message("{", finish_reason="length"),
        web.Response(body=b" " * (MAX_BODY + 1)),
    ],
)
async def test_what_is_no_whole_answer_of_the_protocol_is_malformed(response):
    assert (await failure(sending(response))).reason is Void.MALFORMED


async def test_a_server_that_hangs_is_left_after_the_time_limit():
    assert (await failure(hanging, timeout_s=0.05)).reason is Void.TIMEOUT


async def test_a_server_that_trickles_is_left_after_the_time_limit():
    async def trickle(question):
        response = web.StreamResponse()
        await response.prepare(question.request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.01)

    assert (await failure(trickle, timeout_s=0.2)).reason is Void.TIMEOUT


async def test_a_server_that_is_not_there_is_unreachable():
    async with model_server() as model:
        pass
    with pytest.raises(ModelFailure) as failed:
        await ask(model)
    assert (failed.value.reason, failed.value.may_pass) == (Void.UNREACHABLE, True)
