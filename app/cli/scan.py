"""`compliance scan`: one scan in this process and its scan process, without a server."""

import asyncio
import json
import secrets
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO, cast

from pydantic import SecretStr
from rich.console import Console

from app.cli import exits, house
from app.cli.display.progress import Display, choose_display, show_until_end
from app.cli.display.stream import CurrentStderr
from app.cli.interrupts import Interrupts
from app.cli.neighbour import hold_neighbour
from app.cli.network import NetworkOptions
from app.cli.texts import Labels, language_of
from app.client.taskview import TaskView
from app.core.config import Settings, load_settings
from app.core.errors import ConfigurationError, Conflict, Unavailable
from app.core.logging import configure_logging
from app.services.scans import Actor
from app.wiring import Services, build_services

PLAIN_WIDTH = 140  # of the report where there is no terminal to ask


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOrder:
    """What was asked for. `config` holds fields of `schemas.tasks.ScanOptions`."""

    target: str
    config: Mapping[str, Any] = field(default_factory=dict)
    network: NetworkOptions = field(default_factory=NetworkOptions)
    use_neighbour: bool = False
    as_json: bool = False
    data_dir: Path | None = None  # None: a private one, removed afterwards


def run_scan(order: ScanOrder) -> int:
    """The exit code. Raises ConfigurationError, InvalidInput, Forbidden, Unavailable."""
    with ExitStack() as stack:
        overrides = stack.enter_context(hold_neighbour()).overrides if order.use_neighbour else {}
        folder = order.data_dir or stack.enter_context(private_folder())
        settings = scan_settings(order.network.over(overrides), folder, private=order.data_dir is None)
        configure_logging(settings.log_level, stream=cast("TextIO", CurrentStderr()))
        labels = Labels(settings.language)
        display = choose_display(Console(stderr=True, highlight=False), labels)
        try:
            report, asked = asyncio.run(_scan(order, settings, display, labels))
        except asyncio.CancelledError:  # the second Ctrl-C
            return exits.STOPPED
    print_result(report, labels, as_json=order.as_json)
    code = exits.of_report(report)
    return exits.STOPPED if asked and code == exits.MISUSED else code


@contextmanager
def private_folder() -> Iterator[Path]:
    """Only we can read it, and nothing of it stays. What a scan process still holds open is no reason to fail."""
    with tempfile.TemporaryDirectory(prefix="compliance-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def scan_settings(overrides: Mapping[str, Any], folder: Path, *, private: bool) -> Settings:
    """Settings of the environment with those of a scan on top. Raises ConfigurationError."""
    from os import environ

    values: dict[str, Any] = {"language": language_of(), **overrides, "data_dir": folder}
    if "COMPLIANCE_LOG_LEVEL" not in environ:
        values["log_level"] = "WARNING"
    if private:
        values["database_url"] = f"sqlite:///{folder / 'compliance.db'}"
        values["admin_password"] = SecretStr(secrets.token_urlsafe())
    settings = load_settings(**values)
    if not settings.embedded:
        raise ConfigurationError("`compliance scan` works on a data folder; unset COMPLIANCE_DATABASE_URL.")
    return settings


def print_result(report: Mapping[str, Any], labels: Labels, *, as_json: bool) -> None:
    """On standard output, and nothing else is."""
    if as_json:
        sys.stdout.write(json.dumps(report, ensure_ascii=False, indent=2) + "\n")
        sys.stdout.flush()
        return
    from app.cli.display.report import print_report

    console = Console(highlight=False)
    print_report(report, console if console.is_terminal else Console(highlight=False, width=PLAIN_WIDTH), labels)


async def _scan(
    order: ScanOrder, settings: Settings, display: Display, labels: Labels
) -> tuple[Mapping[str, Any], bool]:
    """The report, and whether somebody asked us to stop."""
    interrupts = Interrupts()
    services = build_services(settings)
    with interrupts.caught():
        generated = await services.start()
        try:
            if generated is not None:
                sys.stderr.write(f"First use of {settings.data_dir}: its admin has the password {generated}\n")
            report = await scan_through(services, order.target, order.config, display, labels, interrupts)
        finally:
            await services.stop()
    return report, interrupts.asked.is_set()


async def scan_through(
    services: Services,
    target: str,
    config: Mapping[str, Any],
    display: Display,
    labels: Labels,
    interrupts: Interrupts | None = None,
) -> Mapping[str, Any]:
    """Create the task, show it until its end, and give its report. An interrupt cancels it."""
    actor = await house.local_admin(services)
    task = await services.scans.create(actor, target, config)
    view = TaskView(task["id"], task["target_domain"])
    with display:
        async with asyncio.TaskGroup() as group:
            watching = None
            if interrupts is not None:
                watching = group.create_task(_cancel_when_asked(services, actor, view, display, labels, interrupts))
            await show_until_end(house.follow(services, view.task_id), view, display)
            if watching is not None:
                watching.cancel()
    return await services.reports.report(actor.viewer, view.task_id)


async def _cancel_when_asked(
    services: Services, actor: Actor, view: TaskView, display: Display, labels: Labels, interrupts: Interrupts
) -> None:
    await interrupts.asked.wait()
    display.say(labels("cancel_hint"))
    while True:
        try:
            await services.scans.cancel(actor, view.task_id)
        except Conflict:
            return  # it has ended meanwhile
        except Unavailable:
            await asyncio.sleep(house.SWEEP_S)
        else:
            return
