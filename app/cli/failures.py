"""Errors as one line for people."""

from app.client.errors import ClientError
from app.core.errors import ScannerError


def describe(error: BaseException) -> str:
    """The message of one of our own errors, also from inside a group; else what kind of error it was."""
    known = _find_known(error)
    if known is not None:
        return known.message
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    text = str(error).strip().partition("\n")[0]
    kind = type(error).__name__
    return f"{kind}: {text} (COMPLIANCE_LOG_LEVEL=DEBUG shows more)" if text else kind


def _find_known(error: BaseException) -> ScannerError | ClientError | None:
    if isinstance(error, ScannerError | ClientError):
        return error
    if not isinstance(error, BaseExceptionGroup):
        return None
    found = (_find_known(inner) for inner in error.exceptions)
    return next((known for known in found if known is not None), None)
