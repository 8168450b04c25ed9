"""Where people sign for what a report says."""

from collections.abc import Iterator
from typing import Final

from app.core.redact import display_text
from app.domain.messages import MessageCatalog
from app.reports.formats.blocks import Block, Column, Heading, Table, Text
from app.reports.formats.contents import Origin

_COLUMNS: Final = (("role", 3), ("name", 5), ("signature", 6), ("date", 3))
_EMPTY: Final = "\u00a0"  # an empty cell would have no height to write in


def sign_off(origin: Origin, texts: MessageCatalog) -> Iterator[Block]:
    """Yield a signature line for each person responsible for the report; only its author is known."""
    yield Heading(texts("report.sign_off"), 2, "sign-off")
    yield Text(texts("report.sign_off_intro"))
    columns = [Column(texts(f"report.sign_off.{name}"), weight) for name, weight in _COLUMNS]
    rows = (("prepared", display_text(origin.made_by)), ("reviewed", ""), ("approved", ""))
    yield Table(columns, [[texts(f"report.sign_off.{role}"), name or _EMPTY, _EMPTY, _EMPTY] for role, name in rows])
