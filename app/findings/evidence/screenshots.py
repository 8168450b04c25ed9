"""Which screenshot of a scan shows a finding, for a list of them at once."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from app.findings.evidence.exposures import Site
from app.scanstore.evidence_reader import EvidenceReader
from app.scanstore.rows import host_in


def screenshots_of(reader: EvidenceReader, site: Site, found: Sequence[Row[Any]]) -> dict[str, str]:
    """Return the hashes of screenshots by the `violation_id` of these rows of `findings`, "" where there is none: of
    the page where the content was seen; of a third party another page stands for it.
    """
    foreign = [item.domain for item in found if not site.owns(item.domain)]
    captured = reader.capture_fields_of(foreign) if foreign else {}
    return {
        item.violation_id: _own(reader, item.url)
        if site.owns(item.domain)
        else _foreign(captured.get(item.domain, ()), item.url)
        for item in found
    }


def _own(reader: EvidenceReader, url: str) -> str:
    capture = reader.capture_at(host_in(url), url)
    return "" if capture is None else capture.screenshot_sha256


def _foreign(captures: Sequence[Mapping[str, Any]], url: str) -> str:
    shown = [capture for capture in captures if capture.get("screenshot_sha256")]
    shown.sort(key=lambda capture: url not in (capture.get("final_url"), capture.get("url")))
    return str(shown[0]["screenshot_sha256"]) if shown else ""
