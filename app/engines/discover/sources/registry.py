"""Passive sources, and which of them a deployment queries: one table and one setting for all."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

from app.domain.scan_options import CERTIFICATE_LOG, REGISTRATIONS, source_of
from app.engines.discover.sources import Source
from app.engines.discover.sources.crtsh import CrtSh
from app.engines.discover.sources.keyless import KEYLESS, KeylessSource

MakeSource = Callable[[str], Source]

# What makes a source from the address of its service, by the name that the setting has for it.
PASSIVE_SOURCES: Final[Mapping[str, MakeSource]] = MappingProxyType(
    {CERTIFICATE_LOG: CrtSh, **{kind: partial(KeylessSource, kind) for kind in KEYLESS}}
)


def configured_sources(entries: Iterable[str], known: Mapping[str, MakeSource] = PASSIVE_SOURCES) -> tuple[Source, ...]:
    """Make one source for each entry of the setting `ct_urls`: `NAME=URL`, or the URL of a certificate log alone.

    No source has an address of its own: one that is in the table and in no entry asks nobody. So a deployment that
    sets the list, as the demo and every test do, stays among these addresses. Raises ValueError for an unknown name.
    """
    found = []
    for entry in entries:
        name, url = source_of(entry)
        if name == REGISTRATIONS:  # knows no names of hosts
            continue
        if name not in known:
            raise ValueError(f"no passive source is called {name!r}")
        found.append(known[name](url))
    return tuple(found)
