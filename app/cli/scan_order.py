"""`compliance scan` of several domains: one order in this process, a line when a scan ends, and one report over all."""

import asyncio
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import orjson

from app.captures.location import storage_variables
from app.cli import exit_codes, in_process
from app.cli.interrupts import Interrupts
from app.cli.report import user_name
from app.cli.report_output import write_file
from app.cli.terminal import clean
from app.compose.services import Services
from app.core.clock import SystemClock
from app.core.errors import ConfigurationError
from app.core.field_faults import InvalidFields
from app.core.json_chunks import JsonChunks
from app.core.principal import Principal
from app.domain.field_problem import describe_field_problem
from app.domain.messages import Language, MessageCatalog
from app.domain.report_format import ReportFormat, format_of_suffix
from app.domain.scan_options import ScanOptions
from app.domain.verdict import Result, saw_enough
from app.domain.violations import WORST_FIRST
from app.orders.service import NewOrder
from app.orders.standings import OrderedScan, read_scans
from app.reports.formats.service import order_of_many
from app.tasks.report_process.maker import build_report_maker

MAX_NAMED: Final = 5  # targets that cannot be scanned, in one error
MAX_DOMAINS: Final = 50  # found domains that are printed; the file has all
_CODES: Final = {
    Result.CLEAN: exit_codes.CLEAN,
    Result.VIOLATIONS: exit_codes.VIOLATIONS,
    Result.INCONCLUSIVE: exit_codes.INCONCLUSIVE,
}
Json = dict[str, Any]


async def scan_many(
    services: Services,
    targets: Sequence[str],
    options: ScanOptions,
    texts: MessageCatalog,
    interrupts: Interrupts,
    output: Path | None,
) -> Json:
    """Scan all of them and return `orders.schemas.OrderReport`; written to `output` as well. An interrupt cancels all.

    Raises ConfigurationError for targets that cannot be scanned, and names them; else as `OrderService.create_once`.
    """
    principal = await in_process.local_admin(services, texts)
    order_id = await order_scans(services, principal, targets, options, texts)
    await _follow(services, principal, order_id, texts, interrupts)
    report: Json = orjson.loads(
        b"".join(await asyncio.to_thread(_pieces, services, order_id, ReportFormat.JSON, texts))
    )
    if output is not None:
        kind = format_of_suffix(output.name)
        assert kind is not None  # `check_output` has seen to it
        await asyncio.to_thread(lambda: write_file(output, _pieces(services, order_id, kind, texts)))
    return report


async def order_scans(
    services: Services, principal: Principal, targets: Sequence[str], options: ScanOptions, texts: MessageCatalog
) -> str:
    """Order a scan of each target, say so, and return the order's id. Raises as `scan_many`."""
    with naming_refused(targets, texts):
        pieces, _ = await services.orders.create_once(
            principal, order_of(targets, options), key=None, language=Language(texts.language)
        )
    return say_ordered(pieces, texts)


def order_of(targets: Sequence[str], options: ScanOptions) -> NewOrder:
    return NewOrder(targets=targets, options=options, said=asdict(options).keys())


@contextmanager
def naming_refused(targets: Sequence[str], texts: MessageCatalog) -> Iterator[None]:
    """Raises ConfigurationError for targets that cannot be scanned, and names them."""
    try:
        yield
    except InvalidFields as refused:
        raise ConfigurationError(texts("cli.targets_refused", targets=_named(refused, targets, texts))) from refused


def say_ordered(pieces: JsonChunks, texts: MessageCatalog) -> str:
    """Say how many scans an order (`orders.schemas.OrderResponse`) has, and return its id."""
    order = orjson.loads(b"".join(pieces))
    sys.stderr.write(f"{texts('order_started', count=order['targets'])}\n")
    order_id: str = order["id"]
    return order_id


def _named(refused: InvalidFields, targets: Sequence[str], texts: MessageCatalog) -> str:
    told = []
    for fault in refused.faults[:MAX_NAMED]:
        place = fault.name.rpartition(".")[2]
        what = targets[int(place)] if ".targets." in fault.name else fault.name
        told.append(texts("labelled", what=clean(what), text=describe_field_problem(fault.code, fault.values, texts)))
    return texts.join_clauses(told)


