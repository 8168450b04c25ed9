"""Entries of a block list that are not used: they would flag well-known services, or are allowed."""

from collections.abc import Iterable
from functools import cached_property

from app.domain.reputation_lists import Refused
from app.engines.analyse.reputation.layer import STARTER_ALLOW, load_list
from app.engines.analyse.reputation.list_file import ListFile
from app.engines.identify.classify import service_domains
from app.engines.lists.names import NotUsed
from app.engines.scope import registrable_domain
from app.engines.urls import host_of_serialised


class Judge:
    """Knows the services of the shipped tables, and the hosts and URLs of the deployment's allow lists."""

    def __init__(self, allow: Iterable[ListFile] = ()) -> None:
        self._allowed = frozenset(key for file in allow for key in file.keys())  # noqa: SIM118 - no mapping

    @cached_property
    def _services(self) -> frozenset[str]:
        """Registrable domains; where customers have names of their own below a service, only the service's."""
        shipped = (entry.name for entry in load_list(STARTER_ALLOW))
        return frozenset(map(registrable_domain, (*service_domains(), *shipped)))

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
