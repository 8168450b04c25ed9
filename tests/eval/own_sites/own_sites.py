"""Batches of small sites by people who had not seen the rules: as each was meant, broken into, and honestly changed.

A folder is a batch: `batch.toml` says who wrote it, and below lies a folder for each site, with `pages` as it was meant
(the path of a file is that of its address), in `changed` the one file that an intruder left, and in `twin` the one that
the owner changed honestly; `site.toml` says what is true of them. Names of real services stand in honest parts, as on
real sites; all other names, hosts and handles are invented.
"""

import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

from tests.eval.provenance import named_hosts

FOLDER: Final = Path(__file__).parent
BATCHES: Final = tuple(
    sorted((path for path in FOLDER.iterdir() if path.name.isdigit()), key=lambda path: int(path.name))
)
KINDS: Final = (
    "hidden_links",
    "doorway",
    "foreign_script",
    "redirect",
    "defacement",
    "form",
    "download",
    "cloak_text",
    "other",
)
PAGES: Final = range(6, 11)  # pages that a site has
CHANGED, TWIN = "changed", "twin"
_START: Final = "index.html"


class SiteUnreadable(ValueError):
    """Its `site.toml` is no TOML, or does not have what it needs."""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one file of a site."""

    page: str  # path of the address
    what: str  # who did it and how, or why it is honest
    kind: str = ""  # one of `KINDS`; "": honest
    trade: str = ""  # what it serves. "": honest
    quote: str = ""  # the heart of what an intruder did, verbatim. "": honest

    @classmethod
    def of(cls, entry: dict[str, Any]) -> Self:
        return cls(entry["page"], entry["what"], *(entry.get(name, "") for name in ("kind", "trade", "quote")))


@dataclass(frozen=True)
class OwnSite:
    """One organisation."""

    folder: Path
    id: str  # of the part of the batch and its folder
    host: str
    lang: str
    changed: Change
    twin: Change

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a `site.toml`. Raises SiteUnreadable."""
        folder = path.parent
        try:
            said = tomllib.loads(path.read_text(encoding="utf-8"))
            changed, twin = Change.of(said[CHANGED]), Change.of(said[TWIN])
            return cls(folder, f"{folder.parent.name}/{folder.name}", said["host"], said["lang"], changed, twin)
        except (ValueError, KeyError, TypeError) as error:
            raise SiteUnreadable(f"{path}: {type(error).__name__}: {error}") from error

    @cached_property
    def honest(self) -> tuple[str, ...]:
        """All files as they were meant, by their paths."""
        return self.files("pages")

    def files(self, part: str) -> tuple[str, ...]:
        """Paths of the files of a part: `pages`, CHANGED or TWIN."""
        found = (path for path in (self.folder / part).rglob("*") if path.is_file())
        return tuple(sorted(path.relative_to(self.folder / part).as_posix() for path in found))

    def text(self, part: str, file: str) -> str:
        """Return what a file says; "" when the part does not have it."""
        path = self.folder / part / file
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""

    def lay(self, part: str, into: Path, *, alone: bool = False) -> None:
        """Copy the site with the file of the part over it into a folder, or that file `alone`."""
        for layer in (part,) if alone else ("pages", part):
            shutil.copytree(self.folder / layer, into, dirs_exist_ok=True)


def sites_in(folder: Path) -> Iterator[Path]:
    """Yield what `OwnSite.read` reads, of all sites below a folder."""
    yield from sorted(folder.rglob("site.toml"))


def faults_of(site: OwnSite) -> Iterator[str]:
    """Yield what is not as the format says."""
    if site.changed.kind not in KINDS or not site.changed.trade:
        yield f"kind {site.changed.kind!r}, trade {site.changed.trade!r}"
    pages = [file for file in site.honest if file.endswith(".html")]
    if len(pages) not in PAGES:
        yield f"{len(pages)} pages"
    for part, change in ((CHANGED, site.changed), (TWIN, site.twin)):
        files = site.files(part)
        if [_address(file) for file in files] != [_address(change.page.lstrip("/"))]:
            yield f"{part}: {change.page} is not {', '.join(files) or 'there'}"
        yield from (f"{part}: {file} is as it was" for file in files if _is_same(site, part, file))
    yield from _faults_of_quote(site)


def _address(file: str) -> str:
    """Return the path of a file's address, without its first slash."""
    return file.removesuffix(_START) if Path(file).name == _START else file


def _is_same(site: OwnSite, part: str, file: str) -> bool:
    return site.text(part, file) == site.text("pages", file)


def _faults_of_quote(site: OwnSite) -> Iterator[str]:
    quote = site.changed.quote
    for file in site.files(CHANGED):
        if not quote or quote not in site.text(CHANGED, file):
            yield f"the quote does not stand in {file}"
        elif quote in site.text("pages", file):
            yield f"the quote stood in {file} before"
    yield from (f"the quote names {host}" for host in sorted(named_hosts(quote)))
