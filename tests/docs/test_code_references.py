"""Modules that docstrings and comments name are there: when rooms move, their names go along."""

import re
from pathlib import Path

import pytest

APP = Path(__file__).parents[2] / "app"
REFERENCE = re.compile(r"`(?:app\.)?([a-z_]+(?:\.[A-Za-z_]\w*)+)`")
MODULES = {path.relative_to(APP): path.read_text("utf-8") for path in APP.rglob("*.py")}
GONE = {"models", "repositories", "services"}  # packages of layers, from before the rooms by subject
STANDARD = {"html.unescape"}  # of Python, where we have a package of that name as well
FILES = re.compile(r"\.(css|d|html|json|md|py|toml|ts|vue|xml)$")


def leads_somewhere(reference, folder):
    """Whether there is such a module, or such a name in it, seen from this folder."""
    parts = reference.split(".")
    for count in range(len(parts), 0, -1):
        place = folder.joinpath(*parts[:count])
        for path in (place.with_suffix(".py"), place / "__init__.py"):
            if path in MODULES:
                rest = parts[count:]
                return not rest or re.search(rf"\b{rest[0]}\b", MODULES[path]) is not None
    return False


def is_there(folder, name):
    return any(place in MODULES for place in (folder / f"{name}.py", folder / name / "__init__.py"))


def dead_in(path):
    for reference in REFERENCE.findall(MODULES[path]):
        first = reference.split(".")[0]
        folders = [folder for folder in (path.parent, *path.parent.parents) if is_there(folder, first)]
        names_a_module = (folders or first in GONE) and not FILES.search(reference) and reference not in STANDARD
        if names_a_module and not any(leads_somewhere(reference, folder) for folder in folders):
            yield reference


@pytest.mark.parametrize("path", sorted(MODULES), ids=str)
def test_modules_that_are_named_are_there(path):
    assert list(dead_in(path)) == []
