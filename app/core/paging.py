"""Which page of a list is asked for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Paging:
    """A page of a list: `q` keeps what contains the text."""

    page: int = 1
    page_size: int = 50
    q: str = ""

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.page_size
