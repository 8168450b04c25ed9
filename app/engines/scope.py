"""What belongs to the target: reading the target's name, its registrable domain, and what lies below it."""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from ada_url import HostType, idna_to_unicode, parse_url
from tldextract import TLDExtract

_MAX_NAME: Final = 253  # RFC 1035, 2.3.4, as text
_MAX_LABEL: Final = 63
_MAX_INPUT: Final = 1_000  # characters that are looked at before anything is computed
_LOCAL_NAMES: Final = frozenset({"localhost", "local", "localdomain", "onion"})  # RFC 6761, 6762, 7686
_URL_MARKS: Final = ("/", "\\", "?", "#", "@", ":")
_LABEL_CHARACTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")


class InvalidTarget(ValueError):
    """The text names nothing that can be scanned. `code` is stable, `params` are the values in its text.

    Codes: target_empty, target_control_characters, target_is_url, target_ip_address, target_too_long,
    target_label_too_long, target_not_a_domain, target_local_name, target_public_suffix.
    """

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


@dataclass(frozen=True, slots=True)
class Target:
    """A name that can be scanned."""

    name: str  # A-labels, lower case, no trailing dot
    display: str  # the same in Unicode
    registrable: str  # registrable domain, A-labels; equal to `name` or above it


def parse_target(text: str) -> Target:
    """Reads what a person typed as the domain to scan; IDNs in either form.

    Raises:
        InvalidTarget: with the code that says why.
    """
    text = text.strip(" \u3000")
    _check_text(text)
    name = ascii_name(text)
    _check_name(name)
    return Target(name=name, display=display_name(name), registrable=registrable_domain(name))


def _check_text(text: str) -> None:
    if not text:
        raise InvalidTarget("target_empty")
    if any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for character in text[:_MAX_INPUT]):
        raise InvalidTarget("target_control_characters")
    if _looks_like_ipv6(text):
        raise InvalidTarget("target_ip_address")
    if any(mark in text for mark in _URL_MARKS):
        raise InvalidTarget("target_is_url", domain=display_name(_name_in_url(text)))
    if len(text) > _MAX_NAME + 1:
        raise InvalidTarget("target_too_long", limit=_MAX_NAME)


def domain_in_url(text: str) -> str | None:
    """The domain to scan in an address that a person typed in its place, for people; None: the text is no address, or
    nothing can be scanned there. One with a user name is not taken: what looks like its domain is none.
    """
    text = text.strip(" \u3000")
    try:
        _check_text(text)
    except InvalidTarget as error:
        return error.params["domain"] if error.code == "target_is_url" and "@" not in text else None
    return None


def _name_in_url(text: str) -> str:
    """The name of the host, as browsers read it, with or without scheme. Raises InvalidTarget when it is no target."""
    url = text if "://" in text else f"http:{text}" if text.startswith("//") else f"http://{text}"
    try:
        parts = parse_url(url, ("hostname", "host_type"))
    except ValueError as error:
        raise InvalidTarget("target_not_a_domain") from error
    if parts["host_type"] != HostType.DEFAULT:
        raise InvalidTarget("target_ip_address")
    name = parts["hostname"].lower().removesuffix(".")
    _check_name(name)
    return name


def _looks_like_ipv6(text: str) -> bool:
    literal = text if text.startswith("[") else f"[{text}]"
    return text.count(":") > 1 and _host_type(literal) == HostType.IPV6


def _host_type(host: str) -> HostType | None:
    try:
        return parse_url(f"http://{host}/", ("host_type",))["host_type"]
    except ValueError:
        return None


def ascii_name(text: str) -> str:
    """The name as a browser would look it up. Percent signs and spaces are refused, though browsers decode them.

    Raises InvalidTarget.
    """
    if "%" in text or any(character.isspace() for character in text):
        raise InvalidTarget("target_not_a_domain")
    try:
        parts = parse_url(f"http://{text}/", ("hostname", "host_type"))
    except ValueError as error:
        _check_lengths(text.lower())
        raise InvalidTarget("target_not_a_domain") from error
    if parts["host_type"] != HostType.DEFAULT:
        raise InvalidTarget("target_ip_address")
    return parts["hostname"].removesuffix(".")


