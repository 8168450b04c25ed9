"""What the code itself says about its codes, read from the syntax trees of `app/`."""

import ast
import re
from functools import cache

from app.api.errors import CODES
from tests.docs.markdown import ROOT

Pattern = re.Pattern[str]
# The command line and the client speak to a server; what they say is not its interface.
ELSEWHERE = {"cli", "client"}


@cache
def nodes() -> list[ast.AST]:
    """Every node of every module of the server."""
    paths = [
        path
        for path in sorted((ROOT / "app").rglob("*.py"))
        if path.relative_to(ROOT / "app").parts[0] not in ELSEWHERE
    ]
    return [node for path in paths for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]


def family(root: str) -> dict[str, str | None]:
    """The class and all below it, with the `code` that each has of its own."""
    classes = [node for node in nodes() if isinstance(node, ast.ClassDef)]
    known: dict[str, str | None] = {}
    while True:
        new = [
            node
            for node in classes
            if node.name not in known
            and (node.name == root or any(isinstance(base, ast.Name) and base.id in known for base in node.bases))
        ]
        if not new:
            return known
        known |= {node.name: _own_code(node) for node in new}


def _own_code(node: ast.ClassDef) -> str | None:
    for statement in node.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="code")], value=ast.Constant(value=str(code))):
                return code
    return None


def given(names: set[str], *, keyword: str | None = None, position: int | None = None) -> set[str]:
    """What calls of these names pass as an argument, as patterns: f"{taken}_taken" becomes `\\w+_taken`.

    A variable that is passed on says nothing here; whoever made it is looked at instead.
    """
    found: set[str] = set()
    for call in (call for name in names for call in _calls().get(name, ())):
        by_name = [argument.value for argument in call.keywords if argument.arg == keyword]
        by_place = [] if position is None else call.args[position : position + 1]
        found |= {_pattern(text) for value in (*by_name, *by_place) for text in _texts(value)}
    return found


@cache
def _calls() -> dict[str, list[ast.Call]]:
    """All calls, by the last name of what is called."""
    found: dict[str, list[ast.Call]] = {}
    for node in nodes():
        if isinstance(node, ast.Call):
            found.setdefault(_last_name(node.func), []).append(node)
    return found


def _last_name(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _texts(value: ast.expr) -> list[ast.expr]:
    """The texts that an argument may be; none for anything but a text."""
    match value:
        case ast.JoinedStr() | ast.Constant(value=str()):
            return [value]
        case ast.IfExp(body=one, orelse=other):
            return [*_texts(one), *_texts(other)]
        case _:
            return []


def _pattern(value: ast.expr) -> str:
    match value:
        case ast.Constant(value=str(text)):
            return re.escape(text)
        case ast.JoinedStr(values=parts):
            return "".join(_pattern(part) for part in parts)
        case _:
            return r"\w+"


def problem_codes() -> set[str]:
    """Patterns of every `code` that a problem document may carry."""
    ours, stores = family("ScannerError"), family("ScanStoreError")
    classes = {code for code in (*ours.values(), *stores.values()) if code}
    framework = set(CODES.values())
    raised = given(set(ours), keyword="code") | given({"InvalidTarget"}, position=0)
    return classes | framework | raised | given({"problem"}, position=2)


def failure_codes() -> set[str]:
    """Patterns of every `code` with which an attempt of a task may fail."""
    stores = {code for code in family("ScanStoreError").values() if code}
    return stores | given({"ErrorInfo"}, keyword="code") | given({"told"}, position=0) | given({"failed"}, position=1)
