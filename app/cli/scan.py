"""`compliance scan`: one scan in this process and its scan process, without a server."""

import asyncio
import json
import secrets
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TextIO, cast
from urllib.parse import quote

from pydantic import SecretStr
from rich.console import Console

from app.cli import exit_codes, in_process, scan_order
from app.cli.display.base import CurrentStderr, Display, choose_display, show_until_end
from app.cli.display.result import ScanResult
from app.cli.interrupts import Interrupts
from app.cli.network_options import NetworkOptions
from app.cli.repeated_scans import RepeatedScans
from app.cli.report import save_report
from app.cli.scan_folder import describe_folder, kept_folder, private_folder
from app.cli.scan_gate import Gate, Judgement
from app.cli.terminal import clean
from app.cli.testnet import command_for, open_testnet
from app.client.taskview import TaskView
from app.compose.services import Services, build_services
from app.core.config import Settings, load_settings
from app.core.data_folder import InUse, page_address
from app.core.errors import ConfigurationError, Conflict, Unavailable
from app.core.logging import configure_logging
from app.core.principal import Principal
from app.domain.messages import MessageCatalog
from app.domain.scan_options import DEFAULTS, ScanOptions

PASSWORD_BYTES: Final = 6  # for a folder that only we can read
PLAIN_WIDTH: Final = 100  # columns of the result where there is no terminal to ask


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanArguments:
    """What was asked for."""

    targets: Sequence[str]  # at least one
    options: ScanOptions = DEFAULTS
    network: NetworkOptions = field(default_factory=NetworkOptions)
    use_testnet: bool = False
    world: str | None = None  # of the test internet; None: the demo's
    as_json: bool = False
    data_dir: Path | None = None  # None: one of its own
    keep: bool = True  # of its own folder: whether it stays
    output: Path | None = None  # where the report goes as well, in the format of its ending
    gate: Gate | None = None  # which findings count for the exit code; None: all
    every_hours: int | None = None  # between scans, until Ctrl-C; None: one scan


def run_scan(arguments: ScanArguments, texts: MessageCatalog) -> int:
    """Scan and return the exit code. Raises ConfigurationError, InvalidInput, Forbidden, Unavailable.

    A service that runs is named with the address of its page, which alone can start scans in it.
    """
    password = secrets.token_hex(PASSWORD_BYTES) if arguments.data_dir is None else None
    with ExitStack() as stack:
        overrides = {}
        if arguments.use_testnet:
            overrides = stack.enter_context(open_testnet(texts, command_for(arguments.world))).overrides
        folder = arguments.data_dir or stack.enter_context(_own_folder(arguments))
        overrides = {"language": texts.language, **arguments.network.over(overrides)}
        settings = scan_settings(overrides, folder, texts, password)
        address = _served_at(overrides) if arguments.data_dir is None else ""
        if address and not arguments.use_testnet:  # a service does not reach the test internet
            sys.stderr.write(f"{texts('cli.scan_elsewhere', url=_page_of(address, arguments))}\n")
        try:
            code = _run(arguments, settings, texts)
        except InUse as error:
            if not error.address:
                raise
            url = _page_of(error.address, arguments)
            raise ConfigurationError(texts("cli.scan_served", path=error.path, url=url)) from error
        if arguments.keep or arguments.data_dir is not None:
            sys.stderr.write(f"\n{describe_folder(folder, texts, password, is_port_free=not address)}")
    return code


def _served_at(overrides: Mapping[str, Any]) -> str:
    """Return where the page of a service is that runs with the deployment's data folder; "" when none does. Its
    database is not the scan's: what is set for it is not checked.
    """
    return page_address(load_settings(**{**overrides, "database_url": "", "redis_url": ""}).data_dir)


def _page_of(address: str, arguments: ScanArguments) -> str:
    """Return where the page asks whether to scan the domain; of several, where its scans are."""
    target = f"/?target={quote(clean(arguments.targets[0]), safe='')}" if len(arguments.targets) == 1 else "/#/scans"
    return clean(address.rstrip("/")) + target


def _run(arguments: ScanArguments, settings: Settings, texts: MessageCatalog) -> int:
    configure_logging(settings.log_level, settings.log_format, stream=cast("TextIO", CurrentStderr()))
    if arguments.every_hours is not None:
        return _repeat(arguments, settings, texts, arguments.every_hours)
    if len(arguments.targets) > 1:
        return _run_order(arguments, settings, texts)
    display = choose_display(Console(stderr=True, highlight=False), texts)
    try:
        result, asked = asyncio.run(_scan(arguments, settings, display, texts))
    except asyncio.CancelledError:  # the second Ctrl-C
        return exit_codes.STOPPED
    judged = None if arguments.gate is None else arguments.gate.judge(result.report)
    report = result.report if judged is None else judged.extend(result.report)
    print_result(replace(result, report=report), texts, as_json=arguments.as_json)
    _say_left_out(arguments.gate, judged, texts)
    code = exit_codes.of_report(report, None if judged is None else judged.counted)
    return exit_codes.STOPPED if asked and code == exit_codes.MISUSED else code


def _repeat(arguments: ScanArguments, settings: Settings, texts: MessageCatalog, every_hours: int) -> int:
    async def work() -> None:
        async with _running(settings, texts) as (services, interrupts):
            repeated = RepeatedScans(
                services=services,
                principal=await in_process.local_admin(services, texts),
                texts=texts,
                targets=arguments.targets,
                options=arguments.options,
                every_hours=every_hours,
                as_json=arguments.as_json,
            )
            await repeated.run(interrupts)

    with suppress(asyncio.CancelledError):  # the second Ctrl-C
        asyncio.run(work())
    return exit_codes.STOPPED


