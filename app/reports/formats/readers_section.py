"""Section of a report about the LLM and the local classifier, which may have cleared pages."""

from collections.abc import Iterator, Mapping
from typing import Final

from app.core.redact import display_text
from app.domain.local_reading import LocalSummary
from app.domain.messages import MessageCatalog
from app.domain.reading import Effect, ReadingSummary
from app.reports.formats.blocks import Block, Facts, Heading, Text, Tone

_CHANGES: Final = (Effect.CONFIRMED, Effect.SUPPRESSED, Effect.TO_REVIEW)


def readers_section(model: ReadingSummary | None, local: LocalSummary | None, texts: MessageCatalog) -> Iterator[Block]:
    """Yield the section; nothing when rules alone have judged."""
    if model is None and local is None:
        return
    yield Heading(texts("report.readers"), 3, "readers")
    yield Text(texts("report.readers_intro"))
    if model is not None:
        yield Facts([*_of_model(model, texts), *_changes(model.effects, _CHANGES, texts)])
    if local is None:
        return
    rows: list[tuple[str, str]] = [
        (texts("report.reader.local"), texts("report.reader.version", version=local.version)),
        (texts("report.reader.read"), str(local.read)),
    ]
    yield Facts([*rows, *_changes(local.effects, _CHANGES[1:], texts)])
    if local.fault is not None:
        fault = texts(f"model_fault.{local.fault}")
        yield Text(texts("local_fault", version=local.version, fault=fault), Tone.WARNING)


def _of_model(model: ReadingSummary, texts: MessageCatalog) -> Iterator[tuple[str, str]]:
    yield texts("report.reader.model"), display_text(model.model)
    counts = {"asked": model.asked, "answered": model.answered, "void": sum(model.void.values())}
    for name, count in {**counts, "left_out": sum(model.left_out.values())}.items():
        yield texts(f"report.reader.{name}"), str(count)


def _changes(effects: Mapping[str, int], shown: tuple[Effect, ...], texts: MessageCatalog) -> Iterator[tuple[str, str]]:
    for effect in shown:
        yield texts(f"report.reader.{effect}"), str(effects.get(effect, 0))
