"""Hidden links: every kind in every place, what stays visible, and which of the hidden ones are a finding."""

import pytest

from app.engines.extract.page import extract
from app.engines.extract.style_sheet import sheet_of
from tests.support.cpu_time import least_cpu_s

URL = "http://www.corp.test/"
# Kind -> declarations that hide by it.
HIDING = {
    "display_none": ["display:none", "DISPLAY : NONE !important"],
    "visibility_hidden": ["visibility:hidden", "visibility:collapse"],
    "opacity_zero": ["opacity:0", "opacity:.01", "opacity:0%", "filter:alpha(opacity=0)", "filter:opacity(0)"],
    "off_screen": [
        "position:absolute;left:-9999px",
        "position:fixed;top:-500em",
        "position:relative;right:-3000px",
        "position:absolute;inset:-5000px auto auto 0",
        "margin-left:-10000px",
        "margin:0 0 0 -5000px",
        "transform:translateX(-9999px)",
    ],
    "zero_font": ["font-size:0", "font-size:0px", "font-size:1px", "font:0/0 a"],
    "tiny_box": [
        "width:1px;height:1px;overflow:hidden",
        "height:0;overflow:hidden",
        "max-height:0;overflow-y:hidden",
    ],
    "cut_away": [
        "position:absolute;clip:rect(0,0,0,0)",
        "position:fixed;clip:rect(1px, 1px, 1px, 1px)",
        "clip-path:inset(100%)",
        "transform:scale(0)",
    ],
    "content_hidden": ["content-visibility:hidden"],
    "text_indent": ["text-indent:-9999px", "text-indent:-999em"],
}
# Links do not take the colour of the text around, unless they are told to.
COLOURS = [
    "color:#fff;background:#ffffff",
    "color:white;background-color:rgb(255,255,255)",
    "color:#fefefe;background:#fff",
    "color:#fff",
    "color:navy;background:#000080",
    "color:rgb(100% 100% 100%)",
]
TRANSPARENT = [
    "color:transparent",
    "color:rgba(0,0,0,0)",
    "color:rgba(0,0,0,.03)",
    "color:#00000008",
    "color:hsla(0,0%,0%,.02)",
]
CASES = [(kind, style) for kind, styles in HIDING.items() for style in styles]
VISIBLE = [
    "display:block",
    "visibility:visible",
    "opacity:0.5",
    "opacity:1",
    "font-size:12px",
    "font-size:0.9em",
    "position:absolute;left:-20px",
    "left:-9999px",
    "margin-left:-15px",
    "width:1px;height:1px",
    "height:0",
    "overflow:hidden",
    "color:#fff;background:#333",
    "color:#fff",
    "color:#fff;background:#fff url(x.png)",
    "color:transparent",
    "clip:rect(0,0,0,0)",
    "height:0;overflow:hidden;padding-bottom:56%",
    "text-indent:2em",
    "transform:translate(-50%,-50%)",
    "clip:auto",
    "max-height:400px;overflow:hidden",
]


def kinds(markup, sheet=None):
    """Kinds of the links to others; `sheet` is the text of the one that the page names as s.css."""
    sheets = {} if sheet is None else {f"{URL}s.css": [sheet_of(sheet)]}
    linked = "" if sheet is None else "<link rel=stylesheet href=s.css>"
    headers = [("content-type", "text/html;charset=utf-8")]
    page = extract(f"{linked}{markup}".encode(), url=URL, headers=headers, sheets=sheets)
    return [ref.hidden for ref in page.references]


@pytest.mark.parametrize(("kind", "style"), CASES)
def test_an_inline_style_hides_the_link_itself(kind, style):
    assert kinds(f'<a href="http://evil.test/" style="{style}">x</a>') == [kind]


@pytest.mark.parametrize(("kind", "style"), CASES)
def test_an_ancestor_hides_what_it_holds(kind, style):
    assert kinds(f'<div style="{style}"><p><a href="http://evil.test/">x</a></p></div>') == [kind]


@pytest.mark.parametrize(("kind", "style"), CASES)
def test_a_style_block_hides(kind, style):
    markup = f'<style>.k > a{{{style}}} b{{color:red}}</style><div class="k"><a href="http://evil.test/">x</a></div>'
    assert kinds(markup) == [kind]


@pytest.mark.parametrize(("kind", "style"), CASES)
def test_a_fetched_sheet_hides(kind, style):
    assert kinds('<p class="k"><a href="http://evil.test/">x</a>', f".k{{{style}}}") == [kind]


