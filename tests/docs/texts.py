"""Which texts the program and its pages use, read from their sources."""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from string import Formatter
from typing import NamedTuple

from app.domain.messages import LOCALES
from tests.docs.markdown import ROOT

STATIC = ROOT / "app" / "static"  # the pages about the interface
FRONTEND = ROOT / "frontend" / "src"
# What makes a text of a key without its prefix: where the key stands among the arguments.
MAKERS = {"BadFrame": ("frame.", 1), "say": ("frame.", 0)}
CATALOGUES = {"texts", "_texts", "english"}  # how a `MessageCatalog` is called where it is used
_JS_TEXT = re.compile(r"\bt\(\s*\"([^\"]+)\"\s*(,\s*\{)?")
_JS_PLACE = re.compile(r"\{(\w+)(?::[^{}]*)?\}")


class Use(NamedTuple):
    """A call with a key that stands there. `places` is None where they are handed on as a whole (`**values`)."""

    where: str
    key: str
    places: frozenset[str] | None
    is_choice: bool = False  # the call has other keys as well, and what all of them need

    def fits(self, needed: frozenset[str]) -> bool:
        """Whether the call gives what its text needs, and nothing else."""
        if self.places is None:
            return True
        return needed <= self.places if self.is_choice else needed == self.places


@cache
def catalogue(language: str) -> dict[str, str]:
    return dict(json.loads((LOCALES / f"{language}.json").read_text("utf-8")))


@cache
def page_catalogue(language: str) -> dict[str, str]:
    text = (STATIC / "locales" / f"{language}.js").read_text("utf-8")
    return {key: json.loads(value) for key, value in re.findall(r'^  "([^"]+)": (".*"),$', text, re.MULTILINE)}


@cache
def frontend_catalogue(language: str) -> dict[str, str]:
    """What the page says; its own tests (`frontend/tests/texts`) see that all of it is used."""
    shared = json.loads((FRONTEND / "generated" / f"texts.{language}.json").read_text("utf-8"))
    return {**shared, **own_texts(language)}


@cache
def own_texts(language: str) -> dict[str, str]:
    """What the page says in words of its own."""
    files = (FRONTEND / "locales" / name for name in (f"{language}.json", f"audit/{language}.json"))
    return {key: text for file in files for key, text in json.loads(file.read_text("utf-8")).items()}


def places_of(text: str) -> frozenset[str]:
    """The parameters of a text of the program."""
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name)


def page_places_of(text: str) -> frozenset[str]:
    return frozenset(_JS_PLACE.findall(text))


@cache
def modules() -> dict[str, ast.Module]:
    paths = sorted((ROOT / "app").rglob("*.py"))
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8")) for path in paths}


@cache
def scripts() -> dict[str, str]:
    paths = (path for path in sorted(STATIC.rglob("*.js")) if path.parent.name != "locales")
    return {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in paths}


def uses() -> Iterator[Use]:
    """Calls with a constant key, of a catalogue or of what makes texts by one."""
    for name, tree in modules().items():
        for call in ast.walk(tree):
            if isinstance(call, ast.Call):
                keys = list(_keys_of(call))
                for key in keys:
                    whole = any(word.arg is None for word in call.keywords)
                    places = None if whole else frozenset(word.arg for word in call.keywords if word.arg)
                    yield Use(f"{name}:{call.lineno}", key, places, len(keys) > 1)


def _keys_of(call: ast.Call) -> Iterator[str]:
    prefix, position = ("", 0) if _is_catalogue(call.func) else MAKERS.get(_name_of(call.func), ("", len(call.args)))
    for argument in call.args[position : position + 1]:
        yield from (prefix + key for key in _constants(argument))


def _name_of(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else ""


def page_uses() -> Iterator[Use]:
    """Calls of `t` with a constant key."""
    for name, text in scripts().items():
        for match in _JS_TEXT.finditer(text):
            where = f"{name}:{text.count(chr(10), 0, match.start()) + 1}"
            yield Use(where, match[1], _js_names(text, match.end()) if match[2] else frozenset())


@cache
def words() -> frozenset[str]:
    """Every constant text of the program: keys, and codes that follow a prefix; and what docstrings quote as a code."""
    nodes = (node for tree in modules().values() for node in ast.walk(tree))
    found = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return frozenset(found | {code for text in found for code in re.findall(r"`([a-z_.]+)`", text)})


def sentences(tree: ast.Module) -> Iterator[str]:
    """Every constant text of a module but its docstrings, also the parts of f-strings."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(tree) if isinstance(node, documented)]
    docstrings = {id(node.body[0].value) for node in nodes if node.body and isinstance(node.body[0], ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


@cache
def prefixes() -> frozenset[str]:
    """What stands before the first place of an f-string, or before a `+`: `stage.` of f"stage.{key}"."""
    found = set()
    for tree in modules().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                found.add(str(node.values[0].value))
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and isinstance(node.left, ast.Constant):
                found.add(str(node.left.value))
    constants = {word for word in words() if word.endswith(".")}
    return frozenset(prefix for prefix in found | constants if re.fullmatch(r"[a-z_.0-9]+[._]", prefix))


def _is_catalogue(function: ast.expr) -> bool:
    match function:
        case ast.Name(name) | ast.Attribute(attr=name):
            return name in CATALOGUES
        case ast.Call(ast.Name("MessageCatalog")):
            return True
    return False


def _constants(key: ast.expr) -> Iterator[str]:
    match key:
        case ast.Constant(str(value)):
            yield value
        case ast.IfExp():
            yield from _constants(key.body)
            yield from _constants(key.orelse)


def _js_names(text: str, start: int) -> frozenset[str] | None:
    """The names of an object whose brace is open at `start`; None for one that takes in another."""
    depth, parts, part = 1, [], ""
    for character in text[start:]:
        depth += (character in "{([") - (character in "})]")
        if not depth:
            break
        if character == "," and depth == 1:
            parts, part = [*parts, part], ""
        else:
            part += character
    names = [piece.split(":")[0].strip() for piece in [*parts, part] if piece.strip()]
    return None if any(name.startswith("...") for name in names) else frozenset(names)
