"""Why a value is refused, in words: the texts `field.<kind>`. Pure."""

import re
from collections.abc import Mapping
from typing import Any, Final

from app.domain.messages import MessageCatalog, Text

_CHOICE: Final = re.compile(r"'([^']*)'")  # as the library quotes the values that it takes: 'a', 'b' or 'c'


def describe_field_problem(kind: str, values: Mapping[str, Any], texts: MessageCatalog) -> Text:
    """Return the text for a problem of this kind; `values` are its bounds, never what was sent.

    A field that names something, such as a target, may be refused with the error that it has where it stands alone.
    """
    key = next((key for key in (f"field.{kind}", f"error.{kind}") if key in texts), "field.invalid")
    if key == "field.invalid":
        return texts(key)
    if choices := _CHOICE.findall(str(values.get("expected", ""))):
        values = {**values, "expected": texts.join_terms(choices)}
    return texts(key, **{name: _plain(value) for name, value in values.items()})


def _plain(bound: object) -> object:
    """Return 1 for 1.0: a bound of a number that need not be whole is written like any other."""
    return int(bound) if isinstance(bound, float) and bound.is_integer() else bound
