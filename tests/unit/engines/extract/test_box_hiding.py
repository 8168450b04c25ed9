import pytest

from app.engines.extract.box_hiding import is_pixel, is_positioned, kind_for_all, kind_in_flow, kind_of_box
from app.engines.extract.css_declarations import read_style


def style(text):
    return {name: value for name, (value, _) in read_style(text).items()}


FOR_ALL = {
    "display_none": ["display:none"],
    "content_hidden": ["content-visibility:hidden"],
    "opacity_zero": ["opacity:0", "opacity:4%", "opacity:.5;filter:opacity(0)"],
    "cut_away": [
        "position:absolute;clip:rect(0,0,0,0)", "position:fixed;clip:rect(1px 1px 1px 1px)", "clip-path:inset(50%)",
        "clip-path:circle(0)", "clip-path:polygon(0 0,0 0,0 0)", "clip-path:polygon(0px 0px, 0px 0px)",
        "transform:scale(0)", "transform:scaleY(0)", "transform:rotateX(90deg)", "scale:0", "scale:1 0",
        "rotate:x 90deg", "transform:matrix(0,0,0,0,0,0)", "transform:scale(1, 0)",
    ],
}  # fmt: skip
IN_FLOW = {
    "tiny_box": [
        "height:0;overflow:hidden", "width:1px;overflow:clip", "max-height:0;overflow:hidden",
        "height:0;overflow:hidden;padding-top:1px;min-height:0",
    ],
    "off_screen": [
        "position:absolute;left:-9999px", "position:fixed;top:-200px", "position:absolute;inset:-5000px auto auto 0",
        "position:relative;left:-300vw", "margin-left:-5000px;width:400px", "transform:translateX(-9999px)",
        "transform:translate(-200%,-1000%) translate3d(-3000px,0,0)", "translate:0 -5000px",
        "position:absolute;left:-500px;width:300px", "transform:translateY(-2000px)",
    ],
}  # fmt: skip
SEEN = [
    "", "display:block", "width:1px", "height:0", "position:static;top:-2000px", "clip:rect(0,0,0,0)",
    "transform:translate(-50%,-50%)", "transform:scale(0.5)", "transform:rotate(90deg)", "scale:none", "scale:0.5",
    "height:0;overflow:hidden;padding-bottom:56.25%", "height:0;overflow:hidden;min-height:300px",
    "position:absolute;left:-960px;width:1920px", "position:absolute;left:50%;margin-left:-600px",
    "float:left;margin-left:-100%", "position:relative;top:-300px", "transform:translate3d(-1200px,0,0)",
    "clip-path:polygon(0 0,100% 0,100% 90%)", "clip-path:circle(0.5)", "opacity:.3", "clip-path:inset(0)",
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in FOR_ALL.items() for text in texts])
def test_a_box_hides_all_it_holds(kind, text):
    assert kind_for_all(style(text)) == kind_of_box(style(text)) == kind
    assert kind_in_flow(style(text)) is None


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in IN_FLOW.items() for text in texts])
def test_a_box_hides_what_stays_in_it(kind, text):
    assert kind_in_flow(style(text)) == kind_of_box(style(text)) == kind
    assert kind_for_all(style(text)) is None


@pytest.mark.parametrize("text", SEEN)
def test_layouts_hide_nothing(text):
    assert kind_of_box(style(text)) is None


def test_frames_and_marquees_of_almost_no_size_are_hidden():
    assert kind_for_all({"width": "1px"}, "iframe") == "tiny_box"
    assert kind_for_all({"height": "4px"}, "marquee") == "marquee"
    assert kind_for_all({"width": "1px"}, "div") is None
    assert is_pixel({"height": "0"})
    assert not is_pixel({"height": "2px"})


def test_what_is_positioned_places_others():
    assert is_positioned({"position": "sticky"})
    assert is_positioned({"transform": "scale(1)"})
    assert not is_positioned({"position": "static", "transform": "none"})
