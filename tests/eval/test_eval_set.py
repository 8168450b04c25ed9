"""The labelled set is sound, and the analysis does not fall behind what docs/analysis.md says of it."""

import json
from collections import Counter
from pathlib import Path

import pytest

from app.engines.analyse.analyser import Analyser
from app.engines.analyse.shipped_data import shipped_classifier
from tests.eval import eval_set as command
from tests.eval.eval_set import CLASSES, CLEAN, judge, measures, read_items
from tests.eval.pages.pages import pages
from tests.eval.provenance import read

FOLDER = Path(__file__).parent


@pytest.fixture(scope="module")
def items():
    return read_items(sorted(FOLDER.glob("*.jsonl")))


@pytest.fixture(scope="module")
def outcomes(items):
    analyser = Analyser(scope_target="scope.example", classifier=shipped_classifier())
    return [judge(analyser, item) for item in items]


def test_every_item_is_labelled_and_has_its_own_id(items):
    assert len({item["id"] for item in items}) == len(items)
    assert {item["label"] for item in items} == {*CLASSES, CLEAN}
    assert {item["lang"] for item in items} == {"zh", "en"}
    assert all((item.get("title") and item.get("text")) or item["html"] for item in items)


def test_the_set_is_large_and_a_third_of_it_are_near_misses(items):
    assert len(items) >= 300
    assert sum(bool(item.get("near")) for item in items) * 3 >= len(items)
    assert all(Counter(item["label"] for item in items)[label] >= 20 for label in CLASSES)


def test_the_blind_set_says_who_wrote_it_and_what_they_knew():
    provenance, _ = read(FOLDER / "mixed_5.toml")
    assert provenance.batch == "2026-11-27"
    assert "before the rules were touched" in provenance.origin


def test_lines_are_json_objects_of_strings():
    for path in FOLDER.glob("*.jsonl"):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert all(isinstance(value, str) for value in json.loads(line).values())


@pytest.mark.parametrize("label", CLASSES)
def test_precision_and_recall_stay_above_19_in_20(outcomes, label):
    _, precision, recall, _ = measures(outcomes, label)
    assert precision > 0.95
    assert recall > 0.95


def test_near_misses_stay_clean(outcomes):
    wrong = [o.item["id"] for o in outcomes if o.item["label"] == CLEAN and o.predicted != CLEAN]
    assert len(wrong) <= 0.005 * len(outcomes), wrong


@pytest.fixture(scope="module")
def whole_pages():
    analyser = Analyser(scope_target="scope.example", classifier=shipped_classifier())
    return [judge(analyser, page.item) for page in pages()]


def test_whole_pages_are_found_as_the_document_says(whole_pages):
    violating = [outcome for outcome in whole_pages if outcome.item["label"] != CLEAN]
    missed = [outcome.item["id"] for outcome in violating if outcome.predicted != outcome.item["label"]]
    assert len(missed) <= 0.03 * len(violating), missed


def test_no_whole_page_that_is_honest_is_accused(whole_pages):
    assert [o.item["id"] for o in whole_pages if o.item["label"] == CLEAN and o.predicted != CLEAN] == []


def test_the_command_prints_its_tables(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["eval.py", str(FOLDER / "clean_3.jsonl")])
    command.main()
    said = capsys.readouterr().out
    assert "| class | items | precision | recall | F1 |" in said
    assert "ms per page: median" in said
