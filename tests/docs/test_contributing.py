"""The walks through typical changes name what is there."""

import ast
import re

import pytest

from tests.docs.markdown import ROOT, codes, prose, read, rows, section
from tests.support.long_runs import run_of

WALKS = ("A message type", "A setting", "A passive source", "A hidden-link kind", "A metric")
PATH = re.compile(r"(?:app|tests|testnet|docs)/[\w./-]+")
MOST_BYTES = 20_000  # of docs/architecture.md: what the tree itself answers is not said there


def names_in(path):
    """What a module defines at its top, and what its classes define."""
    if path.suffix != ".py":
        return set(re.findall(r"\w+", path.read_text("utf-8")))
    tree = ast.parse(path.read_text("utf-8"))
    inner = [item for node in tree.body if isinstance(node, ast.ClassDef) for item in node.body]
    return {name for node in [*tree.body, *inner] for name in names_of(node)}


def names_of(node):
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []


@pytest.mark.parametrize("walk", WALKS)
def test_every_step_of_a_walk_names_files_that_exist(walk):
    text = section(read("CONTRIBUTING.md"), walk)
    steps = re.findall(r"^\d\. (.+?)(?=^\d\. |\Z)", text, re.MULTILINE | re.DOTALL)
    assert len(steps) >= 4
    paths = [code for code in codes(text) if PATH.fullmatch(code)]
    assert len(paths) >= 3
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("walk", WALKS)
def test_every_name_of_a_walk_stands_in_a_file_that_it_names(walk):
    text = section(read("CONTRIBUTING.md"), walk)
    files = [ROOT / code for code in codes(text) if PATH.fullmatch(code) and (ROOT / code).is_file()]
    known = {name for path in files for name in names_in(path)}
    spoken = {code for code in codes(text) if re.fullmatch(r"[A-Za-z_]+", code)}
    assert spoken - known == set()


def test_all_walks_are_tested():
    text = section(read("CONTRIBUTING.md"), "Five typical changes, file by file")
    assert re.findall(r"^### (.+)$", text, re.MULTILINE) == list(WALKS)


def test_the_scan_that_guards_the_rules_of_own_pages_is_named_with_its_marker_and_where_it_runs():
    """`make test` leaves it out: who changes those rules must know it."""
    said = re.sub(r"\s+", " ", section(read("CONTRIBUTING.md"), "How it is tested"))
    (rule,) = [line for line in said.split(" - ") if "app/engines/analyse/own_site" in line]
    (command,) = [code for code in codes(rule) if "pytest" in code]
    path = ROOT / command.split()[-1]
    assert command == ".venv/bin/python -m pytest -m system tests/e2e/test_scan_big_world.py"
    assert "pytestmark = pytest.mark.system" in path.read_text("utf-8")
    assert (ROOT / "app/engines/analyse/own_site").is_dir()
    is_long = run_of(path.relative_to(ROOT).as_posix()) is not None
    assert ("the long runs do not contain it" in rule, "`make test-system` and each build do" in rule) == (
        not is_long,
        True,
    )


def test_the_architecture_is_read_in_one_sitting():
    assert len((ROOT / "docs/architecture.md").read_bytes()) <= MOST_BYTES


def test_the_glossary_explains_the_special_words():
    words = {cells[0] for cells in rows(section(read("docs/architecture.md"), "Glossary"))}
    assert {"hint", "sweep", "outbox", "cursor", "in-sync group", "epoch", "attempt", "run"} <= words
    assert "Glossary" in prose(read("docs/architecture.md"))
