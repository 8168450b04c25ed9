"""Small descriptions of servers: what each kind of visit gets, and whether that is cloaking.

`cloaking*.toml` holds servers that show some visitors something else on purpose, `noise*.toml` those that differ from
one visit to the next and mean no harm. A visit that a server does not name gets what `plain` gets.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from tests.eval.own_pages.encodings import encoded, plain
from tests.eval.own_pages.own_pages import changed, site_host, site_html
from tests.eval.provenance import Provenance, read

FOLDER: Final = Path(__file__).parent


class Visit(StrEnum):
    """How somebody comes to the page. Two plain visits tell noise from intent."""

    PLAIN = "plain"  # a browser on a desktop that has been here before: it sends its cookies
    PLAIN_AGAIN = "plain_again"  # the same a moment later
    ROBOT = "robot"  # a search engine's robot by its user agent
    SEARCH = "search"  # a browser whose referrer is a page of search results
    PHONE = "phone"
    NO_COOKIES = "no_cookies"  # a browser on its first visit
    NIGHT = "night"  # a plain visit between midnight and six, by the clock of the site


KINDS: Final = (Visit.ROBOT, Visit.SEARCH, Visit.PHONE, Visit.NO_COOKIES, Visit.NIGHT)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one visit gets."""

    status: int
    location: str  # of a redirect; "" otherwise
    written: str  # the page with texts still readable that are encoded when it is sent; "" with a redirect

    @property
    def html(self) -> str:
        """As it is sent."""
        return encoded(self.written)

    @property
    def decoded(self) -> str:
        """With one level of encoding undone."""
        return plain(self.written)


@dataclass(frozen=True, slots=True)
class Server:
    """One address of the target with all its faces."""

    id: str
    provenance: Provenance
    url: str
    cloaks: bool
    kinds: tuple[Visit, ...]  # visits that are shown something else on purpose; of noise: none
    quote: str  # what only these visits get, and a finding has to quote; "" for noise
    answers: dict[Visit, Answer]

    def answer(self, visit: Visit) -> Answer:
        """What a visit of this kind gets."""
        return self.answers.get(visit, self.answers[Visit.PLAIN])


def cloaking_servers() -> tuple[Server, ...]:
    return tuple(_read_all("cloaking*.toml", cloaks=True))


def noisy_servers() -> tuple[Server, ...]:
    return tuple(_read_all("noise*.toml", cloaks=False))


def _read_all(pattern: str, *, cloaks: bool) -> Iterator[Server]:
    for path in sorted(FOLDER.glob(pattern)):
        provenance, document = read(path)
        for entry in document["server"]:
            yield _server(entry, provenance, cloaks=cloaks)


def _server(entry: dict[str, Any], provenance: Provenance, *, cloaks: bool) -> Server:
    site = entry["site"]
    answers = {Visit.PLAIN: Answer(200, "", site_html(site))}
    for answer in entry["answer"]:
        answers.update(dict.fromkeys(map(Visit, answer["visits"]), _answer(site, answer)))
    return Server(
        id=entry["id"],
        provenance=provenance,
        url=f"https://{site_host(site)}{entry.get('path', '/')}",
        cloaks=cloaks,
        kinds=tuple(map(Visit, entry.get("kinds", ()))),
        quote=entry.get("quote", ""),
        answers=answers,
    )


def _answer(site: str, answer: dict[str, Any]) -> Answer:
    if location := answer.get("location", ""):
        return Answer(answer.get("status", 302), location, "")
    return Answer(answer.get("status", 200), "", answer.get("html") or changed(site_html(site), answer["change"]))
