"""`compliance demo`: the test internet, a server, its page and one live scan, with nothing to set up."""

import asyncio
import os
import secrets
import socket
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final, TextIO, cast

from pydantic import SecretStr
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from app.api.built_page import is_built
from app.cli import exit_codes
from app.cli.display.base import CurrentStderr, choose_display
from app.cli.display.report import print_report
from app.cli.scan import scan_through
from app.cli.scan_folder import private_folder
from app.cli.testnet import RunningTestnet, open_testnet
from app.core.config import Settings, load_settings
from app.core.logging import configure_logging
from app.domain.messages import Language, MessageCatalog
from app.domain.scan_options import DEFAULTS
from app.factory import BUILT
from app.identity.auth import FIRST_ADMIN
from app.identity.demo_visitor import DemoVisitor
from app.server import Serving, run_server

PASSWORD_BYTES: Final = 6  # for a server on this machine that lives as long as one looks at it


def run_demo(texts: MessageCatalog, *, once: bool, host: str | None, port: int | None) -> int:
    """Return the exit code: the scan's with `once`, else 0 when it was ended. Raises ConfigurationError."""
    with open_testnet(texts) as testnet, private_folder() as folder:
        password = secrets.token_hex(PASSWORD_BYTES)
        settings = _settings(testnet, folder, password, host, port, texts.language)
        demo = Demo(testnet.demo_target, password, Console(highlight=False), texts, once=once)
        if port is None and settings.port != 0 and is_taken(settings.host, settings.port):
            demo.console.print(texts("port_taken", port=settings.port), style="yellow")
            settings = _settings(testnet, folder, password, host, 0, texts.language)
        run_server(settings, beside=demo.run)
    return demo.code


def is_taken(host: str, port: int) -> bool:
    """Tell whether something else has the port. It may change before the server starts, which then says so."""
    with closing(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def _settings(
    testnet: RunningTestnet, folder: Path, password: str, host: str | None, port: int | None, language: Language
) -> Settings:
    values: dict[str, Any] = {
        **testnet.overrides,
        "language": language,
        "data_dir": folder,
        "database_url": f"sqlite:///{folder / 'compliance.db'}",
        "redis_url": "",
        "admin_password": SecretStr(password),
        "host": host,
        "port": port,
    }
    if "COMPLIANCE_LOG_LEVEL" not in os.environ:
        values["log_level"] = "WARNING"
    return load_settings(**values)


class Demo:
    """What runs beside the server. `code` is meaningful when it has ended."""

    def __init__(self, target: str, password: str, console: Console, texts: MessageCatalog, *, once: bool) -> None:
        self.console = console
        self.code = exit_codes.STOPPED if once else exit_codes.CLEAN
        self._target = target
        self._password = password
        self._texts = texts
        self._once = once

    async def run(self, serving: Serving) -> None:
        """Say where the page is, scan, show the report, and stay until the server ends (or not, with `once`)."""
        serving.services.visitor = DemoVisitor(username=FIRST_ADMIN, password=self._password)
        settings = serving.services.settings
        configure_logging(settings.log_level, settings.log_format, stream=cast("TextIO", CurrentStderr()))
        self._introduce(serving.url)
        display = choose_display(self.console, self._texts)
        result = await scan_through(serving.services, self._target, DEFAULTS, display, self._texts)
        self.console.print()
        print_report(result, self.console, self._texts)
        self.console.print()
        if self._once:
            self.code = code_of(result.report)
            return
        self._say_that_it_stays(serving.url)
        await asyncio.Event().wait()

    def _introduce(self, url: str) -> None:
        grid = Table.grid(padding=(0, 2))
        for name, value in (("page", url), ("user", FIRST_ADMIN), ("password", self._password)):
            grid.add_row(Text(self._texts(f"demo_{name}"), style="dim"), Text(value, style="bold green"))
        title = Text(self._texts("demo_title"), style="bold")
        self.console.print(Panel(grid, title=title, title_align="left", expand=False, padding=(1, 2)))
        if not is_built(BUILT):
            self.console.print(self._texts("demo_unbuilt"), style="yellow")
        self.console.print(self._texts("demo_scan", target=self._target))
        self.console.print()

    def _say_that_it_stays(self, url: str) -> None:
        said = self._texts("demo_stays", url=url, user=FIRST_ADMIN, password=self._password)
        self.console.print(Text(said, style="bold green"))


def code_of(report: Mapping[str, Any]) -> int:
    """Return 0 for a scan that completed: a demo that found the violations has succeeded."""
    return exit_codes.CLEAN if report["task"]["status"] == "completed" else exit_codes.MISUSED
