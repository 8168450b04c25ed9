import pytest

from app.engines.extract.scripted_hiding import script_styles, style_changes, written_markup, written_sheets
from app.engines.extract.style_sheet import sheet_of
from app.engines.html.tree import HtmlTree


def hidden_ids(markup):
    tree = HtmlTree(markup)
    hidden = script_styles(tree)
    return [node.attributes["id"] for node in tree.css("[id]") if node.mem_id in hidden]


X = '[id="x"]'


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ('document.getElementById("x").style.display = "none"', [(X, "display:none")]),
        ("var e = document.getElementById('x'); e.style.marginLeft='-9999px'", [(X, "margin-left:-9999px")]),
        ("getElementById('x').style.cssText = 'opacity:0'", [(X, "opacity:0")]),
        ("getElementById('x').style['display'] = 'none'", [(X, "display:none")]),
        ('getElementById("x").setAttribute("style", "display:none")', [(X, "display:none")]),
        ("document.querySelector('.y').style.visibility = 'hidden'", [(".y", "visibility:hidden")]),
        ("document.querySelector('p > b').style.visibility = 'hidden'", []),
        ("getElementById('x').className = 'a b'", [(X, ".a"), (X, ".b")]),
        ("getElementById('x').classList.add('off')", [(X, ".off")]),
        ("getElementById('x').hidden = true", [(X, "display:none")]),
        ("getElementById('x').hidden = false", []),
        ("getElementById('x').remove()", [(X, "display:none")]),
        ("var n=document.getElementById('x');n.parentNode.removeChild(n)", [(X, "display:none")]),
        ('function f() { getElementById("x").style.display = "none" }', []),
        ("getElementById(x).style.display = 'none'", []),
    ],
)
def test_constant_strings_of_code_that_runs_at_once_are_read(code, changes):
    assert list(style_changes(code)) == changes


def test_strings_that_are_put_together_count_as_one():
    code = "getElementById('a'+\"b\").style['disp' + 'lay']='no'+'ne'; document.write('<i x=\"1\">' + '<b>')"
    assert hidden_ids(f"<p id=ab>x</p><script>{code}</script>") == ["ab"]


def test_what_stands_in_comments_is_no_code():
    code = "/* getElementById('a').style.display='none' */ // getElementById('a').remove()\nvar u = 'http://x//y'"
    assert hidden_ids(f"<p id=a>x</p><script>{code}</script>") == []


def test_a_class_means_what_the_sheets_say():
    tree = HtmlTree("<p id=a>x</p><script>getElementById('a').className='off'</script>")
    key = tree.css_first("#a").mem_id
    assert script_styles(tree, [sheet_of(".off{display:none}.x .off{left:-1000px}")]) == {key: {"display": "none"}}
    assert script_styles(tree) == {key: {}}


def test_what_a_script_writes_is_put_together_in_order():
    assert written_markup("document.write('<a>'); document.writeln(\"\\x3cb\\x3e\")") == "<a><b>"


def test_written_style_blocks_are_given_as_sheets():
    tree = HtmlTree("<script>document.write('<style>a{display:none}</style>')</script>")
    assert list(written_sheets(tree)) == ["a{display:none}"]


def test_what_stands_between_written_tags_is_hidden_and_what_follows_is_not():
    assert hidden_ids(
        "<body><script>document.write('<div style=\"display:none\">')</script><p id=a>x</p><p id=b>y</p>"
        "<script>document.write('</div>')</script><p id=c>z</p>"
    ) == ["a", "b"]


def test_a_written_tag_that_is_closed_at_once_hides_nothing():
    assert hidden_ids("<body><script>document.write('<div style=\"display:none\"></div>')</script><p id=a>x</p>") == []


def test_an_element_is_hidden_by_its_id_alone():
    markup = "<p id=a>x</p><p id=b>y</p><script>getElementById('a').style.visibility='hidden'</script>"
    assert hidden_ids(markup) == ["a"]
