"""`compliance reader`: teach the local classifier, see its report, switch a version on and off (ADR 0050)."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Row

from app.captures.contents import Contents
from app.captures.port import ContentsUnavailable
from app.cli import exit_codes
from app.cli.migrate import database_of, migrate_alone
from app.cli.reader_action import ReaderAction
from app.compose.parts import build_local_readers
from app.compose.storage import open_captures
from app.configuration.local_readers import LocalReaderService, ReaderRefused, ReaderVersions
from app.core.clock import SystemClock, to_wire
from app.core.config import Settings, load_settings
from app.core.db import Database
from app.core.errors import ConfigurationError
from app.core.logging import configure_logging
from app.core.program import program_version
from app.core.redact import display_text
from app.domain.local_reading import LEARNT, DecidedPage, LearntModel, ModelFault
from app.domain.messages import MessageCatalog
from app.domain.violations import ViolationKey, violation_name
from app.engines.local_reader.learning import LEAST_DOMAINS, LEAST_PAGES, TooLittle, learn_model
from app.findings.decided_pages import DecidedPageReader
from app.identity.audit import AuditTrail
from app.migrations.runner import head_revision, read_revision
from app.scanstore.location import open_stores

_NONE: Final = "-"  # nothing to take a share of


@dataclass(frozen=True, slots=True)
class ReaderArguments:
    """`version` None: of `report` the newest."""

    action: ReaderAction
    version: int | None
    as_json: bool
    data_dir: Path | None


def run_reader(arguments: ReaderArguments, texts: MessageCatalog) -> int:
    """Do it and say so. Raises ConfigurationError: why nothing was done."""
    if arguments.action is ReaderAction.ENABLE and arguments.version is None:
        raise ConfigurationError(texts("cli.reader_which"))
    settings = load_settings(data_dir=arguments.data_dir)
    configure_logging(settings.log_level, settings.log_format)
    with database_of(settings) as db:
        if read_revision(db) != head_revision():
            migrate_alone(settings, db)
        try:
            lines = asyncio.run(_act(settings, db, arguments, texts))
        except TooLittle as error:
            counted = {"violating": error.violating, "clean": error.clean}
            least = {"pages": LEAST_PAGES, "domains": LEAST_DOMAINS}
            raise ConfigurationError(texts(f"cli.reader_not_learnt.{error.reason}", **counted, **least)) from error
        except ReaderRefused as error:
            fault = texts(f"model_fault.{error.fault or ModelFault.MALFORMED}")
            version = "" if arguments.version is None else arguments.version
            refusal = f"cli.reader_refused.{error.refusal}"
            raise ConfigurationError(texts(refusal, version=version, fault=fault)) from error
        except ContentsUnavailable as error:
            raise ConfigurationError(texts("cli.reader_captures", reason=str(error))) from error
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return exit_codes.CLEAN


async def _act(settings: Settings, db: Database, arguments: ReaderArguments, texts: MessageCatalog) -> list[str]:
    async with _opened(db) as service:
        match arguments.action:
            case ReaderAction.TRAIN:
                version = await _train(settings, db, service)
                return [texts("cli.reader_trained", version=version)]
            case ReaderAction.REPORT:
                row = await service.report(arguments.version)
                if arguments.as_json:
                    return [_as_json(_document(row, (await service.list_all()).enabled))]
                return list(report_lines(row, texts))
            case ReaderAction.ENABLE:
                assert arguments.version is not None  # `run_reader` has seen to it
                await service.enable(arguments.version)
                return [texts("cli.reader_enabled", version=arguments.version)]
            case ReaderAction.DISABLE:
                gone = await service.disable()
                return [texts("cli.reader_disabled", version=gone) if gone else texts("cli.reader_none_enabled")]
            case ReaderAction.LIST:
                found = await service.list_all()
                if arguments.as_json:
                    return [_as_json([_document(row, found.enabled) for row in found.rows])]
                return list(_listed(found, texts)) or [texts("cli.reader_refused.no_version")]


@asynccontextmanager
async def _opened(db: Database) -> AsyncIterator[LocalReaderService]:
    clock = SystemClock()
    audit = AuditTrail(db=db, clock=clock)
    await audit.start()
    try:
        yield build_local_readers(db=db, clock=clock, audit=audit)
    finally:
        await audit.stop()


async def _train(settings: Settings, db: Database, service: LocalReaderService) -> int:
    with closing(open_stores(settings)) as stores:
        pages = DecidedPageReader(db=db, stores=stores.stores, contents=Contents(open_captures(settings)))
        return await service.train(pages, _learn)


def _learn(pages: Sequence[DecidedPage]) -> LearntModel:
    return learn_model(pages, program=program_version())


def _listed(found: ReaderVersions, texts: MessageCatalog) -> Iterator[str]:
    for row in found.rows:
        state = (
            "enabled" if row.version == found.enabled else "reported" if row.reported_at is not None else "unreported"
        )
        yield texts(
            "cli.reader_listed",
            version=row.version,
            made_at=to_wire(row.made_at),
            violating=row.report["violating"],
            clean=row.report["clean"],
            state=texts(f"cli.reader_state.{state}"),
        )


def _document(row: Row[Any], on: int | None) -> Mapping[str, Any]:
    return {
        "version": row.version,
        "made_at": to_wire(row.made_at),
        "sha256": row.sha256,
        "enabled": row.version == on,
        "report": row.report,
    }


def _as_json(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2)


def report_lines(row: Row[Any], texts: MessageCatalog) -> Iterator[str]:
    """Yield the report of a version as lines, in the language of `texts`."""
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
    for item in head["bins"]:
        if item["pages"]:
            spans = {
                "low": item["from"],
                "high": item["to"],
                "said": _share(item["said"]),
                "were": _share(item["were"]),
            }
            yield texts("reader.bin", pages=item["pages"], **spans)


def _change_lines(changes: Mapping[str, Any], texts: MessageCatalog) -> Iterator[str]:
    gone, raised = changes["suppressed"], changes["raised"]
    yield texts("reader.suppressed", **{name: gone[name] for name in ("to_review", "dismissed", "confirmed")})
    if gone["confirmed_domains"]:
        yield texts("reader.suppressed_wrongly", domains=texts.join_terms(map(display_text, gone["confirmed_domains"])))
    yield texts("reader.raised", **raised)


def _share(value: float | None) -> str:
    return _NONE if value is None else f"{value:.3f}"
