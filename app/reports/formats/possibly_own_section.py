"""Domains that may have the target's owner, as a section of a report: a person has to say whether they have."""

from collections.abc import Iterator, Sequence

from app.core.redact import display_text
from app.domain.messages import MessageCatalog
from app.domain.own_domains import PossiblyOwn
from app.reports.formats.blocks import Block, Column, Heading, Table, Text


def possibly_own_section(found: Sequence[PossiblyOwn], texts: MessageCatalog) -> Iterator[Block]:
    """Yield the section; nothing when nothing was found."""
    if not found:
        return
    yield Heading(texts("report.possibly_own"), 3, "possibly-own")
    yield Text(texts("report.possibly_own_intro"))
    columns = (Column(texts("report.domain"), 6), Column(texts("report.own_signs"), 12))
    yield Table(columns, [[display_text(possibly_own.domain), _signs(possibly_own, texts)] for possibly_own in found])


def _signs(one: PossiblyOwn, texts: MessageCatalog) -> str:
    return texts.join_terms(texts(f"own_sign.{sign}") for sign in one.signs)
