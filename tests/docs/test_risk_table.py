"""The table of docs/analysis.md by which a finding's risk is summed up is the code's, row by row."""

import re
from itertools import product

import pytest

from app.domain import risk
from app.domain.authorship import Author, Authorship
from app.domain.risk import Embedding, Exposure, Place, assess
from app.domain.violations import ViolationKey
from tests.docs.markdown import read, section

POST = Authorship(Author.USER)
TEXT = section(read("docs/analysis.md"), "The risk of a finding")
BY_NAME = {key.value.replace("_", " "): key for key in ViolationKey} | {
    "a hidden link by itself": ViolationKey.HIDDEN_LINK
}


def rows() -> list[tuple[str, str, str]]:
    """(what, codes, points) of each row."""
    table = [line for line in TEXT.splitlines() if line.startswith("|")][2:]
    return [
        (cells[0], cells[1], cells[2]) for line in table if (cells := [c.strip() for c in line.strip("|").split("|")])
    ]


def written() -> dict[str, int]:
    """Points by code; a type has its key behind it."""
    found = {}
    for what, codes, points in rows():
        amounts = [int(amount) for amount in points.split(" / ")]
        if codes == "`type`":
            for names, amount in zip(what.split(" / "), amounts, strict=True):
                found |= {f"type:{BY_NAME[name]}": amount for name in names.split(", ")}
        else:
            found |= dict(zip(re.findall(r"`([\w.]+)`", codes), amounts, strict=True))
    return found


def reasons() -> set[tuple[str, int]]:
    """(code, points) of every reason that there can be."""
    authors = ({}, {"authorship": POST})
    found = product(ViolationKey, Embedding, Place, (None, "display_none"), authors)
    return {
        (f"type:{key}" if reason.code == "type" else reason.code, reason.points)
        for key, how, place, hidden, author in found
        for reason in assess(key, Exposure(how, place, hidden=hidden, **author)).reasons
    }


def test_every_reason_of_the_code_stands_in_the_table_with_its_points_and_no_other():
    assert written() == dict(reasons())
    assert len(written()) == len(reasons())


def test_the_levels_begin_where_the_document_says():
    said = re.search(r"From (\d+) on it is critical, from (\d+) high, from (\d+) medium", TEXT)
    assert said is not None
    assert tuple(int(number) for number in said.groups()) == tuple(least for least, _ in risk.FROM)


@pytest.mark.parametrize(("what", "depth"), [("one click away", 1), ("two or three", risk.INNER_DEPTH)])
def test_how_far_away_a_place_is(what, depth):
    assert any(what in row[0] for row in rows())
    place = risk.place_of(depth, pages=1, pages_in_all=1)
    assert place is (Place.NEAR if depth == 1 else Place.INNER)
    assert risk.place_of(depth + 1, pages=1, pages_in_all=1) is not place


def test_when_something_stands_on_the_whole_site():
    (what,) = [row[0] for row in rows() if row[1] == "`place.whole_site`"]
    assert what.startswith("at least half of the pages, and ten")
    assert (risk.WHOLE_SITE_SHARE, risk.WHOLE_SITE_PAGES) == (0.5, 10)
