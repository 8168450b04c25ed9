import pytest

from app.engines.extract.css_declarations import read_style
from app.engines.extract.element_look import LINK_COLOUR, Look, look_inside


def look(*styles, is_doubtful=False, start=None, link_colour=None):
    """The look of the last of elements in each other."""
    found = start or Look()
    for key, text in enumerate(styles, 1):
        style = {name: value for name, (value, _) in read_style(text).items()}
        found = look_inside(
            found,
            style,
            tag="div",
            key=key,
            is_doubtful=is_doubtful,
            link_colour=link_colour if key == len(styles) else None,
        )
    return found


@pytest.mark.parametrize(
    ("styles", "kind"),
    [
        (["display:none", "display:block;position:fixed"], "display_none"),
        (["opacity:.1", "opacity:.1", "opacity:.2"], "opacity_zero"),
        (["opacity:.5", "opacity:.5"], None),
        (["height:0;overflow:hidden", "color:red"], "tiny_box"),
        (["height:0;overflow:hidden", "position:fixed"], None),
        (["height:0;overflow:hidden", "position:absolute"], None),
        (["height:0;overflow:hidden;position:relative", "position:absolute"], "tiny_box"),
        (["position:absolute;left:-9999px", "position:absolute;left:0"], "off_screen"),
        (["position:relative;height:30px;overflow:hidden", "position:absolute;top:60px"], "clipped"),
        (["position:relative;height:30px;overflow:hidden", "position:absolute;top:20px"], None),
        (["position:relative;height:30px", "position:absolute;top:60px"], None),
        (["position:relative;width:30px;overflow:hidden", "position:absolute;left:100%"], None),
    ],
)
def test_a_box_is_hidden_with_those_around_it(styles, kind):
    assert look(*styles).kind == kind


@pytest.mark.parametrize(
    ("styles", "kind"),
    [
        (["visibility:hidden", "color:red"], "visibility_hidden"),
        (["visibility:hidden", "visibility:visible"], None),
        (["visibility:hidden", "visibility:inherit"], "visibility_hidden"),
        (["font-size:0", "font-size:14px"], None),
        (["font-size:0", "font-size:2em"], "zero_font"),
        (["font-size:.2em", "font-size:.2em"], "zero_font"),
        (["font-size:1px", "font-size:1rem"], None),
        (["font-size:0", "font-size:small"], None),
        (["text-indent:-9999px", "color:red"], "text_indent"),
        (["text-indent:-9999px", "text-indent:0"], None),
        (["background:#222;color:#222", "left:0"], "same_colour"),
        (["background:#222;color:#222", "color:#ddd"], None),
        (["background:#222", "background:#eee;color:#222"], None),
        (["color:white"], "same_colour"),
        (["position:relative", "color:white"], None),
        (["margin-top:-50px;color:white"], None),
        (["background:url(x.png) white", "color:white"], None),
        (["background:linear-gradient(red,blue)", "color:white"], None),
        (["background:var(--unknown)", "color:white"], None),
        (["background:oklch(1 0 0)", "color:white"], None),
        (["color:transparent"], "transparent_text"),
        (["color:transparent;background-clip:text"], None),
        (["color:white;text-shadow:0 0 3px #000"], None),
        (["text-shadow:0 0 3px #000", "color:white;text-shadow:none"], "same_colour"),
        (["-webkit-text-fill-color:transparent"], "transparent_text"),
        (["color:oklch(1 0 0)"], None),
        (["background:#123", "background:rgba(255,255,255,.1);color:white"], None),
        (["background-color:#ffffff20;color:white"], None),
    ],
)
def test_a_text_is_hidden_by_what_it_inherits(styles, kind):
    assert look(*styles).kind_of_text == kind


def test_a_link_has_its_own_colour_unless_it_takes_that_around_it():
    assert look("color:white", "", link_colour=LINK_COLOUR).kind_of_text is None
    assert look("color:white", "color:inherit", link_colour=LINK_COLOUR).kind_of_text == "same_colour"
    assert look("background:#00e", "", link_colour=LINK_COLOUR).kind_of_text == "same_colour"


def test_a_ground_that_an_unknown_sheet_may_change_proves_nothing():
    assert look("background:white", "color:white", is_doubtful=True).kind_of_text is None
    assert look("background:white;color:white", is_doubtful=True).kind_of_text == "same_colour"
    assert look("color:white", start=Look(ground_is_sure=False)).kind_of_text is None


def test_the_element_whose_picture_stands_for_an_indented_text_is_remembered():
    assert look("text-indent:-9999px;background:url(x.png)", "color:red").holder == 1
    assert look("background:url(x.png)", "text-indent:-9999px").holder == 0
