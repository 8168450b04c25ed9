"""URLs that scripts put together: `(secure ? "https://a" : "http://b") + ".cdn.example/x.js"`, without running them.

A small part of the language is folded, in one pass over the tokens: strings, `+` and `+=`, variables that hold strings,
`join`, `unescape`, the first branch of a choice, and `location.protocol`, which is taken to be `https:`. What else
stands in a chain ends the URL there. Old snippets of statistics and customer services are written like this.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final
from urllib.parse import unquote

from app.engines.extract.script_urls import find_script_urls
from app.engines.html.script_text import unescape_script

_MAX_SCRIPT: Final = 32_768  # characters of a script that are folded: snippets are short, libraries are not
_MAX_TEXT: Final = 4_096  # characters of one value: a script may double a string a thousand times
_MAX_VARIABLES: Final = 500
_MAX_DEPTH: Final = 50
_MAX_TEXTS: Final = 500  # of one script
MAX_FOLDED: Final = 500_000  # characters of scripts, and of what they give, on one page
_UNKNOWN: Final = " "  # stands for what is not known: no URL goes on behind it
_JOINS: Final = re.compile(r"[\"'`)\w]\s{0,20}\+=?\s{0,20}[\"'`(\w]|\.join\b")
_TOKEN: Final = re.compile(
    r"""//[^\n]*|/\*.*?(?:\*/|\Z)"""
    r"""|"(?P<double>(?:[^"\\\n]|\\.)*+)"?|'(?P<single>(?:[^'\\\n]|\\.)*+)'?|`(?P<template>[^`$]*+)`?"""
    r"""|(?P<name>[.A-Za-z_$][\w$.]*+)|(?P<other>[=!]==?|=>|\+\+|[-<>*/&|!%^~]|\d++)|(?P<mark>\+=|[-+?:()\[\],;={}])""",
    re.DOTALL,
)


@dataclass(slots=True)
class FoldingBudget:
    """What may still be folded of one page: many small scripts can each give much more than they say."""

    left: int = MAX_FOLDED  # characters

    def takes(self, characters: int) -> bool:
        self.left -= characters
        return self.left > 0


def find_joined_urls(code: str, budget: FoldingBudget) -> Iterator[tuple[str, str]]:
    """Yield (URL, text that it was found in) of what a script puts together from pieces; URLs that stand in one piece
    of their own are not among them. The script may be anything: linear, and bounded in every value.
    """
    if _JOINS.search(code) is None or ("//" not in code and "rotocol" not in code and "ttp" not in code):
        return
    code = code[:_MAX_SCRIPT]
    if not budget.takes(len(code)):
        return
    given: set[str] = set()
    for text in islice(_Folder().texts(code), _MAX_TEXTS):
        if not budget.takes(len(text)):
            return
        plain = unquote(text) if "%" in text else text
        for url, _, _ in find_script_urls(f'"{plain}"'):
            if url not in given and not _is_open(url, plain):
                given.add(url)
                yield url, plain


def _is_open(url: str, text: str) -> bool:
    """Whether its host goes on in what is not known."""
    return "/" not in url.partition("//")[2] and f"{url}{_UNKNOWN}" in text


@dataclass(slots=True)
class _Level:
    """One pair of brackets, or the whole script."""

    call: str = ""  # what stands before the bracket
    is_list: bool = False
    text: str = ""  # of the chain so far
    pieces: int = 0
    is_joining: bool = False  # a `+` came last
    chosen: tuple[str, int] | None = None  # text and pieces of a choice's first branch
    is_choice: bool = False  # a `?` came
    target: str = ""  # variable that the chain is assigned to


