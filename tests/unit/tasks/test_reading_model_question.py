"""The question over real HTTP: what is sent, and what each kind of trouble is called."""

import pytest
from aiohttp import web
from pydantic import SecretStr

from app.core.config import Settings
from app.domain.reading import Void
from app.tasks.reading_model_question import QUESTION, ask_model
from tests.support.model_server import hanging, message, model_server


def settings_of(model, **more):
    return Settings(reading_model_url=model.url, reading_model_name="m-1", **more)


async def ready(_question):
    return message("ready")


async def refusing(_question):
    return web.json_response({"error": "no such model"}, status=404)


async def test_a_model_that_answers_is_asked_one_harmless_question():
    async with model_server(ready) as model:
        assert await ask_model(settings_of(model, reading_model_key=SecretStr("sk-1"))) is None
    (question,) = model.questions
    assert question.body["model"] == "m-1"
    assert question.body["messages"] == [{"role": "user", "content": QUESTION}]
    assert question.request.headers["Authorization"] == "Bearer sk-1"


@pytest.mark.parametrize(("behave", "failure"), [(refusing, Void.REFUSED), (hanging, Void.TIMEOUT)])
async def test_trouble_is_told_by_its_kind(behave, failure):
    async with model_server(behave) as model:
        assert await ask_model(settings_of(model, reading_model_timeout_s=0.2)) is failure


async def test_nobody_at_the_address_is_unreachable():
    async with model_server(ready) as model:
        settings = settings_of(model)
    assert await ask_model(settings) is Void.UNREACHABLE
