"""What attackers did to a real server (`compliance serve` as a process), and may not do again.

A test takes `service`, the server of its module; one that needs settings of its own, or leaves a server behind that
others had better not meet, opens one with `run_service(**settings)`. Helpers are in `tests/support/service.py`.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.support.service import Service, running_service

RunService = Callable[..., AbstractContextManager[Service]]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One server for the tests of a module, with the settings that everybody gets."""
    with running_service(tmp_path_factory.mktemp("service")) as running:
        yield running


@pytest.fixture
def run_service(tmp_path: Path) -> RunService:
    """A server of the test's own: `with run_service(**settings) as service:`."""

    def run(**settings: Any) -> AbstractContextManager[Service]:
        return running_service(tmp_path / "service", **settings)

    return run
