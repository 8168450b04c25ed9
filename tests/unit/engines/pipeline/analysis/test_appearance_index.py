"""Which known look a captured page has."""

from dataclasses import replace

import pytest

from app.domain.page_looks import STEPS, KnownLook, PageLook
from app.domain.scan_facts import Capture
from app.domain.violations import ViolationKey
from app.engines.analyse.subject import SeenLook
from app.engines.pipeline.analysis.appearance_index import MAX_DISTANCE, AppearanceIndex

HALL = PageLook((1 << 200) - 1, 0)
GAMBLING = ViolationKey.GAMBLING
ICON = "0" * 38


def moved(bits):
    """The look with so many steps more."""
    return PageLook(HALL.brighter, (1 << bits) - 1)


def known(look=HALL, *, domain="house.example", key=GAMBLING, is_own=True):
    return KnownLook(look, key, domain, is_own)


def captured(look=HALL, *, domain="new.example", final_url="https://www.new.example/"):
    return Capture(domain, domain, f"https://{domain}/", final_url, 200, look=str(look))


def test_a_page_with_a_known_look_is_told_with_the_domain_that_one_has_scanned():
    assert AppearanceIndex([known()]).seen(captured()) == SeenLook(GAMBLING, "house.example")
    assert AppearanceIndex([known(is_own=False)]).seen(captured()) == SeenLook(GAMBLING, "")


def test_the_nearest_counts_and_of_equal_ones_the_own():
    near, far = known(domain="near.example", key=ViolationKey.ADULT), known(moved(40))
    foreign = known(domain="foreign.example", is_own=False)
    assert AppearanceIndex([far, foreign, near]).seen(captured()) == SeenLook(ViolationKey.ADULT, "near.example")


def test_it_counts_up_to_a_distance():
    # 200 steps in both, and so many in one
    within = max(bits for bits in range(STEPS) if bits / (200 + bits) <= MAX_DISTANCE)
    assert AppearanceIndex([known(moved(within))]).seen(captured()) is not None
    assert AppearanceIndex([known(moved(within + 1))]).seen(captured()) is None


def test_icons_that_are_the_same_picture_are_found_and_told_with_the_own_domain_first():
    mine, foreign = known(None, domain="mine.example"), known(None, domain="foreign.example", is_own=False)
    book = AppearanceIndex([replace(foreign, icon=ICON), replace(mine, icon=ICON), replace(mine, icon="f" * 38)])
    like = book.icons_like(ICON[:-6] + "0a0a0a")
    assert like == [ICON]
    assert book.seen_icon(captured(), like) == SeenLook(GAMBLING, "mine.example")
    assert book.seen_icon(captured(domain="mine.example"), like) == SeenLook(GAMBLING, "")
    assert book.seen_icon(captured(), []) is None
    assert AppearanceIndex([replace(mine, icon=ICON)]).seen(captured()) is None


@pytest.mark.parametrize(
    ("book", "capture"),
    [
        ([], captured()),
        ([known()], captured(look="")),
        ([known()], captured(domain="house.example")),
        ([known()], captured(final_url="https://cdn.house.example/x")),
    ],
    ids=["nothing_known", "no_look", "the_same_domain", "it_leads_to_the_same_domain"],
)
def test_other_pages_have_none(book, capture):
    assert AppearanceIndex(book).seen(capture) is None
