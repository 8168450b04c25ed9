"""Hidden links: every kind in every place, what stays visible, and which of the hidden ones are a finding."""

import pytest

from app.engines.extract.page import extract

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
        "margin-left:-10000px",
        "margin:0 0 0 -5000px",
        "transform:translateX(-9999px)",
    ],
    "zero_font": ["font-size:0", "font-size:0px", "font-size:1px", "font:0/0 a"],
    "tiny_box": [
        "width:1px;height:1px;overflow:hidden",
        "height:0;overflow:hidden",
        "max-height:0;overflow-y:hidden",
        "position:absolute;clip:rect(0,0,0,0)",
        "clip:rect(1px, 1px, 1px, 1px)",
        "clip-path:inset(100%)",
        "transform:scale(0)",
    ],
    "same_colour": [
        "color:#fff;background:#ffffff",
        "color:white;background-color:rgb(255,255,255)",
        "color:#fefefe;background:#fff",
        "color:transparent",
        "color:rgba(0,0,0,0)",
    ],
    "text_indent": ["text-indent:-9999px", "text-indent:-999em"],
}
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
    "text-indent:2em",
    "transform:translate(-50%,-50%)",
    "clip:auto",
    "max-height:400px;overflow:hidden",
]


def kinds(markup, sheets=()):
    page = extract(markup.encode(), url=URL, headers=[("content-type", "text/html;charset=utf-8")], sheets=sheets)
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
    assert kinds('<p class="k"><a href="http://evil.test/">x</a>', sheets=[f".k{{{style}}}"]) == [kind]


@pytest.mark.parametrize("style", VISIBLE)
def test_what_people_see_is_not_hidden(style):
    assert kinds(f'<div style="{style}"><a href="http://evil.test/">x</a></div>') == [None]
    assert kinds(f'<style>#k{{{style}}}</style><div id="k"><a href="http://evil.test/">x</a></div>') == [None]


def test_attributes_hide_too():
    assert kinds('<div hidden><a href="http://evil.test/">x</a></div>') == ["display_none"]
    assert kinds('<marquee width="1" height="1"><a href="http://evil.test/">x</a></marquee>') == ["marquee"]
    assert kinds('<body style="background:#fff"><font color="#ffffff"><a href="http://evil.test/">x</a>') == [
        "same_colour"
    ]


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
