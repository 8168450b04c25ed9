"""Which files of tests use which: what they import, and the modules that they name to start a program."""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
NAMED: Final = re.compile(r"\btests(?:[./]\w+)+")


@cache
def reached_from(paths: tuple[str, ...]) -> frozenset[str]:
    """Return the Python files of these files and folders, and all files of tests that they use in turn.

    The `conftest.py` of each folder on the way belongs to a file, without the imports within its functions: a test
    whose fixture comes from a module imports something of that module itself.
    """
    waiting = [file for path in paths for file in _files_of(ROOT / path)]
    found: set[Path] = set()
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += [*_used_by(file), *_conftests_of(file)]
    return frozenset(file.relative_to(ROOT).as_posix() for file in found)


def _files_of(path: Path) -> Iterable[Path]:
    return path.rglob("*.py") if path.is_dir() else (path,) if path.suffix == ".py" else ()


def _conftests_of(file: Path) -> Iterator[Path]:
    for folder in file.relative_to(ROOT).parents:
        if (conftest := ROOT / folder / "conftest.py").exists():
            yield conftest


@cache
def _used_by(file: Path) -> frozenset[Path]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    nodes: Iterable[ast.AST] = tree.body if file.name == "conftest.py" else ast.walk(tree)
    return frozenset(used for node in nodes for name in _names_in(node) if (used := _file_of(name)) is not None)


def _names_in(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.ImportFrom) and node.module is not None:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from NAMED.findall(node.value)


def _file_of(name: str) -> Path | None:
    """Return the file of a module or of a path without its ending; None when it is not one of the tests."""
    if not name.startswith("tests"):
        return None
    path = ROOT / name.removesuffix(".py").replace(".", "/")
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)
