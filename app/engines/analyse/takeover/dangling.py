"""Names that point to an unclaimed service: anyone who claims it there controls the content.

The table is `data/dangling.tsv`; its head says what the columns mean. A name counts when it, or one that it is an alias
of, lies at the service *and* the service says that nothing is set up there: neither alone is enough.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

TABLE: Final = Path(__file__).parent.parent / "data" / "dangling.tsv"
MAX_ANSWER: Final = 20_000  # characters that are searched; what a service says of nothing is short
_VERSION: Final = "version: "
_NAMES: Final = re.compile(r"[a-z0-9*.-]+")


class ServiceTableError(ValueError):
    """The table does not follow its format; the message names the line."""


@dataclass(frozen=True, slots=True)
class DanglingService:
    """One line of the table."""

    id: str
    name: str
    is_certain: bool
    sign: Literal["answer", "gone"]
    names: re.Pattern[str]  # matches a host at the service, lower case
    statuses: frozenset[int] = frozenset()
    phrases: tuple[str, ...] = ()  # lower case; one of them is in the answer

    def is_denied(self, status: int, said: str) -> bool:
        """Whether this answer, in lower case, says that nothing is set up."""
        return status in self.statuses and any(phrase in said for phrase in self.phrases)


@dataclass(frozen=True, slots=True)
class DanglingServices:
    """The table. `version` is its date."""

    services: tuple[DanglingService, ...]
    version: str

    def at(self, names: Iterable[str]) -> tuple[DanglingService, str] | None:
        """The service that the last of these names lies at, with the name; None when none does."""
        for name in reversed(tuple(names)):
            for service in self.services:
                if service.names.search(name):
                    return service, name
        return None


def load_dangling(path: Path = TABLE) -> DanglingServices:
    """Read the table. Raises `ServiceTableError` on a line that does not follow the format."""
    version, services = "", []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        if line.startswith(_VERSION):
            version = line.removeprefix(_VERSION).strip()
        elif line.strip() and not line.startswith("#"):
            services.append(_service(line.split("\t"), f"{path.name}, line {number}"))
    return DanglingServices(tuple(services), version)


def _service(columns: list[str], place: str) -> DanglingService:
    match columns:
        case [name, title, ("certain" | "likely") as certainty, "gone", names]:
            return DanglingService(name, title, certainty == "certain", "gone", _pattern(names.split(), place))
        case [name, title, ("certain" | "likely") as certainty, "answer", names, statuses, phrases]:
            numbers = frozenset(map(int, statuses.split()))
            said = tuple(phrases.split("|"))
            pattern = _pattern(names.split(), place)
            return DanglingService(name, title, certainty == "certain", "answer", pattern, numbers, said)
        case _:
            raise ServiceTableError(f"{place}: a line has five columns for names that are gone, seven for answers")


def _pattern(names: list[str], place: str) -> re.Pattern[str]:
    """One of the names, or a host below one: some services have all their customers point to one and the same name."""
    if not names or not all(_NAMES.fullmatch(name) for name in names):
        raise ServiceTableError(f"{place}: names are lower case ASCII")
    parts = "|".join(re.escape(name).replace(r"\*", "[a-z0-9-]+") for name in names)
    return re.compile(rf"(?:^|\.)(?:{parts})$")
