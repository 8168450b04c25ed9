"""Help in the reader's language: the words come from the catalogue, by the names of commands and their parameters.

`help.COMMAND` says what a command does, its first paragraph in the list of commands; `help.COMMAND.PARAMETER`, else
`help.option.PARAMETER`, what a parameter means.
"""

import shutil
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any, Final

from rich.cells import cell_len
from typer._click.exceptions import UsageError  # the only place where it can be had
from typer.core import TyperArgument, TyperCommand, TyperGroup

from app.cli.display.wrapping import pad, wrap
from app.cli.language import OPTION
from app.domain.messages import Language, MessageCatalog

MAX_WIDTH: Final = 100  # columns
MAX_TERM: Final = 30  # columns of the names of options; a longer one has its text below
INDENT: Final = 2
PARAGRAPH: Final = "\n\n"
Row = tuple[str, str]  # a name, and what it means


class NoSuchCommand(UsageError):
    """There is no command of that name; `possibilities` are written alike."""

    def __init__(self, name: str, possibilities: Sequence[str], context: Any) -> None:
        super().__init__(name, context)
        self.name = name
        self.possibilities = possibilities


class Command(TyperCommand):
    """A command whose help is of the catalogue that its context holds."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        formatter.write(render_help(self, ctx, ctx.find_root().obj.texts))


class Group(TyperGroup):
    """The same for the command that holds all others."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        formatter.write(render_help(self, ctx, ctx.find_root().obj.texts))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command. Raises NoSuchCommand."""
        found = super().get_command(ctx, cmd_name)
        if found is None and not cmd_name.startswith("-"):
            raise NoSuchCommand(cmd_name, get_close_matches(cmd_name, self.commands), ctx)
        return found


def render_help(command: Any, context: Any, texts: MessageCatalog) -> str:
    """Return usage, description, arguments, options and commands."""
    width = min(MAX_WIDTH, context.terminal_width or shutil.get_terminal_size().columns)
    lines = [usage_line(context, texts), ""]
    for paragraph in texts(_key_of(command)).split(PARAGRAPH):
        lines += [*_indented(wrap(paragraph, width - INDENT)), ""]
    for title, rows in _sections(command, context, texts):
        lines += [texts(title), *_table(rows, width), ""]
    if isinstance(command, TyperGroup):
        lines += wrap(texts("help.epilogue"), width)
    return "\n".join(lines).rstrip() + "\n"


def usage_line(context: Any, texts: MessageCatalog) -> str:
    words = [texts("help.options_word"), *_arguments_of(context.command)]
    if isinstance(context.command, TyperGroup):
        words.append(texts("help.command_word"))
    return texts("help.usage", command=context.command_path, words=" ".join(words))


def text_of(command: Any, name: str, texts: MessageCatalog) -> str:
    """Return what a parameter means: to this command, else to all."""
    own = f"{_key_of(command)}.{name}"
    return texts(own if own in texts else f"help.option.{name}")


def _key_of(command: Any) -> str:
    return "help" if isinstance(command, TyperGroup) else f"help.{command.name}"


def _arguments_of(command: Any) -> list[str]:
    return [param.metavar or param.name.upper() for param in command.params if isinstance(param, TyperArgument)]


def _sections(command: Any, context: Any, texts: MessageCatalog) -> Iterator[tuple[str, Sequence[Row]]]:
    arguments = [param for param in command.params if isinstance(param, TyperArgument)]
    if arguments:
        yield "help.arguments", [(str(param.metavar), text_of(command, param.name, texts)) for param in arguments]
    options = [param for param in command.get_params(context) if not isinstance(param, TyperArgument)]
    yield "help.options", [*(_option_row(command, param, texts) for param in options), _language_row(texts)]
    if isinstance(command, TyperGroup):
        rows = [(name, texts(_key_of(one)).split(PARAGRAPH)[0]) for name, one in command.commands.items()]
        yield "help.commands", rows


def _option_row(command: Any, param: Any, texts: MessageCatalog) -> Row:
    names = ", ".join(sorted(param.opts, key=len))
    if not param.is_flag:
        names += f" {param.metavar}"
    notes = []
    if param.min is not None and param.max is not None:
        notes.append(texts("help.range", least=param.min, most=param.max))
    if isinstance(param.default, str | int) and not param.is_flag:
        notes.append(texts("help.default", value=param.default))
    if param.multiple:
        notes.append(texts("help.repeated"))
    said = text_of(command, param.name, texts)
    return names, f"{said} [{texts.join_clauses(notes)}]" if notes else said


def _language_row(texts: MessageCatalog) -> Row:
    return f"{OPTION} {'|'.join(Language)}", texts("help.option.lang")


def _table(rows: Sequence[Row], width: int) -> Iterator[str]:
    term = min(MAX_TERM, max(cell_len(name) for name, _ in rows))
    hang = INDENT + term + 2
    for name, said in rows:
        lines = wrap(said, width - hang)
        if cell_len(name) > term:
            yield " " * INDENT + name
        else:
            yield " " * INDENT + pad(name, term) + "  " + lines.pop(0)
        yield from (" " * hang + line for line in lines)


def _indented(lines: Sequence[str]) -> list[str]:
    return [" " * INDENT + line for line in lines]
