"""Names that anyone can take over at a cloud service, as evidence has them."""

from typing import Final

AT_SERVICE: Final = ("takeover.answer", "takeover.gone")  # what rules begin with that are about a name at a service
_POINTS_TO: Final = " \N{RIGHTWARDS ARROW} "


def takeover_snippet(host: str, name: str) -> str:
    """Return the snippet of the evidence: the host, and the name at the service that it is an alias of."""
    return host if name == host else f"{host}{_POINTS_TO}{name}"


def affected_host(snippet: str) -> str:
    """Return the host that can be taken over: not the service's name behind it."""
    return snippet.partition(_POINTS_TO)[0]