async def _follow(
    services: Services, principal: Principal, order_id: str, texts: MessageCatalog, interrupts: Interrupts
) -> None:
    """Say of each scan when it has ended, until all have."""
    told: set[str] = set()
    asked = False
    while True:
        scans = await services.db.read(lambda connection: read_scans(connection, order_id))
        for scan in scans:
            if not scan.standing.is_unfinished and scan.task.id not in told:
                told.add(scan.task.id)
                sys.stderr.write(f"{_ended(scan, len(told), len(scans), texts)}\n")
        if len(told) == len(scans):
            return
        if interrupts.asked.is_set() and not asked:
            asked = True
            sys.stderr.write(f"{texts('cancel_hint')}\n")
            await services.orders.cancel(principal, order_id, Language(texts.language))
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait() if asked else interrupts.asked.wait(), in_process.SWEEP_S)


def _ended(scan: OrderedScan, number: int, whole: int, texts: MessageCatalog) -> str:
    status, target = texts(scan.task.status), clean(scan.task.target_domain)
    return texts("order_scan_ended", number=number, whole=whole, target=target, status=status)


def _pieces(services: Services, order_id: str, kind: ReportFormat, texts: MessageCatalog) -> list[bytes]:
    """Make the report here: nobody else waits for this process."""
    order = order_of_many(order_id, SystemClock(), kind=kind, language=texts.language, made_by=user_name())
    maker = build_report_maker(services.settings, services.db, storage_variables(os.environ))
    return list(maker.pieces(order))


def exit_code_of(report: Mapping[str, Any], *, asked: bool, counted: int | None = None) -> int:
    """Return the exit code of an order that has ended. `asked`: somebody wanted it to stop; `counted`: findings that
    count (`scan_gate`), None: every violation does.
    """
    if asked or "cancelled" in report["status_counts"]:
        return exit_codes.STOPPED
    if counted is not None:
        return _code_of_counted(report, counted)
    if report["result"] != Result.VIOLATIONS and "failed" in report["status_counts"]:
        return exit_codes.MISUSED
    return _CODES[Result(report["result"])] if report["result"] else exit_codes.MISUSED


def _code_of_counted(report: Mapping[str, Any], counted: int) -> int:
    if counted:
        return exit_codes.VIOLATIONS
    if "failed" in report["status_counts"]:
        return exit_codes.MISUSED
    is_whole = all(saw_enough(scan["verdict"]) for scan in report["properties"])
    return exit_codes.CLEAN if is_whole else exit_codes.INCONCLUSIVE


def print_order(report: Mapping[str, Any], texts: MessageCatalog, *, as_json: bool) -> None:
    """Write the report to standard output, where nothing else is written: as JSON, or in short for people."""
    if as_json:
        sys.stdout.write(json.dumps(report, ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stdout.write("".join(f"{line}\n" for line in _lines(report, texts)))
    sys.stdout.flush()


def _lines(report: Mapping[str, Any], texts: MessageCatalog) -> list[str]:
    lines = [property_line(item, texts) for item in report["properties"]]
    found = report["domains"]
    if found:
        lines += ["", texts("report.order_domains")]
        lines += [_domain_line(item, texts) for item in found[:MAX_DOMAINS]]
    if len(found) > MAX_DOMAINS:
        lines.append(texts("report.left_out", count=len(found) - MAX_DOMAINS))
    return lines


def property_line(one: Mapping[str, Any], texts: MessageCatalog) -> str:
    known = texts(f"report.result.{one['result'] or 'unknown'}")
    status = "" if one["status"] == "completed" else texts(one["status"])
    counts = [f"{texts(level)} {one['open_counts'].get(level)}" for level in _levels(one["open_counts"])]
    dismissed = one["finding_counts"].get("total", 0) - one["open_counts"].get("total", 0)
    if dismissed:
        counts.append(texts("notice.dismissed", count=dismissed))
    said = texts.join_terms([word for word in (known, status, *counts) if word])
    return texts("labelled", what=clean(one["target_domain"]), text=said)


def _levels(counts: Mapping[str, int]) -> list[str]:
    return [level for level in WORST_FIRST if counts.get(level)]


def _domain_line(one: Mapping[str, Any], texts: MessageCatalog) -> str:
    kinds = texts.join_terms(texts(f"violation.{kind}") for kind in one["kinds"])
    names = clean(texts.join_terms(one["targets"]))
    risk = texts(one["risk_level"] or "decision_state.dismissed")
    return texts("order_found", risk=risk, domain=clean(one["domain"]), kinds=kinds, targets=names)
