"""A question to the reading model without any page: see `configuration.reading_model_probe.ModelQuestion`."""

from typing import Any, Final

from app.core.config import Settings
from app.domain.reading import Void
from app.engines.reading_model.client import ModelClient, ModelFailure
from app.engines.reading_model.prompt import MAX_ANSWER_TOKENS
from app.tasks.reading_model_settings import reading_model_config

QUESTION: Final = "Answer with the single word: ready"


async def ask_model(settings: Settings) -> Void | None:
    """Ask the model of these settings, which name one. Returns None when it answered, whatever it said."""
    config = reading_model_config(settings)
    assert config is not None, "the settings name no model"
    ca_file = None if settings.ca_file is None else str(settings.ca_file)
    try:
        async with ModelClient(config, ca_file=ca_file) as client:
            await client.complete(_body(config.name))
    except ModelFailure as failure:
        return failure.reason
    return None


def _body(model: str) -> dict[str, Any]:
    messages = [{"role": "user", "content": QUESTION}]
    return {"model": model, "messages": messages, "temperature": 0, "max_tokens": MAX_ANSWER_TOKENS}
