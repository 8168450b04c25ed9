"""Patterns of the SQL operator LIKE, for statements whose text is fixed; SQLAlchemy's `contains` makes its own."""

from typing import Final

ESCAPE: Final = "/"  # stands before a character that is special to LIKE; a statement names it: LIKE ... ESCAPE '/'


def containing(text: str) -> str:
    """Return the pattern of what contains the text."""
    for special in (ESCAPE, "%", "_"):
        text = text.replace(special, ESCAPE + special)
    return f"%{text}%"
