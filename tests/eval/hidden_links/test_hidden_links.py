"""The set of hidden links is what it says: named once, of enough kinds, and with nothing real in it."""

import re
from collections import Counter

import pytest

from tests.eval.hidden_links.hidden_links import SHEET_PATH, designs, harmless_designs

DESIGNS = (*designs(), *harmless_designs())
KINDS = {
    "display_none", "visibility", "opacity", "off_screen", "text_indent", "zero_size", "font_size_zero",
    "overflow_of_a_pixel", "same_colour", "colour_transparent", "clip", "clip_path", "scaled", "translated", "behind",
    "marquee", "by_script", "hidden_attribute", "details", "frame", "media", "clipped_ancestor",
}  # fmt: skip


def test_at_least_eighteen_kinds_of_hiding_with_several_designs_each():
    counts = Counter(design.kind for design in designs())
    assert len(KINDS) >= 18
    assert {kind for kind, number in counts.items() if number >= 2} >= KINDS


def test_styles_stand_at_the_element_in_a_block_and_in_the_sites_sheet():
    assert sum(bool(design.sheet) for design in designs()) >= 30
    assert sum("<style>" in design.html for design in designs()) >= 20
    assert sum('style="' in design.html for design in designs()) >= 30


def test_at_least_forty_harmless_designs_of_many_sorts():
    assert len(harmless_designs()) >= 40
    assert len({design.kind for design in harmless_designs()}) >= 10


def test_ids_and_pages_are_unique():
    assert len({design.id for design in DESIGNS}) == len(DESIGNS)
    assert len({(re.sub(r"-[a-z0-9-]+\.example", "", design.html), design.sheet) for design in DESIGNS}) == len(DESIGNS)


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.id)
def test_every_named_link_stands_in_the_page(design):
    named = [*design.hidden, *design.shown, *design.reachable]
    assert all(f"https://{host}/" in design.html for host in named)
    assert len(named) == len(set(named))
    assert SHEET_PATH in design.html
    assert "{{" not in design.html


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.id)
def test_a_harmless_design_hides_nothing_and_the_others_do(design):
    assert bool(design.hidden) is not design.harmless
    assert not design.reachable or design.harmless


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.id)
def test_hosts_are_reserved_for_examples_and_the_author_is_named(design):
    assert all(host.endswith(".example") for host in re.findall(r"https?://([^/\"]+)", design.html))
    assert re.fullmatch(r"2\d{3}-\d\d-\d\d", design.provenance.batch)
    assert "before the rules were touched" in design.provenance.origin
