"""How names were looked for, as a section of a report: an owner has to know which ways were not open to the scan."""

from collections.abc import Iterator
from typing import Final

from app.core.redact import display_text
from app.domain.discovery import DiscoverySummary, NameServerReport, Transfer, Walk
from app.domain.messages import MessageCatalog
from app.reports.formats.blocks import Block, Column, Facts, Heading, Table, Text, Tone

MAX_ROWS: Final = 50  # of sources and of name servers; a target with more has hosted zones by the dozen


def discovery_section(summary: DiscoverySummary | None, texts: MessageCatalog) -> Iterator[Block]:
    """Yield the section; nothing for a scan that has not said how it went about it (None)."""
    if summary is None:
        return
    yield Heading(texts("report.discovery"), 3)
    yield Text(texts("report.discovery_intro"))
    counts = {"words": summary.words_tried, "variations": summary.variations_tried}
    yield Facts([(texts(f"report.discovery.{name}"), str(number)) for name, number in counts.items()])
    rows = [(source.name, texts(f"source_status.{source.status}"), source.names) for source in summary.sources]
    rows += [
        (texts("report.discovery.server", server=server.name, zone=server.zone), texts(_said_by(server)), server.names)
        for server in summary.name_servers
    ]
    if rows:
        columns = (
            Column(texts("report.discovery.asked"), 6),
            Column(texts("report.discovery.outcome"), 6),
            Column(texts("report.discovery.names"), 2, is_number=True),
        )
        yield Table(columns, [[display_text(asked), said, str(names)] for asked, said, names in rows[:MAX_ROWS]])
    if len(rows) > MAX_ROWS:
        yield Text(texts("report.left_out", count=len(rows) - MAX_ROWS), Tone.NOTE)
    if summary.resolvers_left_out:
        servers = display_text(", ".join(summary.resolvers_left_out))
        yield Text(texts("resolvers_left_out", servers=servers), Tone.WARNING)


def _said_by(server: NameServerReport) -> str:
    """Return the text for the names that a name server discloses."""
    if server.transfer is Transfer.REFUSED and server.walk is not Walk.NONE:
        return "zone_transfer.walked"
    return f"zone_transfer.{server.transfer}"
