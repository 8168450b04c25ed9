"""Why a connection to the server was lost or refused, in words: the texts `lost.<key>`."""

from app.domain.messages import MessageCatalog, Text

_HTTP = "http_"


def describe_loss(reason: str, texts: MessageCatalog) -> Text:
    """Return the words for a key of `app.client` (`Waiting.reason`, `ClientError.code`); else the key itself."""
    key = f"lost.{reason}"
    if key in texts:
        return texts(key)
    if reason.startswith(_HTTP):
        return texts("lost.http", status=reason.removeprefix(_HTTP))
    return texts("lost.unknown", code=reason)
