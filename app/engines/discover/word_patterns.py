"""The dictionary of `words.txt`: labels that administrators give to hosts, some in pinyin."""

import re
from collections.abc import Iterator
from importlib.resources import files
from itertools import product
from typing import Final

CHOICE: Final = re.compile(r"\{([^{}]*)\}")
NUMBERS: Final = re.compile(r"(\d{1,4})\.\.(\d{1,4})")


def load_words() -> tuple[str, ...]:
    """Load our own list, most telling first, each once."""
    lines = files("app.engines.discover").joinpath("words.txt").read_text(encoding="utf-8").splitlines()
    patterns = (line.strip() for line in lines)
    return tuple(
        dict.fromkeys(word for line in patterns if line and not line.startswith("#") for word in expanded(line))
    )


def expanded(line: str) -> Iterator[str]:
    """Yield what a line stands for: `{a,b}{1..3}` is a1, a2, a3, b1, b2, b3, and `{01..12}` keeps its zeros."""
    pieces = CHOICE.split(line)
    choices = [_choices(piece) if number % 2 else [piece] for number, piece in enumerate(pieces)]
    return ("".join(chosen) for chosen in product(*choices))


def _choices(inside: str) -> list[str]:
    span = NUMBERS.fullmatch(inside)
    if span is None:
        return inside.split(",")
    first, last = span.groups()
    return [str(number).zfill(len(first)) for number in range(int(first), int(last) + 1)]
