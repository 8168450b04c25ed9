"""Which language model reads along, as the settings say it. A server asks it, and loads no engine for that."""

from app.core.config import Settings
from app.engines.model import ReadingModelConfig


def reading_model_config(settings: Settings) -> ReadingModelConfig | None:
    """Return which language model reads along; None: none."""
    if settings.reading_model_url is None or settings.reading_model_name is None:
        return None
    return ReadingModelConfig(
        url=settings.reading_model_url,
        name=settings.reading_model_name,
        key=settings.reading_model_key.get_secret_value() if settings.reading_model_key else "",
        budget=settings.reading_model_budget,
        timeout_s=settings.reading_model_timeout_s,
        concurrency=settings.reading_model_concurrency,
        reads_pictures=settings.reading_model_reads_pictures,
    )
