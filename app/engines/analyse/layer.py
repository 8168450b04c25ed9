"""What every layer of the analysis looks like: a subject goes in, signals come out.

Layers 1 to 3 (reputation, structure, text) are synchronous and pure. Layers 4 (images) and 5 (language model) wait
for other things: they produce the same `Signal`s, which `Analyser.conclude` takes beside those of the first three.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from app.domain.violations import Evidence, ViolationKey
from app.engines.analyse.subject import Subject


@dataclass(frozen=True, slots=True)
class Signal:
    """One reason to think that the subject violates `key`. `evidence.score` is what it alone would say (0..1)."""

    key: ViolationKey
    evidence: Evidence


class AnalysisLayer(Protocol):
    """One layer. It may be called from several threads and keeps nothing of a subject between calls."""

    @property
    def name(self) -> str:
        """Stable name, as in `Evidence.layer`."""
        ...

    def examine(self, subject: Subject) -> Iterable[Signal]:
        """Yields what speaks for a violation; nothing when nothing does. Never raises on any page content."""
        ...
