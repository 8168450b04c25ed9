"""A field of a documented model: what it means, and how a value of it looks."""

from typing import Any

from pydantic import Field


def described(description: str, *examples: Any, **more: Any) -> Any:
    """Return a pydantic field with its documentation; `more` as of `pydantic.Field`.

    A field that holds other models needs no example: it is put together from theirs (`app/api/openapi.py`).
    """
    return Field(description=description, examples=list(examples) or None, **more)
