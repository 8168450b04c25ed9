"""The evidence of a scan as one ZIP: the report, its tables, and every captured content byte for byte.

`SHA256SUMS` at its end is what `sha256sum --check` reads; a content's file is named by its own hash, which the report
and `manifest.json` name too. A time stamp of the manifest is so one of everything that it lists (ADR 0082). The order
is always the same, and no name in it comes from a page. Who made the archive and when is in `README.txt` alone, so that
the same results have the same manifest, and one time stamp (ADR 0087).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from types import MappingProxyType
from typing import Final

import orjson
import structlog

from app.core.json_chunks import Json, split
from app.core.redact import display_text
from app.core.spreadsheet import table_pieces
from app.domain.messages import MessageCatalog
from app.domain.scan_facts import Capture
from app.reports.formats.contents import Origin, ReportContents
from app.reports.formats.tables import ReportTables, Sheet
from app.reports.formats.time_stamp import NoTimeStamp, Stamp, no_stamp_line, stamp_lines
from app.reports.formats.wording import moment_text
from app.reports.formats.zip_stream import ZipStream
from app.scans.serialisers import optional_to_wire, time_to_wire

# Sources and texts under names that no browser opens.
ENDINGS: Final = MappingProxyType({"source": ".html.txt", "html": ".html.txt", "text": ".txt", "screenshot": ".jpg"})
README: Final = "README.txt"
MANIFEST: Final = "manifest.json"
TIME_STAMP: Final = f"{MANIFEST}.tsr"
SUMS: Final = "SHA256SUMS"
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Written:
    """A file of the archive."""

    name: str
    sha256: str
    size: int


@dataclass(slots=True)
class _Archive:
    """What was written so far."""

    stream: ZipStream = field(default_factory=ZipStream)
    files: list[Written] = field(default_factory=list)

    def add(self, name: str, pieces: Iterable[bytes], *, compressed: bool = True) -> Iterator[bytes]:
        yield from self.stream.entry(name, self._hashed(name, pieces), compressed=compressed)

    def _hashed(self, name: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
        digest, size = sha256(), 0
        for piece in pieces:
            digest.update(piece)
            size += len(piece)
            yield piece
        self.files.append(Written(name, digest.hexdigest(), size))


def archive_pieces(
    contents: ReportContents, documents: Mapping[str, Iterable[bytes]], origin: Origin, stamp: Stamp | None = None
) -> Iterator[bytes]:
    """Yield the file. `documents`: the reports that lie beside the evidence, by their names. `origin`: of the archive;
    that of the contents and the documents does not say who makes them and when.

    `stamp`: makes the time stamp of the manifest; None: the deployment has no time stamps.
    """
    archive = _Archive()
    for name, pieces in documents.items():
        yield from archive.add(name, pieces)
    for name, sheet in _tables(contents).items():
        yield from archive.add(f"tables/{name}.csv", table_pieces(sheet.columns, sheet.rows))
    captures: list[Json] = []
    yield from _captures(contents, archive, captures)
    manifest = _manifest(contents, archive.files, captures)
    yield from archive.add(MANIFEST, [manifest])
    lines: list[str] = [
        *_about(contents),
        contents.texts("report.method.times"),
        *_made(origin, contents.texts),
    ]
    if stamp is not None:
        yield from _time_stamp(contents, archive, stamp, manifest, lines)
    yield from archive.add(README, ["".join(f"{line}\n" for line in lines).encode()])
    sums = "".join(f"{file.sha256}  {file.name}\n" for file in archive.files)
    yield from archive.stream.entry(SUMS, [sums.encode()])
    yield from archive.stream.end()


def _about(contents: ReportContents) -> list[str]:
    """Return the lines that say what the archive has."""
    if not contents.is_part:
        return [contents.texts("report.archive")]
    return [contents.texts("report.part", **_counts(contents)), contents.texts("report.archive_part")]


def _counts(contents: ReportContents) -> dict[str, int]:
    return {"count": len(contents.findings), "total": len(contents.all_findings)}


def _made(origin: Origin, texts: MessageCatalog) -> list[str]:
    """Return the lines that say when the archive was made, and by whom, if that is known."""
    said = {"made_at": moment_text(optional_to_wire(origin.made_at)), "made_by": display_text(origin.made_by)}
    return [texts("labelled", what=texts(f"report.{key}"), text=text) for key, text in said.items() if text]


def _time_stamp(
    contents: ReportContents, archive: _Archive, stamp: Stamp, manifest: bytes, lines: list[str]
) -> Iterator[bytes]:
    """Write the time stamp, and note in `lines` what it says, or why there is none: the archive is made without it."""
    try:
        made = stamp(manifest)
    except NoTimeStamp as failure:
        log.warning("archive_not_time_stamped", task_id=contents.row.id, reason=str(failure), cause=failure.cause)
        lines.append(no_stamp_line(failure, contents.texts))
        return
    yield from archive.add(TIME_STAMP, [made.response])
    lines += stamp_lines(made, contents.texts)


def _tables(contents: ReportContents) -> dict[str, Sheet]:
    tables = ReportTables(contents)
    named = {
        "findings": tables.findings(),
        "findings-by-page": tables.pages(),
        "third-parties": tables.third_parties(),
        "references": tables.references(),
    }
    return named if contents.is_part else {**named, "not-examined": tables.not_seen()}


def _captures(contents: ReportContents, archive: _Archive, said: list[Json]) -> Iterator[bytes]:
    """Write every content once, and note in `said` which capture has which."""
    written: dict[str, str | None] = {}
    for capture in contents.captures():
        names = {}
        for kind, ending in ENDINGS.items():
            digest = getattr(capture, f"{kind}_sha256")
            if digest and digest not in written:
                data = contents.read_content(digest)
                written[digest] = None if data is None else f"captures/{digest}{ending}"
                if data is not None:
                    yield from archive.add(f"captures/{digest}{ending}", split(data), compressed=kind != "screenshot")
            names[kind] = _content(digest, written)
        said.append(_capture(capture, names))


def _content(digest: str, written: Mapping[str, str | None]) -> Json | None:
    """`file` is null when the content was not kept, or is damaged."""
    return {"sha256": digest, "file": written[digest]} if digest else None


def _capture(capture: Capture, names: Json) -> Json:
    hops = [{"url": display_text(hop.url), "status": hop.status, "address": hop.address} for hop in capture.hops]
    return {
        "domain": capture.domain,
        "url": display_text(capture.url),
        "final_url": display_text(capture.final_url),
        "status": capture.status,
        "captured_at": time_to_wire(capture.captured_at),
        "addresses": list(capture.addresses),
        "hops": hops,
        **names,
    }


def _manifest(contents: ReportContents, files: list[Written], captures: list[Json]) -> bytes:
    row = contents.row
    document = {
        "target": row.target_domain,
        "task": row.id,
        "attempt": row.attempt,
        "started_by": display_text(contents.started_by) or None,
        "started_at": optional_to_wire(row.started_at),
        "completed_at": optional_to_wire(row.completed_at),
        "program": contents.origin.program,
        "times": {"zone": "UTC", "clock": "system clock of the scanner"},
        "log": {"epoch": contents.epoch, "seq": row.last_seq},  # the scan's newest event by then
        **_part(contents),
        "files": [{"name": file.name, "sha256": file.sha256, "size": file.size} for file in files],
        "captures": captures,
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2)


def _part(contents: ReportContents) -> Json:
    """Name the findings of an archive that has not all of them."""
    if not contents.is_part:
        return {}
    ids = [item["finding_id"] for item in contents.findings]
    return {"findings": ids, "findings_of_scan": len(contents.all_findings)}
