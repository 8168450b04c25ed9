"""The description of the REST interface, built once a process: that takes as long as some hundred small tests."""

from functools import cache
from typing import Any

from app.core.config import Settings
from app.factory import create_app


@cache
def openapi_document() -> dict[str, Any]:
    """Return the document that a server with default settings gives. It is shared: who changes it takes a copy."""
    return create_app(Settings()).openapi()
