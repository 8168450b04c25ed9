"""Services that the routes of this subject take from the lifespan state."""

from typing import Annotated, Protocol

from fastapi import Depends

from app.configuration.local_readers import LocalReaderService
from app.configuration.reading_model_probe import ReadingModelProbe
from app.configuration.service import ConfigurationService
from app.rest.parameters import get_services


class ConfigurationServices(Protocol):
    """What these routes take of the lifespan state."""

    configuration: ConfigurationService
    reading_model_probe: ReadingModelProbe
    local_readers: LocalReaderService


ServicesDep = Annotated[ConfigurationServices, Depends(get_services)]
