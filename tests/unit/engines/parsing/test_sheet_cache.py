from app.engines.extract.css_rules import read_sheet
from app.engines.extract.style_sheet import NONE, sheet_of, sheet_to_json
from app.engines.parsing.sheet_cache import MAX_KEPT, SheetCache

TEXT = "a{display:none}"


def written(text):
    found = read_sheet(text)
    return sheet_to_json(found.rules, found.variables)


def test_sheets_are_missing_until_they_are_added():
    cache = SheetCache()
    assert cache.missing(["x", "y", "x"]) == ["x", "y"]
    cache.add({"x": written(TEXT)})
    assert cache.missing(["x", "y"]) == ["y"]
    assert cache.by_url(["u", "v", "w"], {"u": ["x"], "v": None}) == {"u": [sheet_of(TEXT)]}


def test_what_cannot_be_read_hides_nothing():
    cache = SheetCache()
    cache.add({"x": "nonsense", "y": "[1,2,3]"})
    assert cache.by_url(["u"], {"u": ["x", "y"]}) == {"u": [NONE, NONE]}


def test_a_full_cache_begins_anew():
    cache = SheetCache()
    cache.add({str(number): written("") for number in range(MAX_KEPT + 1)})
    assert cache.missing(["0", str(MAX_KEPT)]) == ["0"]
