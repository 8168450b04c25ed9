"""`compliance serve`: the service in the foreground, until it is told to end."""

from contextlib import ExitStack
from functools import partial
from pathlib import Path

from app.cli import exit_codes
from app.cli.language import Reader
from app.cli.testnet import open_testnet
from app.core.config import load_settings
from app.core.heap import loading


def run_serve(*, host: str | None, port: int | None, data_dir: Path | None, use_testnet: bool, reader: Reader) -> int:
    """Serve until the end. Raises ConfigurationError: the port or the folder is taken, or a setting is wrong."""
    with loading():
        from app.factory import announce_password
        from app.server import run_server

    with ExitStack() as stack:
        overrides = stack.enter_context(open_testnet(reader.texts)).overrides if use_testnet else {}
        settings = load_settings(**overrides, host=host, port=port, data_dir=data_dir, language=reader.asked)
        run_server(settings, announce=partial(announce_password, language=reader.language))
    return exit_codes.CLEAN
