"""The lists of the deployment that a scan looked into, as a section of a report: which versions spoke."""

from collections.abc import Iterator, Sequence

from app.core.redact import display_text
from app.domain.messages import MessageCatalog
from app.domain.reputation_lists import UsedList
from app.reports.formats.blocks import Block, Column, Heading, Table


def lists_section(lists: Sequence[UsedList], texts: MessageCatalog) -> Iterator[Block]:
    """Yield the section; nothing without lists."""
    if not lists:
        return
    yield Heading(texts("report.lists"), 3)
    columns = (
        Column(texts("report.lists.name"), 4),
        Column(texts("report.lists.date"), 2),
        Column(texts("report.lists.entries"), 2, is_number=True),
        Column("SHA-256", 6),
    )
    yield Table(columns, [_row(used, texts) for used in lists])


def _row(used: UsedList, texts: MessageCatalog) -> list[str]:
    kind = texts(f"report.lists.{used.kind}")
    name = texts("report.lists.said", name=used.name, kind=kind, source=display_text(used.source))
    return [name, used.date, str(used.entries), used.sha256]
