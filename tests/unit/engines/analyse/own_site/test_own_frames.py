import pytest

from app.domain.tampering import TamperSign
from app.engines.analyse.own_site.own_frames import examine_frames
from tests.support.cpu_time import least_cpu_s

PAGE = "https://www.corp.test/"
COVERS = "position:fixed;top:0;left:0;width:100%;height:100%;z-index:2147483647"


def signs(markup, known=()):
    return [(found.sign, found.raw) for found in examine_frames(markup, PAGE, lambda host: host in known)]


def test_a_frame_of_an_unknown_site_over_the_whole_page_is_a_sign():
    frame = f'<iframe src="https://m.bad.test/?c=1&amp;d=2" style="{COVERS}"></iframe>'
    assert signs(frame) == [(TamperSign.FRAME_COVERS, "https://m.bad.test/?c=1&d=2")]
    assert signs(frame, known={"m.bad.test"}) == []
    assert signs(frame.replace("m.bad.test", "app.corp.test")) == []


@pytest.mark.parametrize("address", ["http://x9k2v.test/a", "https://x9k2v.test:8088/a", "https://192.0.2.7/a"])
def test_a_frame_of_no_size_with_an_odd_address_is_a_sign(address):
    assert signs(f"<iframe src='{address}' width=0 height=0>") == [(TamperSign.FRAME_UNSEEN, address)]


@pytest.mark.parametrize(
    "frame",
    [
        '<iframe src="https://count.test/sync" width="0" height="0" style="display:none"></iframe>',
        '<iframe src="https://map.test/embed" width="560" height="320"></iframe>',
        '<iframe src="https://video.test/1" style="width:100%;height:100%"></iframe>',
        '<iframe src="http://map.test/embed" width="100%" height="100"></iframe>',
        "<iframe width=0 height=0></iframe>",
        "<p>iframe src=http://x.test width=0</p>",
        '<iframe src="https://c.test/" width=1 height=1 sandbox="allow-top-navigation-by-user-activation"></iframe>',
    ],
)
def test_statistics_maps_and_videos_are_none(frame):
    assert signs(frame) == []


def test_one_sign_of_a_kind_is_enough():
    assert len(signs("<iframe src=http://a.test/ width=0>" * 30)) == 1


FRAME = '<iframe src="https://m.bad.test/" style="width:100%;height:100%;border:0"></iframe>'


@pytest.mark.parametrize(
    "style",
    ["position:fixed;top:0;left:0;right:0;bottom:0", "position:fixed;left:0;top:0;width:100%;height:100vh"],
)
def test_a_frame_in_an_element_over_the_whole_page_covers_it(style):
    assert signs(f'<div id="k" style="{style}">{FRAME}') == [(TamperSign.FRAME_COVERS, "https://m.bad.test/")]


@pytest.mark.parametrize(
    "before",
    [
        '<div style="position:fixed;right:0;bottom:0">',  # a window of help in a corner
        '<div style="position:fixed;top:0;left:0;right:0;bottom:0"><p>Map</p></div><div class="map">',
        '<div style="position:relative;top:0;left:0;right:0;bottom:0">',
        '<div style="position:fixed;top:0.5em;left:0;right:0;bottom:0">',
    ],
)
def test_a_frame_in_its_place_covers_nothing(before):
    assert signs(before + FRAME) == []


@pytest.mark.parametrize(
    "frame",
    [
        '<iframe src="https://x9.test/a" width="1" height="1" sandbox="allow-scripts allow-top-navigation"></iframe>',
        '<iframe src="https://t.slotmania-aff.test/c" style="display:none"></iframe>',
        '<object data="https://t.vip-casino.test/c" width="0" height="0"></object>',
    ],
)
def test_what_nobody_sees_and_leads_away_or_to_a_house_is_a_sign(frame):
    assert [sign for sign, _ in signs(frame)] == [TamperSign.FRAME_UNSEEN]


def test_a_page_full_of_beginnings_costs_little_and_hides_no_frame():
    frame = f'<iframe src="https://m.bad.test/" style="{COVERS}"></iframe>'
    begun = "<embed " * 300_000
    assert least_cpu_s(lambda: signs(begun + frame), enough_s=0.3) < 0.3
    assert signs(f"{begun}{frame}") == [(TamperSign.FRAME_COVERS, "https://m.bad.test/")]


PAGE_AS_OBJECT = '<object type="text/html" data="//in.bad.test/c?9" width="1" height="1"></object>'


def test_a_foreign_page_in_an_object_of_no_size_is_a_sign():
    assert [sign for sign, _ in signs(PAGE_AS_OBJECT)] == [TamperSign.FRAME_UNSEEN]


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ("text/html", "application/x-shockwave-flash"),  # players of sounds have no size
        ('width="1" height="1"', 'width="600" height="400"'),
        ("//in.bad.test", ""),
    ],
)
def test_players_shown_pages_and_own_ones_are_none(said, instead):
    assert signs(PAGE_AS_OBJECT.replace(said, instead)) == []
