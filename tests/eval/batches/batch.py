"""Batches of whole pages by people who had not seen the rules: of third parties, and of sites that somebody changed.

A folder is a batch. `frames` holds its kinds of sites; `third_*.toml` holds pages of third parties: a text, its
address and the kind of site around it; `own_*.toml` holds organisations: the page as it was meant, what an intruder
put into it, and an honest change that looks as odd. Names of brands, houses and public offices are those that such
pages carry in the world; all other names, hosts and handles are invented.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final

from app.engines.urls import host_of
from tests.eval.batches.frames import framed
from tests.eval.own_pages.own_pages import OwnPage
from tests.eval.pages.pages import Page
from tests.eval.provenance import Provenance, read

FOLDER: Final = Path(__file__).parent
BATCHES: Final = tuple(sorted(int(path.name) for path in FOLDER.iterdir() if path.name.isdigit()))
NEWEST: Final = BATCHES[-1]


@dataclass(frozen=True, slots=True)
class BatchOwnPage(OwnPage):
    """A page of one of this batch's organisations."""

    meant: str = ""  # the organisation's page before anybody changed it

    @property
    def html(self) -> str:
        return self.written

    @property
    def honest(self) -> str:
        return self.meant


@cache
def third_party_pages(batch: int = NEWEST) -> tuple[Page, ...]:
    return tuple(page for path in sorted((FOLDER / str(batch)).glob("third_*.toml")) for page in _read_third(path))


def _read_third(path: Path, frame_of: Callable[[dict[str, Any]], Path] | None = None) -> Iterator[Page]:
    provenance, document = read(path)
    usual = {"lang": "zh", "label": document.get("label", "clean"), "near": document.get("near", "")}
    for given in document["page"]:
        entry = {**usual, **given}
        frame = _frame(path.parent, entry) if frame_of is None else frame_of(entry)
        yield Page(
            id=host_of(entry["url"]),
            provenance=provenance,
            theme=path.stem.removeprefix("third_"),
            lang=entry["lang"],
            label=entry["label"],
            near=entry["near"],
            url=entry["url"],
            html=_markup(frame, entry, entry["html"]),
        )


def _frame(folder: Path, entry: dict[str, Any]) -> Path:
    return folder / "frames" / f"{entry['frame']}.html"


def _markup(frame: Path, entry: dict[str, Any], content: str, **other: str) -> str:
    return framed(
        frame,
        seed=entry["url"],
        lang=entry["lang"],
        size=entry.get("size", 1 + len(entry["url"]) % 4),
        parts={
            "title": entry["title"],
            "head": entry.get("head", ""),
            "nav": entry.get("nav", ""),
            "foot": entry.get("foot", ""),
            "content": content,
            **other,
        },
    )


def learnt_pages(folder: str, *, frames_of: str | None = None, frames: str = "*") -> Iterator[tuple[str, Page]]:
    """Yield the pages of a folder to be learnt from, each with the name of its file.

    An author may have used some kinds of sites for violating pages alone; here every page may have the frame of any, so
    that a frame tells nothing. `frames_of`: the folder whose frames are used; `frames`: which of them, as a pattern.
    """
    found = sorted((FOLDER / (frames_of or folder) / "frames").glob(f"{frames}.html"))
    for path in sorted((FOLDER / folder).glob("third_*.toml")):
        for page in _read_third(path, lambda entry: Random(entry["url"]).choice(found)):
            yield path.stem, page


@cache
def own_pages(batch: int = NEWEST) -> tuple[BatchOwnPage, ...]:
    return tuple(page for path in sorted((FOLDER / str(batch)).glob("own_*.toml")) for page in _read_own(path))


def _read_own(path: Path) -> Iterator[BatchOwnPage]:
    """Each organisation gives two pages: one that an intruder changed, and its twin."""
    provenance, document = read(path)
    for given in document["site"]:
        entry = {"lang": "zh", **given}
        for part in ("injected", "twin"):
            yield _own(path.parent, entry, provenance, part)


def _own(folder: Path, entry: dict[str, Any], provenance: Provenance, part: str) -> BatchOwnPage:
    change: dict[str, str] = entry[part]
    tampered = part == "injected"
    return BatchOwnPage(
        id=f"{host_of(entry['url'])}-{'changed' if tampered else 'twin'}",
        provenance=provenance,
        site="",
        url=f"{entry['url']}{change.get('path', '')}",
        tampered=tampered,
        kind=entry["injected"]["kind"],
        trade=change.get("trade", ""),
        quote=change.get("quote", ""),
        written=_changed(folder, entry, change),
        meant=_markup(_frame(folder, entry), entry, entry["html"]),
    )


def _changed(folder: Path, entry: dict[str, Any], change: dict[str, str]) -> str:
    """`title`, `head` and `content` stand in place of what was there; `before`, `after` and `end` are added: above and
    below the text, and before the end of the body.
    """
    content = f"{change.get('before', '')}\n{change.get('content', entry['html'])}\n{change.get('after', '')}"
    other = {part: change[part] for part in ("title", "head") if part in change}
    page = _markup(_frame(folder, entry), entry, content, **other)
    return page.replace("</body>", f"{change.get('end', '')}\n</body>") if "end" in change else page
