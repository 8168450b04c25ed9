"""The formats of a report: their names, media types and file endings."""

from enum import StrEnum
from types import MappingProxyType
from typing import Final


class ReportFormat(StrEnum):
    """File extension, which is also the name in `?format=` and `--format`."""

    PDF = "pdf"
    HTML = "html"
    XLSX = "xlsx"
    CSV = "csv"
    ZIP = "zip"
    JSON = "json"
    SARIF = "sarif"
    STIX = "stix"


# Of one scan alone: an archive would hold the captures of all scans of an order; for SARIF and STIX see ADR 0077.
_OF_ONE_SCAN: Final = frozenset({ReportFormat.ZIP, ReportFormat.SARIF, ReportFormat.STIX})
OF_ORDERS: Final = tuple(kind for kind in ReportFormat if kind not in _OF_ONE_SCAN)
REFERENCES: Final = "references"  # the table of all references, which is no report, and is made as one is

MEDIA_TYPES: Final = MappingProxyType(
    {
        ReportFormat.JSON: "application/json",
        ReportFormat.HTML: "text/html",
        ReportFormat.PDF: "application/pdf",
        ReportFormat.CSV: "text/csv",
        ReportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ReportFormat.ZIP: "application/zip",
        ReportFormat.SARIF: "application/sarif+json",
        ReportFormat.STIX: "application/stix+json",
    }
)
_OF_TYPE: Final = {media_type: kind for kind, media_type in MEDIA_TYPES.items()}
_PARAMETERS: Final = {
    ReportFormat.HTML: "; charset=utf-8",
    ReportFormat.CSV: "; charset=utf-8",
    ReportFormat.STIX: ";version=2.1",  # as its registration writes it
}


def content_type(kind: ReportFormat) -> str:
    """Return the header's value."""
    return MEDIA_TYPES[kind] + _PARAMETERS.get(kind, "")


def format_of_suffix(name: str) -> ReportFormat | None:
    """Return the format for a file's name; None when its ending is none of ours."""
    _, dot, ending = name.lower().rpartition(".")
    return ReportFormat(ending) if dot and ending in list(ReportFormat) else None


def format_of_accept(header: str) -> ReportFormat:
    """Return the first format that the header names without a wildcard; JSON when there is none."""
    named = (part.partition(";")[0].strip().lower() for part in header.split(","))
    return next((_OF_TYPE[name] for name in named if name in _OF_TYPE), ReportFormat.JSON)
