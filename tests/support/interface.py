"""The description of the REST interface, built once a run: that takes as long as some hundred small tests."""

import fcntl
import json
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from app.core.config import Settings
from app.factory import create_app


@cache
def openapi_document() -> dict[str, Any]:
    """Return the document that a server with default settings gives. It is shared: who changes it takes a copy.

    Each worker of a run needs it while it looks for tests: the first one builds it for all.
    """
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    if run is None:
        return _build()
    with (Path(tempfile.gettempdir()) / f"openapi-{run}.json").open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        if not (text := file.read()):
            text = json.dumps(_build())
            file.write(text)
        document: dict[str, Any] = json.loads(text)
    return document


def _build() -> dict[str, Any]:
    return create_app(Settings()).openapi()
