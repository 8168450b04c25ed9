"""A scan's result as a terminal shows it: the report, and its findings in the reader's language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

MAX_FINDINGS: Final = 50  # shown in full, the worst first


@dataclass(frozen=True, slots=True)
class ScanResult:
    """`report`: the document of `GET /tasks/{id}/report`. `findings`: those of `/findings/{id}`, at most MAX_FINDINGS;
    `finding_count` is how many there are.
    """

    report: Mapping[str, Any]
    findings: Sequence[Mapping[str, Any]] = ()
    finding_count: int = 0
