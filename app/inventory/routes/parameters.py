"""What the routes of third parties and of their services read."""

from typing import Annotated, Final

from fastapi import Query

from app.rest.schemas import Text

MAX_WORD: Final = 32
MAX_SERVICE: Final = 128  # characters of a name
AskedCategory = Annotated[
    Text | None, Query(max_length=MAX_WORD, description="Only this category.", examples=["analytics"])
]