@dataclass(slots=True)
class _Folder:
    """Folds one script."""

    _levels: list[_Level] = field(default_factory=lambda: [_Level()])
    _variables: dict[str, str] = field(default_factory=dict)
    _name: str = ""  # that came last, "" when something else did
    _list: str | None = None  # strings of a list that was closed just now

    @property
    def _level(self) -> _Level:
        return self._levels[-1]

    def texts(self, code: str) -> Iterator[str]:
        """Yield each text of two pieces and more."""
        for match in _TOKEN.finditer(code):
            kind = match.lastgroup
            if kind is None:  # a comment
                continue
            if kind in ("double", "single", "template"):
                yield from self._operand(unescape_script(match[kind]))
            elif kind == "name":
                yield from self._named(match[kind])
            elif kind == "mark":
                yield from self._mark(match[kind])
            else:
                yield from self._other()
        while len(self._levels) > 1:
            yield from self._close()
        yield from self._end()

    def _operand(self, text: str, pieces: int = 1) -> Iterator[str]:
        """Add a value to the chain, or begin a new one."""
        level = self._level
        self._name = ""
        if level.chosen is not None:  # the branch that is not taken
            return
        if not level.is_joining and not level.is_list:
            yield from self._emit(level)
        level.text = (level.text + text)[:_MAX_TEXT]
        level.pieces += pieces
        level.is_joining = False

    def _named(self, name: str) -> Iterator[str]:
        if name.startswith("."):
            listed, self._list = self._list, None
            if name == ".join" and listed is not None:
                yield from self._operand(listed, 2)
        elif name.endswith("location.protocol"):
            yield from self._operand("https:")
        elif name in self._variables:
            yield from self._operand(self._variables[name])
        elif self._level.is_joining:
            yield from self._operand(_UNKNOWN, 0)
        self._name = name

    def _mark(self, mark: str) -> Iterator[str]:
        level, name, self._name = self._level, self._name, ""
        match mark:
            case "+":
                level.is_joining = True
            case "(" | "[":
                self._open(name, is_list=mark == "[")
            case ")" | "]":
                yield from self._close()
            case "?":
                level.text, level.pieces, level.is_joining, level.is_choice = "", 0, False, True
            case ":" if level.is_choice:
                if level.chosen is None:
                    level.chosen = level.text, level.pieces
            case "," if level.is_list:
                level.is_joining = True
            case "=" | "+=":
                yield from self._end()
                known = self._variables.get(name, "") if mark == "+=" else ""
                level.target, level.text, level.pieces = name, known, int(bool(known))
                level.is_joining = mark == "+="
            case _:
                yield from self._end()

    def _other(self) -> Iterator[str]:
        """Forget the chain: it was compared with something, or is a number."""
        level, self._name = self._level, ""
        if level.is_joining:
            yield from self._operand(_UNKNOWN, 0)
        elif level.chosen is None and not level.is_list:
            yield from self._emit(level)

    def _open(self, call: str, *, is_list: bool) -> None:
        if len(self._levels) < _MAX_DEPTH:
            self._levels.append(_Level(call=call, is_list=is_list))

    def _close(self) -> Iterator[str]:
        """Take what the brackets hold as a value."""
        if len(self._levels) == 1:
            yield from self._end()
            return
        level = self._levels.pop()
        text, pieces = level.chosen or (level.text, level.pieces)
        if level.is_list:
            self._list = text
        elif not level.call.startswith("."):  # of a method the arguments are not what it gives
            if level.call and pieces > 1:
                yield text
            yield from self._operand(text, pieces)
        elif pieces > 1:
            yield text

    def _end(self) -> Iterator[str]:
        """End the statement."""
        level = self._level
        text = (level.chosen or (level.text, 0))[0]
        if level.target and text and len(self._variables) < _MAX_VARIABLES:
            self._variables[level.target] = text
        yield from self._emit(level)
        level.target, level.chosen, level.is_choice, level.is_joining = "", None, False, False

    def _emit(self, level: _Level) -> Iterator[str]:
        """Give the chain, and begin a new one."""
        text, pieces = level.chosen or (level.text, level.pieces)
        level.text, level.pieces = "", 0
        if pieces > 1:
            yield text
