"""The table of services: its format, and which name of a chain counts."""

import re

import pytest

from app.engines.analyse.takeover.dangling import ServiceTableError, load_dangling

TABLE = load_dangling()


def test_a_chain_counts_by_where_it_ends():
    assert TABLE.at(["a.example", "corp.github.io", "corp.herokudns.com"])[0].id == "heroku"
    assert TABLE.at(["a.example", "b.example"]) is None


def test_the_table_is_dated_and_lower_case():
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", TABLE.version)
    assert all(phrase == phrase.lower() for service in TABLE.services for phrase in service.phrases)
    assert len({service.id for service in TABLE.services}) == len(TABLE.services)


@pytest.mark.parametrize(
    "line",
    [
        "a\tA\tcertain\tanswer\ta.io",
        "a\tA\tperhaps\tgone\ta.io",
        "a\tA\tcertain\tgone\tA.io",
        "a\tA\tcertain\tgone\t",
        "a",
    ],
)
def test_a_broken_line_is_refused_with_its_place(tmp_path, line):
    table = tmp_path / "table.tsv"
    table.write_text(f"# head\n{line}\n")
    with pytest.raises(ServiceTableError, match=r"table\.tsv, line 2"):
        load_dangling(table)
