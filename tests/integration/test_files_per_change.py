"""How many files someone reads for a change: those of lists of hosts and URLs, and those behind a finding's answer.

`.venv/bin/python -m pytest -q -s tests/integration/test_files_per_change.py` prints them.
"""

import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Final

import pytest

from tests.docs.markdown import ROOT
from tests.integration.test_api_findings import scanned

__all__ = ["scanned"]

APP: Final = ROOT / "app"
# A file or a folder whose name says lists; these are other ones, and revisions are never changed.
OF_LISTS: Final = re.compile(r"(?:^|[/_])lists?(?:[/_.])")
NOT_OF_LISTS: Final = re.compile(r"^core/|^migrations/|__init__\.py$")
# Loops that turn meanwhile, in the same process, and what they write: whoever asks for a finding writes nothing.
LOOPS: Final = re.compile(
    r"^(?:configuration|identity|lists|maintenance|monitor|notifications|sites)/|^events/epoch|^domain/reputation_lists"
    r"|^core/(?:counter_file|lease|live_settings|pending_write)"
)
MOST_OF_LISTS: Final = (18, 4)  # files, folders
MOST_OF_A_FINDING: Final = 38


class CalledModules:
    """Modules of `app` of which a function was called, in this thread and in those that begin from now on."""

    def __init__(self) -> None:
        self._found: set[str] = set()

    def note(self, frame: FrameType, event: str, _: object) -> None:
        """To be given to `sys.setprofile`."""
        name = frame.f_code.co_filename
        if event == "call" and name.startswith(f"{APP}/"):
            self._found.add(Path(name).relative_to(APP).as_posix())

    def take(self) -> set[str]:
        """Return those since the last time."""
        taken, self._found = self._found, set()
        return taken


@pytest.fixture
def called() -> Iterator[CalledModules]:
    """To be asked for before what starts threads."""
    modules, before = CalledModules(), (sys.getprofile(), threading.getprofile())
    sys.setprofile(modules.note)
    threading.setprofile(modules.note)
    yield modules
    sys.setprofile(before[0])
    threading.setprofile(before[1])


def say(title: str, found: list[str]) -> None:
    sys.stdout.write("\n".join((f"\n{title}: {len(found)}", *(f"  {name}" for name in found), "")))


def test_what_belongs_to_lists_lies_together():
    names = (path.relative_to(APP).as_posix() for path in APP.rglob("*.py"))
    found = sorted(name for name in names if OF_LISTS.search(name) and not NOT_OF_LISTS.search(name))
    folders = {name.rpartition("/")[0] for name in found}
    say(f"Files of lists, in {len(folders)} folders", found)
    assert (len(found), len(folders)) <= MOST_OF_LISTS


async def test_few_modules_answer_for_a_finding_beside_those_of_its_task(called, backend, scanned):
    headers, place, _ = scanned

    async def ask(url: str) -> set[str]:
        answer = await backend.client.get(url, headers=headers)
        assert answer.status_code == 200, answer.text
        return called.take()

    called.take()
    shared = await ask(place) | await ask(place)  # the first one also reads the session
    called_too = await ask(f"{place}/findings/gambling.casino.test") - shared
    found = sorted(name for name in called_too if not LOOPS.match(name))
    say("Modules behind a finding", found)
    assert len(found) <= MOST_OF_A_FINDING