def _check_lengths(name: str) -> None:
    if len(name) > _MAX_NAME:
        raise InvalidTarget("target_too_long", limit=_MAX_NAME)
    if any(len(label) > _MAX_LABEL for label in name.split(".")):
        raise InvalidTarget("target_label_too_long", limit=_MAX_LABEL)


def _check_name(name: str) -> None:
    _check_lengths(name)
    labels = name.split(".")
    if not all(_is_label(label) for label in labels):
        raise InvalidTarget("target_not_a_domain")
    if _is_public_suffix(name):
        raise InvalidTarget("target_public_suffix")
    if len(labels) == 1 or labels[-1] in _LOCAL_NAMES:
        raise InvalidTarget("target_local_name")


def _is_label(label: str) -> bool:
    if not label or not _LABEL_CHARACTERS.issuperset(label) or label[0] == "-" or label[-1] == "-":
        return False
    return not label.startswith("xn--") or idna_to_unicode(label) not in {"", label}  # an A-label must decode


def display_name(host: str) -> str:
    """A host name for people: A-labels as Unicode. The same text when there is nothing to decode."""
    if "xn--" not in host:
        return host
    return idna_to_unicode(host) or host


@lru_cache(maxsize=1)
def _extractor() -> TLDExtract:
    """The bundled public suffix list with its private section: no network, no cache folder."""
    return TLDExtract(cache_dir=None, suffix_list_urls=(), include_psl_private_domains=True)


@lru_cache(maxsize=65_536)  # hosts of one scan; some 200 bytes each
def registrable_domain(host: str) -> str:
    """The name that somebody registered: one label more than the public suffix (private section included).

    An IP literal and a bare suffix come back as they are; below an unknown top-level domain it is the last two labels.
    """
    host = host.rstrip(".").lower().strip("[]")
    if ":" in host or "." not in host or host.rpartition(".")[2].isdigit():
        return host
    parts = _extractor().extract_str(host)
    if not parts.suffix:
        return ".".join(host.split(".")[-2:])
    return f"{parts.domain}.{parts.suffix}" if parts.domain else host


def registered_domain(host: str) -> str | None:
    """The name that a registry knows: without the private section of the list. None: there is no such name."""
    name = registrable_domain(host)
    if "." not in name or ":" in name or name.rpartition(".")[2].isdigit():
        return None
    parts = _extractor().extract_str(name, include_psl_private_domains=False)
    if not parts.suffix:
        return name
    return f"{parts.domain}.{parts.suffix}" if parts.domain else None


@lru_cache(maxsize=1)
def _suffixes() -> frozenset[str]:
    return frozenset(_extractor().tlds)


def is_public_suffix(name: str) -> bool:
    """Whether names below it belong to different people. `name`: lower case A-labels. Quick: for whole lists."""
    suffixes, name = _suffixes(), display_name(name)  # the list has names of other scripts as they are written
    return name in suffixes or (f"*.{name.partition('.')[2]}" in suffixes and f"!{name}" not in suffixes)


def _is_public_suffix(name: str) -> bool:
    parts = _extractor().extract_str(name)
    return bool(parts.suffix) and not parts.domain


@dataclass(frozen=True, slots=True)
class Scope:
    """Which hosts a scan of `target_name` may look into, and which are no third parties to it."""

    target_name: str  # A-labels, as `Target.name`
    own_domains: frozenset[str] = frozenset()  # further ones of its owner, A-labels

    def contains(self, host: str) -> bool:
        """Whether `host` is the target itself or a name below it."""
        host = host.rstrip(".").lower()
        return host == self.target_name or host.endswith("." + self.target_name)

    def is_own(self, host: str) -> bool:
        """Whether `host` has the target's owner: not a third party. It has the same registrable domain, or lies in one
        that the user has named.
        """
        return registrable_domain(host) == self.registrable or (bool(self.own_domains) and self._is_named(host))

    def _is_named(self, host: str) -> bool:
        name = host.rstrip(".").lower()
        while name:
            if name in self.own_domains:
                return True
            name = name.partition(".")[2]
        return False

    @property
    def registrable(self) -> str:
        """Registrable domain of the target."""
        return registrable_domain(self.target_name)
