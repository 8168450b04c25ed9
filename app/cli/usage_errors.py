"""What is wrong with the words of a command, in the reader's language. The library says it in English alone."""

from collections.abc import Sequence
from typing import Any, Final

from typer._click.exceptions import (  # the only place where they can be had
    BadOptionUsage,
    BadParameter,
    ClickException,
    MissingParameter,
    NoArgsIsHelpError,
    NoSuchOption,
    UsageError,
)

from app.cli.help import NoSuchCommand, usage_line
from app.cli.misused import Misused
from app.cli.reader_action import ReaderAction
from app.cli.terminal import clean
from app.domain.messages import MessageCatalog

MISPLACED: Final = "Got unexpected extra argument(s)"  # how the library begins that message


# Words whose choices would not fit into the usage line.
_CHOICES: Final = {"ACTION": [action.value for action in ReaderAction]}


def describe_misuse(error: ClickException, texts: MessageCatalog) -> str:
    """Return usage and what is wrong, as lines for standard error."""
    if isinstance(error, NoArgsIsHelpError):
        return f"{error.message}\n"
    context = getattr(error, "ctx", None)
    usage = "" if context is None else f"{usage_line(context, texts)}\n"
    path = "compliance" if context is None else context.command_path
    return f"{usage}{clean(_sentence(error, texts))}\n{texts('usage.hint', command=path)}\n"


def _sentence(error: ClickException, texts: MessageCatalog) -> str:
    said: str
    match error:
        case Misused():
            said = texts(f"usage.{error.key}", **error.values)
        case MissingParameter():
            return texts("usage.missing", name=_name_of(error.param))
        case BadParameter():
            said = _expected(error, texts)
        case NoSuchOption():
            return _no_such("option", error.option_name, error.possibilities or (), texts)
        case BadOptionUsage():
            return texts("usage.option_value", name=error.option_name)
        case NoSuchCommand():
            return _no_such("command", error.name, error.possibilities, texts)
        case UsageError() if error.message.startswith(MISPLACED):
            return texts("usage.too_many", words=error.message.removeprefix(MISPLACED).strip(" ()"))
        case _:
            return error.format_message()
    name = _name_of(getattr(error, "param", None))
    return texts("usage.bad_value", name=name, reason=said) if name else said


def _expected(error: BadParameter, texts: MessageCatalog) -> str:
    """Say what the parameter takes: why the value is none, the library says in English alone."""
    param: Any = error.param
    if getattr(param, "min", None) is not None:
        return texts("usage.number", least=param.min, most=param.max)
    if param.metavar in _CHOICES:
        return texts("usage.choice", names=" / ".join(_CHOICES[param.metavar]))
    return texts("usage.choice" if "|" in param.metavar else "usage.file", names=param.metavar.replace("|", " / "))


def _no_such(what: str, name: str, possibilities: Sequence[str], texts: MessageCatalog) -> str:
    said = texts(f"usage.no_such_{what}", name=name)
    if not possibilities:
        return said
    return texts("usage.did_you_mean", said=said, names=texts.join_terms(sorted(possibilities)))


def _name_of(param: Any) -> str:
    if param is None:
        return ""
    return str(param.metavar) if param.param_type_name == "argument" else str(max(param.opts, key=len))
