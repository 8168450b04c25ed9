"""The report of a version of the local classifier, as lines of a terminal."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlalchemy import Row

from app.core.clock import to_wire
from app.core.redact import display_text
from app.domain.local_reading import LEARNT
from app.domain.messages import MessageCatalog
from app.domain.violations import ViolationKey, violation_name

_NONE: Final = "-"  # nothing to take a share of


def report_lines(row: Row[Any], texts: MessageCatalog) -> Iterator[str]:
    """Yield them, in the language of `texts`."""
    report = row.report
    yield texts("reader.title", version=row.version, made_at=to_wire(row.made_at), about=report["about"])
    yield texts("reader.sha256", sha256=row.sha256)
    yield texts("reader.sizes", violating=report["violating"], clean=report["clean"], domains=report["domains"])
    left_out = {name: count for name, count in report["left_out"].items() if count}
    if left_out:
        said = (texts(f"reader.left_out.{name}", count=count) for name, count in sorted(left_out.items()))
        yield texts("reader.left_out", reasons=texts.join_clauses(list(said)))
    yield texts("reader.held_back")
    for name, head in report["heads"].items():
        yield from _head_lines(name, head, texts)
    yield from _change_lines(report["changes"], texts)


def _head_lines(name: str, head: Mapping[str, Any], texts: MessageCatalog) -> Iterator[str]:
    said = violation_name(ViolationKey(name), texts.language) if name in LEARNT else texts("reader.any_violation")
    numbers = {key: _share(head[key]) for key in ("precision", "recall")}
    yield texts("reader.head", name=said, pages=head["pages"], brier=head["brier"], **numbers)
    for one in head["bins"]:
        if one["pages"]:
            spans = {"low": one["from"], "high": one["to"], "said": _share(one["said"]), "were": _share(one["were"])}
            yield texts("reader.bin", pages=one["pages"], **spans)


def _change_lines(changes: Mapping[str, Any], texts: MessageCatalog) -> Iterator[str]:
    gone, raised = changes["suppressed"], changes["raised"]
    yield texts("reader.suppressed", **{name: gone[name] for name in ("to_review", "dismissed", "confirmed")})
    if gone["confirmed_domains"]:
        yield texts("reader.suppressed_wrongly", domains=texts.join_terms(map(display_text, gone["confirmed_domains"])))
    yield texts("reader.raised", **raised)


def _share(value: float | None) -> str:
    return _NONE if value is None else f"{value:.3f}"
