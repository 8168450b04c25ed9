"""Layer 2: address, brand and structure of a page, read from its markup and its host."""

from collections.abc import Iterable

from app.engines.analyse.brands import BrandBook
from app.engines.analyse.impersonation import Impersonation
from app.engines.analyse.layer import Signal
from app.engines.analyse.lures import examine_lures
from app.engines.analyse.subject import Subject
from app.engines.model import Layer


class StructureLayer:
    """Two groups of rules: `impersonation` (who it says it is) and `lures` (what it wants done)."""

    name = Layer.STRUCTURE.value

    def __init__(self, book: BrandBook) -> None:
        self._impersonation = Impersonation(book)

    def examine(self, subject: Subject) -> Iterable[Signal]:
        if not subject.has_content:
            return
        yield from self._impersonation.examine(subject)
        yield from examine_lures(subject)
