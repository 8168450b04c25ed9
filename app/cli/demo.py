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

from app.cli import exits
from app.cli.display.progress import choose_display
from app.cli.display.report import print_report
from app.cli.display.stream import CurrentStderr
from app.cli.neighbour import Neighbour, hold_neighbour
from app.cli.scan import private_folder, scan_through
from app.cli.texts import Labels, language_of
from app.core.config import Settings, load_settings
from app.core.logging import configure_logging
from app.server import Serving, run_server
from app.services.auth import FIRST_ADMIN

PASSWORD_BYTES: Final = 6  # for a server on this machine that lives as long as one looks at it


def run_demo(*, once: bool, host: str | None, port: int | None) -> int:
    """The exit code: of the scan with `once`, else 0 when it was ended. Raises ConfigurationError."""
    with hold_neighbour() as neighbour, private_folder() as folder:
        password = secrets.token_hex(PASSWORD_BYTES)
        settings = _settings(neighbour, folder, password, host, port)
        labels = Labels(settings.language)
        demo = Demo(neighbour.demo_target, password, Console(highlight=False), labels, once=once)
        if port is None and settings.port != 0 and is_taken(settings.host, settings.port):
            demo.console.print(labels("port_taken", port=settings.port), style="yellow")
            settings = _settings(neighbour, folder, password, host, 0)
        run_server(settings, beside=demo.run)
    return demo.code


def is_taken(host: str, port: int) -> bool:
    """Whether something else has the port. The answer may be old by the time it is used: then the server says so."""
    with closing(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def _settings(neighbour: Neighbour, folder: Path, password: str, host: str | None, port: int | None) -> Settings:
    values: dict[str, Any] = {
        **neighbour.overrides,
        "language": language_of(),
        "data_dir": folder,
        "database_url": f"sqlite:///{folder / 'compliance.db'}",
        "admin_password": SecretStr(password),
        "host": host,
        "port": port,
    }
    if "COMPLIANCE_LOG_LEVEL" not in os.environ:
        values["log_level"] = "WARNING"
    return load_settings(**values)


class Demo:
    """What runs beside the server. `code` is meaningful when it has ended."""

    def __init__(self, target: str, password: str, console: Console, labels: Labels, *, once: bool) -> None:
        self.console = console
        self.code = exits.STOPPED if once else exits.CLEAN
        self._target = target
        self._password = password
        self._labels = labels
        self._once = once

    async def run(self, serving: Serving) -> None:
        """Greets, scans, shows the report, and stays until the server ends (or not, with `once`)."""
        configure_logging(serving.services.settings.log_level, stream=cast("TextIO", CurrentStderr()))
        self._greet(serving.url)
        display = choose_display(self.console, self._labels)
        report = await scan_through(serving.services, self._target, {}, display, self._labels)
        self.console.print()
        print_report(report, self.console, self._labels)
        self.console.print()
        if self._once:
            self.code = code_of(report)
            return
        self._say_that_it_stays(serving.url)
        await asyncio.Event().wait()

    def _greet(self, url: str) -> None:
        grid = Table.grid(padding=(0, 2))
        for name, value in (("page", url), ("user", FIRST_ADMIN), ("password", self._password)):
            grid.add_row(Text(self._labels(f"demo_{name}"), style="dim"), Text(value, style="bold green"))
        title = Text(self._labels("demo_title"), style="bold")
        self.console.print(Panel(grid, title=title, title_align="left", expand=False, padding=(1, 2)))
        self.console.print(self._labels("demo_scan", target=self._target))
        self.console.print()

    def _say_that_it_stays(self, url: str) -> None:
        said = self._labels("demo_stays", url=url, user=FIRST_ADMIN, password=self._password)
        self.console.print(Text(said, style="bold green"))


def code_of(report: Mapping[str, Any]) -> int:
    """A demo that found what is there to be found has succeeded."""
    return exits.CLEAN if report["task"]["status"] == "completed" else exits.MISUSED
