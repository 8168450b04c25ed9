from app.core.config import Settings
from app.engines.model import ReadingModelConfig
from app.tasks.reading_model_settings import reading_model_config


def test_a_language_model_reads_along_when_an_endpoint_is_named():
    assert reading_model_config(Settings(reading_model_key="sk-1")) is None
    named = {"reading_model_url": "http://127.0.0.1:11434/v1", "reading_model_name": "m", "reading_model_key": "sk-1"}
    asked = reading_model_config(Settings(**named, reading_model_budget=7))
    assert asked == ReadingModelConfig("http://127.0.0.1:11434/v1", "m", "sk-1", budget=7)