@pytest.mark.parametrize("style", COLOURS)
def test_the_colour_of_its_background_hides_a_link(style):
    link = '<a href="http://evil.test/" %s>x</a>'
    assert kinds(link % f'style="{style}"') == ["same_colour"]
    assert kinds(link % 'class="k"', f".k{{{style}}}") == ["same_colour"]
    around = f'<style>.k{{{style}}}.k a{{color:inherit}}</style><div class="k">{link % ""}</div>'
    assert kinds(around) == ["same_colour"]
    assert kinds(f'<div style="{style}">{link % ""}</div>') == [None]


@pytest.mark.parametrize("style", VISIBLE)
def test_what_people_see_is_not_hidden(style):
    assert kinds(f'<div style="{style}"><a href="http://evil.test/">x</a></div>') == [None]
    assert kinds(f'<style>#k{{{style}}}</style><div id="k"><a href="http://evil.test/">x</a></div>') == [None]


@pytest.mark.parametrize("style", TRANSPARENT)
def test_a_colour_that_shows_next_to_nothing_hides_a_link(style):
    link = '<p style="background:#eee">Welcome <a href="http://evil.test/" %s>x</a></p>'
    assert kinds(link % f'style="{style}"') == ["transparent_text"]
    assert kinds(link % 'class="k"', f".k{{{style}}}") == ["transparent_text"]


@pytest.mark.parametrize("style", ["color:rgba(0,0,0,.3)", "color:#00000040", "color:rgb(0 0 0 / 20%)"])
def test_a_pale_colour_hides_nothing(style):
    assert kinds(f'<p style="background:#eee"><a href="http://evil.test/" style="{style}">x</a></p>') == [None]


def test_a_coloured_box_is_seen_unless_it_stands_on_its_own_colour():
    style = "display:block;width:90px;height:20px;background-color:#333;color:#333"
    box = f'<div style="background:%s"><a href="http://evil.test/" style="{style}">x</a></div>'
    assert kinds(box % "#eee") == [None]
    assert kinds(box % "#333") == ["same_colour"]


def test_attributes_hide_too():
    assert kinds('<div hidden><a href="http://evil.test/">x</a></div>') == ["display_none"]
    assert kinds('<marquee width="1" height="1"><a href="http://evil.test/">x</a></marquee>') == ["marquee"]
    assert kinds('<body bgcolor="#ffffff"><a href="http://evil.test/"><font color="#ffffff">x</font></a>') == [
        "same_colour"
    ]
    assert kinds('<body bgcolor="black" link="#000000"><a href="http://evil.test/">x</a>') == ["same_colour"]


def test_text_in_the_colour_of_a_declared_page_is_hidden():
    assert kinds('<body style="background:#fff"><a style="color:#fff" href="http://evil.test/">x</a>') == [
        "same_colour"
    ]
    markup = '<body style="background:#fff"><div style="background:#000"><a style="color:#fff" href="http://evil.test/">x</a>'
    assert kinds(markup) == [None]


def test_a_visible_child_of_an_invisible_parent_is_seen():
    markup = '<div style="visibility:hidden"><a style="visibility:visible" href="http://evil.test/">x</a></div>'
    assert kinds(markup) == [None]
    assert kinds('<p style="font-size:0"><a style="font-size:14px" href="http://evil.test/">x</a>') == [None]


CASCADE = {
    ".m{display:none}.m.open{display:block}": None,  # the more specific rule wins
    ".m.open{display:none}.m{display:block}": "display_none",
    ".m{display:none}.m{display:block}": None,  # then the later one
    ".m{display:none!important}#i{display:block}": "display_none",
    "@media print{.m{display:none}}": None,
    "@media (max-width:600px){.m{display:none}}": None,
    "@media screen and (min-width:600px){.m{display:none}}": "display_none",
    "@supports (display:grid){.m{display:none}}": "display_none",
    ".m:hover{display:none}": None,
    ".m::before{display:none}": None,
    ".other{display:none}": None,
    ".m:not(.closed){display:none}": "display_none",
    ".m{display:none": "display_none",
    ".x,.m{display:none}": "display_none",
    "div{display:none} .m{display:flex}": None,
}


@pytest.mark.parametrize("sheet", CASCADE)
def test_the_cascade_decides(sheet):
    markup = f'<style>{sheet}</style><div class="m open" id="i"><a href="http://evil.test/">x</a></div>'
    assert kinds(markup) == [CASCADE[sheet]]


def test_an_inline_style_beats_a_sheet_unless_the_sheet_insists():
    link = '<div class="m" style="display:block"><a href="http://evil.test/">x</a></div>'
    assert kinds(f"<style>.m{{display:none}}</style>{link}") == [None]
    assert kinds(f"<style>.m{{display:none!important}}</style>{link}") == ["display_none"]


