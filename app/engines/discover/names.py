"""The one validator that every name from outside passes: certificate logs, pages, dictionaries."""

from typing import Final

from ada_url import HostType, parse_url

from app.engines.scope import Scope

_MAX_NAME: Final = 253  # RFC 1035, 2.3.4, as text
_MAX_LABEL: Final = 63
_CHARACTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")


def valid_name(raw: str, scope: Scope) -> str | None:
    """The in-scope host name that `raw` stands for (lower case A-labels), or None.

    `*.a.test` stands for `a.test`: the certificate says that the zone exists. Names with an underscore exist in the
    DNS, but no browser goes there.
    """
    text = raw.strip().lower().removeprefix("*.").rstrip(".")
    if not text or len(text) > _MAX_NAME:
        return None
    name = text if text.isascii() else _to_ascii(text)
    if name is None or not scope.contains(name):
        return None
    return name if all(_is_label(label) for label in name.split(".")) else None


def _to_ascii(text: str) -> str | None:
    try:
        parts = parse_url(f"http://{text}/", ("hostname", "host_type", "pathname", "username"))
    except ValueError:
        return None
    is_plain = parts["host_type"] == HostType.DEFAULT and parts["pathname"] == "/" and not parts["username"]
    return parts["hostname"].rstrip(".") if is_plain else None


def _is_label(label: str) -> bool:
    return 0 < len(label) <= _MAX_LABEL and _CHARACTERS.issuperset(label) and label[0] != "-" and label[-1] != "-"
