"""What people read in an error of the socket, in the connection's language: the texts `frame.<key>`. No I/O."""

from app.domain.messages import Language, MessageCatalog, Text
from app.websocket.messages.codes import ErrorCode
from app.websocket.messages.frames import ResultError


def say(key: str, language: Language, **values: object) -> Text:
    return MessageCatalog(language)(f"frame.{key}", **values)


def result_error(code: ErrorCode, language: Language) -> ResultError:
    """Return the error of a result, with the text of its code."""
    return ResultError(code=code, message=say(code, language))
