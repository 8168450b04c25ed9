"""Every regular expression of the engines is linear, whatever the text is, as are those that clean what they say. A new
one is found by itself.
"""

import ast
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import app.engines
from app.core import redact
from app.tasks.sink import sanitising
from tests.support.bait import slope

ENGINES = Path(app.engines.__file__).parent
SOURCES = [path for path in ENGINES.rglob("*.py") if "re." in path.read_text()]
SEARCHES = {"match", "search", "fullmatch", "sub", "subn", "split", "findall", "finditer"}


def patterns():
    found: dict[str, re.Pattern[str]] = {}
    for module in pkgutil.walk_packages(app.engines.__path__, "app.engines."):
        names = vars(importlib.import_module(module.name))
        collect(module.name.removeprefix("app.engines."), names, found, set())
    for module in (redact, sanitising):
        collect(module.__name__, vars(module), found, set())
    return {name: pattern for name, pattern in found.items() if not name.startswith("__")}


def collect(place, value, found, seen):
    """Patterns in a value, however deep it holds them. Imported modules are walked on their own."""
    if isinstance(value, re.Pattern):
        if value not in found.values():
            found[place] = value
    elif isinstance(value, dict | list | tuple | set | frozenset) and id(value) not in seen:
        seen.add(id(value))
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in pairs:
            collect(f"{place}.{key}", inner, found, seen)


PATTERNS = patterns()


def test_the_patterns_are_found():
    assert len(PATTERNS) > 90
    assert {
        "extract.script_urls._URL",
        "analyse.structure.lures._URGENCY",
        "extract.style_sheet._HIDES.opacity",
    } <= PATTERNS.keys()


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
def test_a_pattern_is_linear(pattern):
    assert slope(pattern) is None


@pytest.mark.parametrize(
    "written", [r"<!--.*?-->", r"(a+)+$", r"\d+ viruses", r"\s*\n", r"<loc>\s*x?\s*y", r"(?:a|aa)*b", r"^(\d+)*x"]
)
def test_a_pattern_that_is_not_linear_would_be_found(written):
    found = slope(re.compile(written))
    assert found is not None


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ENGINES).as_posix())
def test_patterns_stand_in_modules_where_they_are_found(path):
    """`re.search("...", text)` would go past this test."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    direct = [call.func.attr for call in calls if is_of_re(call.func)]
    assert [name for name in direct if name in SEARCHES] == []


def is_of_re(function):
    return isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "re"