def _run_order(arguments: ScanArguments, settings: Settings, texts: MessageCatalog) -> int:
    try:
        report, asked = asyncio.run(_scan_order(arguments, settings, texts))
    except asyncio.CancelledError:  # the second Ctrl-C
        return exit_codes.STOPPED
    judged = None if arguments.gate is None else arguments.gate.judge(report)
    report = report if judged is None else judged.extend(report)
    scan_order.print_order(report, texts, as_json=arguments.as_json)
    _say_left_out(arguments.gate, judged, texts)
    return scan_order.exit_code_of(report, asked=asked, counted=None if judged is None else judged.counted)


def _say_left_out(gate: Gate | None, judged: Judgement | None, texts: MessageCatalog) -> None:
    if gate is not None and judged is not None:
        sys.stderr.writelines(f"{line}\n" for line in judged.lines(texts, gate.fail_on))


async def _scan_order(
    arguments: ScanArguments, settings: Settings, texts: MessageCatalog
) -> tuple[Mapping[str, Any], bool]:
    """Return the report over all, and whether somebody asked us to stop."""
    async with _running(settings, texts) as (services, interrupts):
        report = await scan_order.scan_many(
            services, arguments.targets, arguments.options, texts, interrupts, arguments.output
        )
    return report, interrupts.asked.is_set()


def _own_folder(arguments: ScanArguments) -> AbstractContextManager[Path]:
    first, *others = arguments.targets
    name = f"{first}-and-{len(others)}" if others else first
    return kept_folder(name, datetime.now(UTC)) if arguments.keep else private_folder()


def scan_settings(overrides: Mapping[str, Any], folder: Path, texts: MessageCatalog, password: str | None) -> Settings:
    """Return the environment's settings with those of a scan on top. Raises ConfigurationError.

    `password`: of the first administrator of a folder that is the scan's own; None: a folder that was named.
    """
    from os import environ

    values: dict[str, Any] = {**overrides, "data_dir": folder}
    if "COMPLIANCE_LOG_LEVEL" not in environ:
        values["log_level"] = "WARNING"
    if password is not None:
        values |= {"database_url": f"sqlite:///{folder / 'compliance.db'}", "redis_url": ""}
        values["admin_password"] = SecretStr(password)
    settings = load_settings(**values)
    if not settings.embedded:
        raise ConfigurationError(texts("cli.scan_database"))
    return settings


def print_result(result: ScanResult, texts: MessageCatalog, *, as_json: bool) -> None:
    """Write the report to standard output, where nothing else is written."""
    if as_json:
        sys.stdout.write(json.dumps(result.report, ensure_ascii=False, indent=2) + "\n")
        sys.stdout.flush()
        return
    from app.cli.display.report import print_report

    console = Console(highlight=False)
    print_report(result, console if console.is_terminal else Console(highlight=False, width=PLAIN_WIDTH), texts)


async def _scan(
    arguments: ScanArguments, settings: Settings, display: Display, texts: MessageCatalog
) -> tuple[ScanResult, bool]:
    """Return the result, and whether somebody asked us to stop."""
    async with _running(settings, texts) as (services, interrupts):
        result = await scan_through(services, arguments.targets[0], arguments.options, display, texts, interrupts)
        if arguments.output is not None:
            await save_report(services, result.report["task"]["id"], arguments.output, texts.language)
    return result, interrupts.asked.is_set()


@asynccontextmanager
async def _running(settings: Settings, texts: MessageCatalog) -> AsyncIterator[tuple[Services, Interrupts]]:
    """Services for the time of the block, and what catches the signals meanwhile."""
    interrupts = Interrupts()
    services = build_services(settings)
    with interrupts.caught():
        generated = await services.start()
        try:
            if generated is not None:
                sys.stderr.write(f"{texts('cli.first_use', folder=settings.data_dir, password=generated)}\n")
            yield services, interrupts
        finally:
            await services.stop()


async def scan_through(
    services: Services,
    target: str,
    options: ScanOptions,
    display: Display,
    texts: MessageCatalog,
    interrupts: Interrupts | None = None,
) -> ScanResult:
    """Create the task, show it until its end, and give its result. An interrupt cancels it."""
    principal = await in_process.local_admin(services, texts)
    task = await services.scans.create(principal, target, options)
    view = TaskView(task["id"], task["target_domain"])
    with display:
        async with asyncio.TaskGroup() as group:
            watching = None
            if interrupts is not None:
                watching = group.create_task(_cancel_when_asked(services, principal, view, display, texts, interrupts))
            await show_until_end(in_process.follow(services, view.task_id), view, display)
            if watching is not None:
                watching.cancel()
    return await in_process.result_of(services, principal, view.task_id, texts.language)


async def _cancel_when_asked(
    services: Services,
    principal: Principal,
    view: TaskView,
    display: Display,
    texts: MessageCatalog,
    interrupts: Interrupts,
) -> None:
    await interrupts.asked.wait()
    display.say(texts("cancel_hint"))
    while True:
        try:
            await services.scans.cancel(principal, view.task_id)
        except Conflict:
            return  # it has ended meanwhile
        except Unavailable:
            await asyncio.sleep(in_process.SWEEP_S)
        else:
            return
