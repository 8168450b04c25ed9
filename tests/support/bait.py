"""Strings that make a regular expression work as hard as it can, made from the expression itself.

For each repetition in it: what leads there, then what it repeats, many times, then what makes the match fail. That is
how quadratic and exponential searches come about; what the strings miss is left to the readers' clock (ADR 0011).
"""

import re
import time
from collections.abc import Callable, Iterator
from itertools import islice, product
from re import _constants as codes
from re import _parser as parser

LENGTHS = (16, 20, 24, 64, 4_096)
NOTICEABLE_S = 0.003  # what a linear search of 4,096 characters does not take; a quadratic one does eight million steps
STEEP = 2.9  # twice the length: 2 when linear, 4 when quadratic
SLOW = 1_000  # characters; what is noticeable with fewer is worse than quadratic
MAX_PREFIXES = 8
MAX_PUMPS = 24
_SUFFIXES = ("", "\x00")
_CLASSES = {
    codes.CATEGORY_DIGIT: "0",
    codes.CATEGORY_NOT_DIGIT: "a",
    codes.CATEGORY_SPACE: " ",
    codes.CATEGORY_NOT_SPACE: "a",
    codes.CATEGORY_WORD: "a",
    codes.CATEGORY_NOT_WORD: "-",
}


def slope(pattern: re.Pattern) -> tuple[float, str] | None:
    """(how much longer twice the length takes, the text) of the steepest bait found first; None: it is linear."""
    for make in baits(pattern):
        for length in LENGTHS:
            if measure(pattern, make(length)) < NOTICEABLE_S:
                continue
            if (steepness := _steepness(pattern, make, length)) > STEEP:
                return steepness, repr(make(6))
            break
    return None


def _steepness(pattern: re.Pattern, make: Callable[[int], str], length: int) -> float:
    """How much longer a search takes at each of two steps, the smaller of both. The least of several measures counts,
    and what looks linear is measured more often: a busy machine makes the first of three texts look slow.
    """
    more = 3 if length < SLOW else length  # an exponential one would not come back from twice the length
    texts = [make(length + n * more) for n in (0, 1, 2 if length < SLOW else 3)]
    least = [float("inf")] * len(texts)
    for rounds in (2, 4):
        for _ in range(rounds):
            least = [min(before, measure(pattern, text)) for before, text in zip(least, texts, strict=True)]
        steepness = min(least[1] / least[0], least[2] / least[1])
        if steepness > STEEP:
            break
    return steepness


def measure(pattern: re.Pattern, text: str) -> float:
    """Processor time of every search that our code may make of it."""
    subject = text.encode("latin-1", "replace") if isinstance(pattern.pattern, bytes) else text
    started = time.process_time()
    for _ in pattern.finditer(subject):
        pass
    pattern.match(subject)
    pattern.fullmatch(subject)
    return time.process_time() - started


def baits(pattern: re.Pattern) -> Iterator[Callable[[int], str]]:
    """Makers of texts, by their length."""
    written = pattern.pattern
    tree = parser.parse(
        written.decode("latin-1") if isinstance(written, bytes) else written, pattern.flags & ~re.UNICODE
    )
    prefixes, pumps = {"": None}, {}
    for prefix, pump in _places(tree, ""):
        prefixes[prefix] = None
        pumps[pump] = None
        pumps[prefix + pump] = None
    pumps |= dict.fromkeys(_alphabet(tree))
    pumps.pop("", None)
    chosen = islice(prefixes, MAX_PREFIXES), islice(pumps, MAX_PUMPS), _SUFFIXES
    for prefix, pump, suffix in product(*chosen):
        yield lambda length, prefix=prefix, pump=pump, suffix=suffix: prefix + pump * (length // len(pump) + 1) + suffix


def _places(tree, before: str) -> Iterator[tuple[str, str]]:
    """(what leads to a repetition, one round of it), inner ones too."""
    for position, (code, argument) in enumerate(tree):
        lead = before + "".join(_example(item) for item in list(tree)[:position])
        if code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
            _, most, inner = argument
            if most > 1:
                for way in _ways(inner):
                    yield lead, way
            yield from _places(inner, lead)
        else:
            for inner in _inside(code, argument):
                yield from _places(inner, lead)


def _inside(code, argument) -> Iterator:
    if code is codes.SUBPATTERN:
        yield argument[3]
    elif code is codes.BRANCH:
        yield from argument[1]
    elif code is codes.ATOMIC_GROUP:
        yield argument
    elif code in (codes.ASSERT, codes.ASSERT_NOT):
        yield argument[1]
    elif code is codes.GROUPREF_EXISTS:
        yield from (item for item in argument[1:] if item is not None)


def _ways(tree) -> list[str]:
    """Some texts that a part of an expression matches: one for each alternative at its top."""
    items = list(tree)
    if len(items) == 1 and items[0][0] is codes.IN:
        return list(dict.fromkeys(_members(items[0][1])))[:6]
    if len(items) == 1 and items[0][0] is codes.BRANCH:
        return ["".join(map(_example, way)) for way in items[0][1][1]][:8]
    return ["".join(map(_example, items))]


def _members(items) -> Iterator[str]:
    """Characters of a class."""
    if items and items[0][0] is codes.NEGATE:
        excluded = "".join(_members(items[1:]))
        yield from (char for char in "a0 -<(\"'/;=&x" if char not in excluded)
        return
    for code, argument in items:
        if code is codes.LITERAL:
            yield chr(argument)
        elif code is codes.RANGE:
            yield chr(argument[0])
        elif code is codes.CATEGORY:
            yield _CLASSES[argument]


def _example(item) -> str:
    """The shortest text that an element matches, roughly."""
    code, argument = item
    if code is codes.LITERAL:
        return chr(argument)
    if code is codes.NOT_LITERAL:
        return "a" if argument != ord("a") else "b"
    if code is codes.ANY:
        return "a"
    if code is codes.IN:
        return next(_members(argument), "a")
    if code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
        return "".join(map(_example, argument[2])) * min(argument[0], 64)
    if code in (codes.ASSERT, codes.ASSERT_NOT, codes.AT, codes.GROUPREF, codes.GROUPREF_EXISTS):
        return ""
    inner = next(_inside(code, argument), ())
    return "".join(map(_example, inner))


def _alphabet(tree) -> Iterator[str]:
    """Single characters: all that the expression names, and the usual ones."""
    yield from "0a -\"'<(\\/.;"
    for code, argument in tree:
        if code is codes.LITERAL:
            yield chr(argument)
        elif code is codes.IN:
            yield from _members(argument)
        elif code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
            yield from _alphabet(argument[2])
        else:
            for inner in _inside(code, argument):
                yield from _alphabet(inner)
