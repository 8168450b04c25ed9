"""Whole pages, as organisations publish them and as those do who pretend to: markup and all, long ones.

A page is a text of its own within a *shell*, the frame that such sites have around every page. `label` is a violation
key or `clean`; of a clean page `near` is the class that it resembles. Names of brands, houses and public offices are
those that such pages carry in the world; all other names, hosts and handles are invented.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from tests.eval.own_pages.archive import archive
from tests.eval.provenance import Provenance, read

FOLDER: Final = Path(__file__).parent
SHELLS: Final = FOLDER / "shells"
_FILLER: Final = '<div class="spacer" style="margin:0" data-v="0000000000000000"></div>\n'


@dataclass(frozen=True, slots=True)
class Page:
    """One page with what is true of it."""

    id: str
    provenance: Provenance
    theme: str  # name of the file that it stands in
    lang: str
    label: str
    near: str  # "" of a violating page
    url: str
    html: str

    @property
    def item(self) -> dict[str, str]:
        """As a line of the other sets. Its title and text are read from the markup."""
        return {
            "id": self.id,
            "lang": self.lang,
            "label": self.label,
            "near": self.near,
            "url": self.url,
            "html": self.html,
        }


@cache
def pages() -> tuple[Page, ...]:
    return tuple(page for path in sorted(FOLDER.glob("*.toml")) for page in _read(path))


def _read(path: Path) -> list[Page]:
    provenance, document = read(path)
    return [
        Page(
            id=entry["id"],
            provenance=provenance,
            theme=path.stem,
            lang=entry["lang"],
            label=entry["label"],
            near=entry.get("near", ""),
            url=entry["url"],
            html=_markup(entry),
        )
        for entry in document["page"]
    ]


def _markup(entry: dict[str, Any]) -> str:
    """Put the page into its shell. `pad_before`: characters of empty elements before it; `pad_text`: ordinary titles
    below it.
    """
    filler = _FILLER * (entry.get("pad_before", 0) // len(_FILLER))
    below = archive(entry.get("pad_text", 0), chinese=entry["lang"] == "zh")
    shell = (SHELLS / f"{entry['shell']}.html").read_text(encoding="utf-8")
    parts = {"title": entry["title"], "head": entry.get("head", ""), "content": f"{filler}{entry['content']}\n{below}"}
    for place, text in parts.items():
        shell = shell.replace(f"{{{place}}}", text, 1)
    return shell
