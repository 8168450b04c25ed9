"""Time zones of the IANA database that ships with the program (`tzdata`, which is pinned): alike on every machine.

`ZoneInfo(name)` reads what the operating system has first, which may be years older, and would move scans by an hour.
"""

from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


@cache
def time_zones() -> frozenset[str]:
    """Return the names of all time zones."""
    return frozenset((resources.files("tzdata") / "zones").read_text("ascii").split())


@cache
def time_zone(name: str) -> ZoneInfo:
    """Return a time zone by its IANA name. Blocking, the first time. Raises ZoneInfoNotFoundError."""
    if name not in time_zones():
        raise ZoneInfoNotFoundError(name)
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)
