"""One notion of what a visitor can read."""

import pytest

from app.engines.html.tree import HtmlTree
from app.engines.html.visible_text import MAX_TEXT, visible_text
from tests.support.cpu_time import least_cpu_s


def text_of(markup):
    return visible_text(HtmlTree(markup))


@pytest.mark.parametrize(
    ("markup", "text"),
    {
        "赌<b>博</b>网站": "赌博网站",
        "<b>click</b> <b>here</b>": "click here",
        "<p>one<p>two": "one\ntwo",
        "<div>a<div></div>b</div>": "a\nb",
        "<div><p>a<b></b></p>b</div>": "a\nb",
        "a<br>b<hr>c": "a\nb\nc",
        "<ul><li>一<li>二</ul>": "一\n二",
        "<table><tr><td>1<td>2</table>": "1\n2",
        "<p>a&nbsp;&nbsp; b\n c</p>": "a b\nc",
        "<textarea>typed</textarea>": "typed",
    }.items(),
)
def test_inline_elements_do_not_part_words_and_blocks_do(markup, text):
    assert text_of(markup) == text


@pytest.mark.parametrize(
    "markup",
    [
        "<script>x</script><style>y</style>",
        "<noscript><p>x</p></noscript>",
        "<template>x</template>",
        "<div hidden>x<p>y</p></div>",
        "<svg><text>x</text></svg>",
        "<datalist><option>x</datalist>",
        "<iframe>x</iframe><noembed>y</noembed>",
        "<title>x</title>",
    ],
)
def test_what_nobody_sees_is_no_text(markup):
    assert text_of(f"<body>before{markup}after").replace("\n", "") == "beforeafter"


def test_text_is_bounded():
    assert len(text_of("<p>word " * 200_000)) <= MAX_TEXT


@pytest.mark.parametrize("markup", ["<div hidden>" * 1_000, "<noscript><b>" * 500])
def test_what_nests_inside_itself_costs_little(markup):
    assert least_cpu_s(lambda: text_of(markup * 20), enough_s=1) < 1
