"""Why a value is refused, in words: the texts `field.<kind>`. Pure."""

import re
from collections.abc import Mapping
from typing import Any, Final

from app.domain.messages import MessageCatalog, Text

_CHOICE: Final = re.compile(r"'([^']*)'")  # as the library quotes the values that it takes: 'a', 'b' or 'c'


def describe_field_problem(kind: str, values: Mapping[str, Any], texts: MessageCatalog) -> Text:
    """Return the text for a problem of this kind; `values` are its bounds, never what was sent."""
    key = f"field.{kind}"
    if key not in texts:
        return texts("field.invalid")
    if choices := _CHOICE.findall(str(values.get("expected", ""))):
        values = {**values, "expected": texts.join_terms(choices)}
    return texts(key, **{name: _plain(value) for name, value in values.items()})


def _plain(bound: object) -> object:
    """Return 1 for 1.0: a bound of a number that need not be whole is written like any other."""
    return int(bound) if isinstance(bound, float) and bound.is_integer() else bound
