"""Known URLs of a scan by outcome, for each host and in total. Numbers only."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final


class Seen(StrEnum):
    """Result of one URL in scope."""

    JUDGED = "judged"  # a page, a style sheet or a redirect that was read
    NOT_HTML = "not_html"  # answered with a file that holds no page
    GONE = "gone"  # 404 or 410 of a host that still shows its other pages: nothing is there
    CLIENT_ERROR = "client_error"  # any other 4xx: refused, blocked, too many requests
    SERVER_ERROR = "server_error"  # 5xx
    NO_ANSWER = "no_answer"  # asked, and nothing or nothing usable came: an empty page, a circle
    TRUNCATED = "truncated"  # its body was cut, by the sender or by our limit, or what it refers to was
    UNREADABLE = "unreadable"  # it came, but reading it took too much
    WALL = "wall"  # a page that asks for consent, for a script or for proof of a person instead of its content
    SIGN_IN = "sign_in"  # asks for a password, or leads to a page that does
    ROBOTS = "robots"  # refused by robots.txt
    DEPTH = "depth"  # further from the start pages than the scan may go
    TRAP = "trap"  # of a kind that brought nothing new
    HOST_GIVEN_UP = "host_given_up"  # its host stopped answering
    BLOCKED_TARGET = "blocked_target"  # of a host that the deployment lets nobody scan
    LIMIT = "limit"  # left over when a limit of the scan was reached, or refused by the address policy
    NO_HOST = "no_host"  # its name does not resolve
    # Known while the crawl runs; in a `Coverage` they are others.
    MOVED = "moved"  # leads elsewhere
    FORM = "form"  # a page that is there to sign in
    SHEET = "sheet"  # a style sheet


# Answers that could be judged, or that should have been: the share of the first in both decides.
LOST: Final = (
    Seen.CLIENT_ERROR,
    Seen.SERVER_ERROR,
    Seen.NO_ANSWER,
    Seen.TRUNCATED,
    Seen.UNREADABLE,
    Seen.WALL,
    Seen.HOST_GIVEN_UP,
)
# Not examined because the site or the scan's own limits said so: named, and no part of the share.
EXCLUDED: Final = (Seen.SIGN_IN, Seen.ROBOTS, Seen.DEPTH, Seen.TRAP, Seen.BLOCKED_TARGET, Seen.LIMIT)
# What the last three count as; MOVED only where nobody looks at what it leads to.
COUNTED_AS: Final = MappingProxyType({Seen.MOVED: Seen.JUDGED, Seen.FORM: Seen.SIGN_IN, Seen.SHEET: Seen.JUDGED})
NOT_JUDGED: Final = (*LOST, *EXCLUDED)
COVERED: Final = "coverage"  # checkpoint of a scan's store: `Coverage.to_json` at the end of its crawl


def checked_of(total: Mapping[Seen, int]) -> tuple[int, int]:
    """Return how many URLs were checked, and how many were to be: files and names that lead nowhere are not."""
    checked = total.get(Seen.JUDGED, 0)
    return checked, checked + sum(total.get(seen, 0) for seen in NOT_JUDGED)


class CrawlCutoff(StrEnum):
    """Which limit ended a crawl before its last address."""

    PAGES = "page_limit"
    TIME = "time_limit"
    REQUESTS = "request_limit"
    BYTES = "byte_limit"
    ADDRESSES = "address_limit"  # more than are remembered


@dataclass(frozen=True, slots=True)
class Coverage:
    """Coverage of one scan. `hosts` has only outcomes that occurred there; `start_page`: the start page had content.

    `resolved`: False if neither the scanned domain nor a host that stands for it has an address.
    """

    hosts: Mapping[str, Mapping[Seen, int]] = field(default_factory=dict)
    start_page: bool = False
    cut: CrawlCutoff | None = None
    resolved: bool = True

    @property
    def total(self) -> Mapping[Seen, int]:
        """Over all hosts, in the order of `Seen`."""
        summed: Counter[Seen] = Counter()
        for counts in self.hosts.values():
            summed.update(counts)
        return {seen: summed[seen] for seen in Seen if summed[seen]}

    def costs(self) -> Iterator[tuple[Seen, str, int]]:
        """(reason, host, number) of everything that was not seen, the largest numbers of each reason first."""
        for seen in NOT_JUDGED:
            found = [(counts[seen], host) for host, counts in self.hosts.items() if counts.get(seen)]
            for number, host in sorted(found, key=lambda item: (-item[0], item[1])):
                yield seen, host, number

    def least_covered(self, limit: int) -> list[tuple[str, Mapping[Seen, int]]]:
        """Return at most `limit` hosts, those with the most unchecked URLs first."""

        def cost(item: tuple[str, Mapping[Seen, int]]) -> tuple[int, str]:
            return -sum(item[1].get(seen, 0) for seen in NOT_JUDGED), item[0]

        return sorted(self.hosts.items(), key=cost)[:limit]

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object that `coverage_of` reads back."""
        hosts = {host: {seen.value: number for seen, number in counts.items()} for host, counts in self.hosts.items()}
        cut = None if self.cut is None else self.cut.value
        return {"hosts": hosts, "start_page": self.start_page, "cut": cut, "resolved": self.resolved}


def coverage_of(value: Mapping[str, Any]) -> Coverage:
    """Return the coverage that `Coverage.to_json` has written."""
    hosts = {host: {Seen(seen): number for seen, number in counts.items()} for host, counts in value["hosts"].items()}
    cut = None if value["cut"] is None else CrawlCutoff(value["cut"])
    return Coverage(hosts, value["start_page"], cut, value.get("resolved", True))
