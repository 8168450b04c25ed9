"""Category of a third party by the exact suffix of its host, from two lists: our own and third-party-web's.

A list is a text file, one service per line: domain, category and name, separated by tabs; `#` starts a comment. Ours
comes first, because foreign lists know few Chinese services. What stands in neither list stays unknown: no guessing by
substrings.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Final, NamedTuple

UNKNOWN: Final = "unknown"
# Of services from which many sites have their style sheets; what they serve is public, and the same for everybody.
_SHEET_SERVICES: Final = frozenset({"cdn", "fonts", "cms", "developer"})
_LISTS: Final = ("third_party_web.tsv", "services.tsv")  # later ones win


class Service(NamedTuple):
    """One entry of a list."""

    category: str  # "analytics", "cdn", "ads", "social", "payment", "maps", ...
    name: str


def classify(host: str) -> str:
    """Category of the service that owns `host` (ASCII), "unknown" when it is in no list."""
    service = service_of(host)
    return service.category if service else UNKNOWN


def serves_sheets(host: str) -> bool:
    """Whether `host` is that of a well-known service whose style sheets sites use as if they were their own."""
    return classify(host) in _SHEET_SERVICES


@lru_cache(maxsize=16_384)
def service_of(host: str) -> Service | None:
    """The entry with the longest domain that `host` equals or lies below, or None."""
    services = _services()
    name = host.rstrip(".").lower()
    while name:
        if (service := services.get(name)) is not None:
            return service
        name = name.partition(".")[2]
    return None


def services_at(hosts: Iterable[str]) -> dict[str, str]:
    """Return the names of the services that these hosts belong to, each with its category. Hosts that are in no list
    add none.
    """
    names = {service.name for host in hosts if (service := service_of(host)) is not None}
    return {name: _categories()[name] for name in sorted(names)}


def service_domains() -> Iterable[str]:
    """Every domain of the lists."""
    return _services().keys()


@lru_cache(maxsize=1)
def _services() -> dict[str, Service]:
    """Both lists, read at first use: 4,000 entries, 1 MB."""
    folder = files("app.engines.identify") / "data"
    return {
        domain: Service(category, name)
        for list_name in _LISTS
        for domain, category, name in read_list((folder / list_name).read_text("utf-8"))
    }


@lru_cache(maxsize=1)
def _categories() -> Mapping[str, str]:
    """Return one category for each service: that of most of its domains, in case of doubt the first of a list."""
    counted: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for service in _services().values():
        counted[service.name][service.category] += 1
    return {name: categories.most_common(1)[0][0] for name, categories in counted.items()}


def read_list(text: str) -> list[tuple[str, str, str]]:
    """(domain, category, name) of every line that is no comment."""
    rows = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    return [(domain, category, name) for domain, category, name in rows]
