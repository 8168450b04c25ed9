"""Dates of the rule data, which reports state so that readers can judge its age."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import orjson

from app.domain.rule_data import BRANDS, CLASSIFIER, GAMBLING_BRANDS, LEXICON

DATA: Final = Path(__file__).parent / "data"
_MARK: Final = "version:"


def rule_dates(folder: Path = DATA) -> dict[str, str]:
    """Return the newest date of each kind of data, as its files say it; what says none is left out. Blocking."""
    files = {
        LEXICON: (folder / "lexicon").glob("*.txt"),
        BRANDS: [folder / "brands.txt"],
        GAMBLING_BRANDS: [folder / "gambling_brands.txt"],
    }
    dates = {
        name: max((date for path in paths for date in _dates_in(path)), default="") for name, paths in files.items()
    }
    dates[CLASSIFIER] = _date_of_classifier(folder / "classifier.bin")
    return {name: date for name, date in dates.items() if date}


def _dates_in(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith(_MARK):
                yield line.removeprefix(_MARK).strip()


def _date_of_classifier(path: Path) -> str:
    """Return the date in the first line of the file; "" when there is none."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        return str(orjson.loads(file.readline())["version"])
