"""Which page a browser sends something from."""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers


def origin_is_allowed(headers: Headers, others: Collection[str] = ()) -> bool:
    """Whether the one `Origin` is that of the address asked for, or one of `others`. False without one.

    The scheme is not compared: behind a proxy that ends TLS and is not trusted, it is not known.
    """
    origins = headers.getlist("origin")
    if len(origins) != 1:
        return False
    if origins[0] in others:
        return True
    host = headers.get("host", "")
    return bool(host) and urlsplit(origins[0]).netloc.lower() == host.lower()
