"""How much of a scan a document for people shows. What it leaves out it counts, and says which file has all of it."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """Numbers of items; the tables (CSV, XLSX) have no such bounds."""

    findings_in_full: int
    findings_listed: int
    findings_with_pictures: int
    third_parties: int
    references: int  # of one finding
    evidence: int  # of one finding
    quotes: bool  # words of the pages, with the evidence
    hosts: int  # of a table or a list of them
    picture_width: int  # pixels


# A browser scrolls: about 40 MB at most, half of it pictures.
HTML_EXTENT: Final = Extent(
    findings_in_full=300,
    findings_listed=5_000,
    findings_with_pictures=100,
    third_parties=1_000,
    references=10,
    evidence=10,
    quotes=True,
    hosts=100,
    picture_width=960,
)
# Paper: some 60 pages at most, which take a few seconds.
PDF_EXTENT: Final = Extent(
    findings_in_full=50,
    findings_listed=300,
    findings_with_pictures=30,
    third_parties=200,
    references=3,
    evidence=2,
    quotes=False,
    hosts=30,
    picture_width=720,
)
