"""Which files may hold tests that are marked `system`, told by their text: importing all others to see that they have
none took each of the six processes of `make test-system` half a minute.

A test is marked itself, or by a parameter of a fixture that it asks for, such as `database_url`. Every run that imports
all of them proves that no marked one is left out (`tests/conftest.py`).
"""

import re
from functools import cache
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).parents[1]
_SIGNATURE: Final = r"^ *(?:async )?def (\w+)\((.*?)\)(?: -> [^\n]+)?:$"
_FUNCTION: Final = re.compile(_SIGNATURE, re.DOTALL | re.MULTILINE)
_FIXTURE: Final = re.compile(rf"^(@pytest\S*fixture\b[^\n]*\n){_SIGNATURE}", re.DOTALL | re.MULTILINE)
_MARK: Final = re.compile(r"\bmark\.system\b|\bpostgres_only\b")
_ALL_MARKED: Final = re.compile(r"^pytestmark = .*\bmark\.system\b", re.MULTILINE)
_ASKED: Final = re.compile(r"(?:usefixtures|getfixturevalue)\(([^)]*)\)")
_WORD: Final = re.compile(r"\w+")


def asks_for_marked_alone(expression: str) -> bool:
    """Whether this is what `-m` says when no other test is wanted."""
    return expression == "system" or expression.startswith("system and ")


@cache
def may_hold(path: Path) -> bool:
    """Whether one of the file's tests may be marked."""
    text = path.read_text(encoding="utf-8")
    asked = [arguments for _, arguments in _FUNCTION.findall(text)] + _ASKED.findall(text)
    return bool(_MARK.search(text)) or not _words(*asked).isdisjoint(_marking(path.parent))


@cache
def holds_nothing_else(path: Path) -> bool:
    """Whether all tests of the file are marked."""
    return bool(_ALL_MARKED.search(path.read_text(encoding="utf-8")))


@cache
def _marking(folder: Path) -> frozenset[str]:
    """Return the fixtures that tests in this folder can ask for, and that mark them by their parameters."""
    if folder == TESTS:  # conftest.py of any folder takes fixtures from there
        found, sources = set[str](), [folder / "conftest.py", *(folder / "support").glob("*.py")]
    else:
        found, sources = set(_marking(folder.parent)), [folder / "conftest.py"]
    texts = [source.read_text(encoding="utf-8") for source in sources if source.exists()]
    fixtures = [fixture for text in texts for fixture in _FIXTURE.findall(text)]
    found |= {name for decorator, name, _ in fixtures if _MARK.search(decorator)}
    while more := {name for _, name, arguments in fixtures if _words(arguments) & found} - found:
        found |= more
    return frozenset(found)


def _words(*parts: str) -> set[str]:
    return {word for part in parts for word in _WORD.findall(part)}
