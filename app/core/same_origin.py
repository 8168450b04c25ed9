"""Which page a browser sends something from."""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers


def origin_is_allowed(headers: Headers, others: Collection[str] = ()) -> bool:
    """Return whether the single `Origin` is that of the requested URL, or one of `others`. False without one.

    The scheme is not compared: behind a proxy that ends TLS and is not trusted, it is not known.
    """
    origins = headers.getlist("origin")
    if len(origins) != 1:
        return False
    if origins[0] in others:
        return True
    host = headers.get("host", "")
    return bool(host) and _place_of(origins[0]) == host.lower()


def _place_of(origin: str) -> str | None:
    """Return host and port; None for what is no address, for anybody may send anything."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None