LINK = '<a href="http://evil.test/">x</a>'
HOLDER = f'<div id="k">{LINK}</div>'
SCRIPTS_THAT_HIDE = [
    'document.getElementById("k").style.display="none"',
    "var d = document.getElementById('k'); d.style.visibility = 'hidden';",
    'document.getElementById("k").style.cssText="position:absolute;left:-999em"',
    "document.getElementById('k').setAttribute('style', 'height:0;overflow:hidden')",
]
SCRIPTS_THAT_DO_NOT = [
    'function close(){document.getElementById("k").style.display="none"}',
    'document.getElementById("k").style.display="block"',
    'document.getElementById("other").style.display="none"',
    'document.getElementById("k").className="none"',
]


@pytest.mark.parametrize("code", SCRIPTS_THAT_HIDE)
def test_a_script_that_runs_at_once_hides(code):
    assert kinds(f"{HOLDER}<script>{code}</script>") == ["script_made"]


@pytest.mark.parametrize("code", SCRIPTS_THAT_DO_NOT)
def test_a_script_that_only_may_hide_does_not(code):
    assert kinds(f"{HOLDER}<script>{code}</script>") == [None]


def written(markup):
    return f"<script>document.write('{markup}')</script>"


def test_links_between_written_tags_are_hidden():
    opening, closing = written('<div style="display:none">'), written(r"<\/div>")
    assert kinds(f"<body>{opening}{LINK}{closing}{LINK}") == ["script_made", None]
    closed = written('<div style="display:none">a</div>')
    assert kinds(f"<body>{closed}{LINK}") == [None]


def test_a_written_style_block_counts():
    assert kinds(f"{written('<style>#k{display:none}</style>')}{HOLDER}") == ["display_none"]


def test_styles_for_other_media_or_without_scripts_do_not_count():
    assert kinds(f'<style media="print">a{{display:none}}</style>{LINK}') == [None]
    assert kinds(f"<head><noscript><style>a{{display:none}}</style></noscript></head>{LINK}") == [None]


def test_noscript_and_template_are_not_hidden():
    assert kinds('<noscript style="display:none"><a href="http://evil.test/">x</a></noscript>') == [None]
    assert kinds('<template style="display:none"><a href="http://evil.test/">x</a></template>') == [None]


UNHIDDEN = {
    "an important rule": "<style>.x{display:block!important}</style><div class=x style='display:none'>%s</div>",
    "an important colour": (
        "<style>a{color:#000!important}</style><div style='background:#fff'><p style='color:#fff'>"
        "<span style='color:#fff'>%s</span></p></div>"
    ),
    "a rule over an attribute": "<style>.x{display:block}</style><div class=x hidden>%s</div>",
}


@pytest.mark.parametrize("markup", UNHIDDEN.values(), ids=UNHIDDEN)
def test_a_style_block_that_only_shows_again_counts(markup):
    assert kinds(markup % LINK) == [None]


def test_a_rule_that_an_inline_style_overrules_does_not_show_again():
    assert kinds(f"<style>.x{{display:block}}</style><div class=x style='display:none'>{LINK}</div>") == [
        "display_none"
    ]


SEEN_DESIGNS = {
    "a picture stands for the text": (
        '<a class=k href="http://p.test/">x</a>',
        ".k{text-indent:-999em;background:url(x.png)}",
    ),
    "a picture around the link": (
        '<h1 class=k><a href="http://p.test/">x</a></h1>',
        ".k{text-indent:-999em;background:url(x.png)}",
    ),
    "an icon in a coloured box": (
        '<a class=k href="http://p.test/">x</a>',
        ".k{font-size:0;width:32px;height:32px;background:#09f}",
    ),
    "pictures between which no gap shall be": (
        '<div class=k><a href="http://p.test/"><img src=x.png></a></div>',
        ".k{font-size:0}",
    ),
    "a part for screen readers": ('<a href="http://p.test/">x<b class=k>y</b></a>', ".k{display:none}"),
    "an icon that a style renders": ('<a class=k href="http://p.test/"></a>', ".k{background:url(x.png)}"),
    "an icon that a style renders by place": ('<p class=k><a href="http://p.test/"></a></p>', ".k a{width:20px}"),
    "a picture that comes late": ('<a href="http://p.test/"><img class=k data-src=x.png></a>', ".k{opacity:0}"),
    "white on a picture that comes late": (
        '<div data-bg=x.png><a class=k href="http://p.test/">x</a></div>',
        ".k{color:#fff}",
    ),
    "white on what lies below": (
        '<div class=k><a href="http://p.test/">x</a></div>',
        ".k{position:relative}.k a{color:#fff}",
    ),
    "white on dark": ('<div class=f><a class=k href="http://p.test/">x</a></div>', ".k{color:#fff}.f{background:#123}"),
    "a button shut off in print": ('<a class=k href="http://p.test/">x</a>', "@media print{.k{display:none}}"),
}


