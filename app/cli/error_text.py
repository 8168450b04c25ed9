"""Errors as one line for people."""

from typing import Final

from app.cli.lost_connection import describe_loss
from app.client.errors import ClientError, Stopped, TaskLost
from app.core.errors import ScannerError
from app.domain.messages import MessageCatalog, Text

_OURS: Final = {"unreachable", "not_json"}  # codes for which nothing came over the wire that could be read


def describe(error: BaseException, texts: MessageCatalog) -> str:
    """Return the message of one of our own errors, also from inside a group; else the kind of the error."""
    known = _find_known(error)
    if known is not None:
        return _of_client(known, texts) if isinstance(known, ClientError) else known.text_in(texts.language)
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    text = str(error).strip().partition("\n")[0]
    kind = type(error).__name__
    return texts("cli.unexpected", error=f"{kind}: {text}" if text else kind)


def _of_client(error: ClientError, texts: MessageCatalog) -> str:
    """Return in words what the client, which has no catalogue, says in English alone.

    Else it was said by the server, in the language that it was asked in, or by the command.
    """
    match error:
        case TaskLost():
            return texts("cli.task_lost", reason=describe_loss(error.code, texts))
        case Stopped():
            return texts("cli.stopped", reason=describe_loss(error.code, texts))
        case ClientError(message=Text() as said):
            return said
        case ClientError(code=code) if code in _OURS or code.startswith("http_"):
            return texts("cli.failed", reason=describe_loss(code, texts))
        case _:
            return error.message


def _find_known(error: BaseException) -> ScannerError | ClientError | None:
    if isinstance(error, ScannerError | ClientError):
        return error
    if not isinstance(error, BaseExceptionGroup):
        return None
    found = (_find_known(inner) for inner in error.exceptions)
    return next((known for known in found if known is not None), None)
