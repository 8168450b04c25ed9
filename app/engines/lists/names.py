"""One entry of a list: the host or URL that it means, or the reason why it is not used."""

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Final

from app.domain.reputation_lists import Refused
from app.engines.lists.list_file import ListFile
from app.engines.net.policy import AddressPolicy, parse_address
from app.engines.scope import InvalidTarget, ascii_name, is_public_suffix, registrable_domain
from app.engines.urls import host_of_serialised, is_possible, request_url

MAX_CHARS: Final = 2_048  # of an entry; URLs that browsers show are not longer
# A name that no parser changes. What is not written like that goes through the URL standard's parser.
_PLAIN: Final = re.compile(r"\A(?:(?!xn--)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]{0,61}[a-z]")
_NO_NAME: Final = re.compile(r"[/\\?#@]")  # of a URL without its scheme, or of an address of mail: no host is meant
_PORT: Final = re.compile(r"\A(.+):(\d{1,5})")
_USUAL_PORTS: Final = frozenset({"80", "443"})
_LOCAL: Final = frozenset({"localhost", "local", "localdomain", "internal", "home", "lan", "arpa"})


class NotUsed(Exception):
    """Says why an entry is not used."""

    def __init__(self, reason: Refused) -> None:
        super().__init__(reason.value)
        self.reason = reason


class NameReader:
    """Reads hosts and URLs by the address policy of the deployment."""

    def __init__(self, *, allow_networks: Sequence[str] = ()) -> None:
        self._policy = AddressPolicy(allow_networks=allow_networks, allowed_ports=())

    def read(self, text: str) -> str:
        """Return the host (A-labels, lower case) or, of what has a scheme, the URL as browsers write it.

        Raises NotUsed.
        """
        if len(text) > MAX_CHARS:
            raise NotUsed(Refused.NOT_AN_ENTRY)
        return self._url(text) if "://" in text else self._host(text)

    def _url(self, text: str) -> str:
        url = request_url(text)
        if url is None:
            raise NotUsed(Refused.NOT_AN_ENTRY)
        host = host_of_serialised(url)
        if "*" in host:
            raise NotUsed(Refused.WILDCARD)
        self._check(host)
        return url

    def _host(self, text: str) -> str:
        if _NO_NAME.search(text):
            raise NotUsed(Refused.NOT_AN_ENTRY)
        name = text.lower().removesuffix(".")
        address = parse_address(name.strip("[]"))
        if address is not None:
            self._check(str(address))
            return str(address)
        if (port := _PORT.fullmatch(name)) is not None:
            if port[2] not in _USUAL_PORTS:
                raise NotUsed(Refused.PORT)
            return self._host(port[1])
        is_wildcard = name.startswith(("*.", "."))
        name = _ascii(name.partition(".")[2] if is_wildcard else name)
        self._check(name)
        if is_public_suffix(name):
            raise NotUsed(Refused.PUBLIC_SUFFIX)
        if is_wildcard and registrable_domain(name) != name:
            raise NotUsed(Refused.WILDCARD)
        return name

    def _check(self, host: str) -> None:
        if (address := parse_address(host)) is not None:
            if not self._policy.allows(str(address)):
                raise NotUsed(Refused.ADDRESS)
        elif "." not in host or host.rpartition(".")[2] in _LOCAL:
            raise NotUsed(Refused.LOCAL_NAME)


def _ascii(name: str) -> str:
    if "*" in name:
        raise NotUsed(Refused.WILDCARD)
    if _PLAIN.fullmatch(name) and is_possible(name):
        return name
    try:
        found = ascii_name(name)
    except InvalidTarget as error:
        raise NotUsed(Refused.NOT_AN_ENTRY) from error
    if not is_possible(found) or not (_PLAIN.fullmatch(found.replace("xn--", "x---")) or "." not in found):
        raise NotUsed(Refused.NOT_AN_ENTRY)
    return found


class Judge:
    """Refuses entries of a block list that would flag well-known services, or are allowed.

    It knows those services, and the hosts and URLs of the deployment's allow lists.
    """

    def __init__(self, allow: Iterable[ListFile] = (), *, services: Iterable[str]) -> None:
        """`services`: their domains."""
        self._known = services
        self._allowed = frozenset(key for file in allow for key in file.keys())  # noqa: SIM118 - no mapping

    @cached_property
    def _services(self) -> frozenset[str]:
        """Registrable domains; where customers have names of their own below a service, only the service's."""
        return frozenset(map(registrable_domain, self._known))

    def check(self, key: str) -> None:
        """Raise NotUsed for a host or URL that a block list must not name."""
        is_url = "://" in key
        host = host_of_serialised(key) if is_url else key
        above = self._above(host)
        domain = registrable_domain(host) if above else host
        if key in self._allowed or host in self._allowed or domain in self._allowed:
            raise NotUsed(Refused.ALLOWED)
        if domain in self._services and (not is_url or is_root(key)):
            raise NotUsed(Refused.KNOWN_SERVICE)

    def _above(self, host: str) -> bool:
        """Whether any name that it lies below is known: to find the registrable domain takes ten times as long."""
        name = host
        while name:
            if name in self._services or name in self._allowed:
                return True
            name = name.partition(".")[2]
        return False


def is_root(url: str) -> bool:
    """Whether a serialised URL is a host's first page: it means the whole of it."""
    return url.partition("://")[2].partition("/")[2] == ""