@pytest.mark.parametrize("name", SEEN_DESIGNS)
def test_what_designers_do_hides_nothing(name):
    markup, sheet = SEEN_DESIGNS[name]
    assert kinds(markup, sheet)[-1] is None


def test_without_all_sheets_colours_of_unknown_elements_prove_nothing():
    link = '<link rel=stylesheet href=//cdn.test/x.css><div class=dark><a style="color:#fff" href="http://p.test/">x</a></div>'
    assert kinds(f'<body style="background:#fff">{link}') == [None, None]


def test_a_link_is_hidden_when_all_that_it_shows_is():
    link = '<a href="http://evil.test/"><b style="%s">x</b> <i style="%s">y</i></a>'
    assert kinds(link % ("display:none", "font-size:0")) == ["display_none"]
    assert kinds(link % ("display:none", "color:red")) == [None]


@pytest.mark.parametrize("content", ["", "&nbsp;", "&#8203;", "<br>", '<img src="data:," width=1 height=1>'])
def test_a_link_without_anything_to_be_seen_is_empty(content):
    assert kinds(f'<p>text <a href="http://evil.test/">{content}</a></p>') == ["empty_link"]


@pytest.mark.parametrize(
    ("markup", "kind"),
    [
        ("<body link=white>%s", "same_colour"),
        ("<table bgcolor=#0000ee><td>%s", "same_colour"),
        ("<div hidden>%s</div>", "display_none"),
        ("<details><summary></summary>%s</details>", "closed_details"),
        ("<body text=white>%s", None),
        ("<div class=hidden>%s</div>", None),
    ],
)
def test_one_mark_on_a_page_is_enough_to_be_looked_at(markup, kind):
    assert kinds(markup % '<a href="http://evil.test/">x</a>') == [kind]


@pytest.mark.parametrize("content", ["x", "<img src=x.png>", "<span class=icon></span>", "<svg></svg>"])
def test_a_link_with_something_to_be_seen_is_not(content):
    assert kinds(f'<p>text <a href="http://evil.test/">{content}</a></p>') == [None]


def test_a_closed_section_that_nothing_opens_is_hidden():
    link = '<a href="http://evil.test/">x</a>'
    assert kinds(f"<details><summary></summary>{link}</details>") == ["closed_details"]
    assert kinds(f"<details><summary style='display:none'>more</summary>{link}</details>") == ["closed_details"]
    assert kinds(f"<details><summary>more</summary>{link}</details>") == [None]
    assert kinds(f"<details>{link}</details><details open><summary></summary>{link}</details>") == [None, None]


def test_a_frame_of_a_pixel_is_hidden_and_a_picture_of_one_is_not():
    assert kinds('<iframe src="http://evil.test/" width=0 height=0></iframe>') == ["tiny_box"]
    assert kinds('<img src="http://evil.test/" width=1 height=1>') == [None]


def test_what_another_box_lies_on_is_covered():
    cover = "position:absolute;top:0;left:0;width:500px;height:40px;background:#fff;z-index:5"
    markup = '<div class=k><a href="http://evil.test/">x</a></div><div class=c>welcome</div>'
    sheet = f".k{{position:absolute;top:0;left:0;z-index:1}}.c{{{cover}}}"
    assert kinds(markup, sheet) == ["covered"]
    assert kinds(markup, f"{sheet}.c{{display:none}}") == [None]


def test_a_rule_elsewhere_completes_what_a_first_one_began():
    markup = '<div class="a b"><a href="http://evil.test/">x</a></div>'
    assert kinds(markup, ".a{left:-9999px}.b{position:absolute}") == ["off_screen"]
    assert kinds(markup, ".a{height:0}.b{overflow:hidden}") == ["tiny_box"]
    assert kinds('<div class="a"><a style="color:#eef" href="http://evil.test/">x</a>', ".a{background:#eef}") == [
        "same_colour"
    ]


def test_a_class_that_a_script_gives_hides_as_the_sheet_says():
    code = "<script>document.getElementById('k').className='off'</script>"
    assert kinds(f"{HOLDER}{code}", ".off{display:none}") == ["script_made"]
    assert kinds(f"{HOLDER}{code}", ".off{color:red}") == [None]


def test_a_script_that_shows_again_counts():
    markup = f"<div id=k style='display:none'>{LINK}</div><script>getElementById('k').style.display='block'</script>"
    assert kinds(markup) == [None]


def test_thousands_of_children_of_a_closed_section_cost_no_more_than_their_number():
    def cost(number):
        markup = f"<style>b{{z-index:1}}</style><details>{'<b><a href=http://evil.test/>x</a></b>' * number}</details>"
        assert set(kinds(markup)) == {None}
        return least_cpu_s(lambda: kinds(markup), enough_s=0)

    assert cost(4_000) < 20 * cost(400) + 0.3
