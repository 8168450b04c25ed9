"""The command line as it is: every command with its options and arguments."""

from typing import Any

from typer.main import get_command

from app.cli.commands import app
from app.cli.language import OPTION
from app.domain.messages import MessageCatalog


def _group() -> Any:
    return get_command(app)


def command_tree() -> dict[str, set[str]]:
    """By command; arguments by the word that stands for them in the help."""
    return {name: _spellings(command) for name, command in _group().commands.items()}


def common_options() -> set[str]:
    """Those that stand before the command."""
    return _spellings(_group()) | {OPTION}


def help_of(command: str) -> str:
    """The help of a command in one line."""
    return " ".join(MessageCatalog("en")(f"help.{command}").split())


def _spellings(command: Any) -> set[str]:
    arguments = {p.metavar or p.name.upper() for p in command.params if p.param_type_name == "argument"}
    options = {text for p in command.params for text in p.opts if text.startswith("--")}
    return arguments | (options - {"--help"})
