import pytest

from app.engines.extract.hidden_texts import MAX_TEXT, hidden_texts, inline_scripts, seen_text
from app.engines.extract.page import hidden_elements
from app.engines.html.document import HtmlDocument
from tests.support.cpu_time import least_cpu_s

URL = "http://corp.test/"


def blocks(body):
    return [
        (block.text, block.hidden, block.dom_path) for block in hidden_texts(hidden_elements(HtmlDocument(body), URL))
    ]


@pytest.mark.parametrize(
    ("style", "kind"),
    [
        ("display:none", "display_none"),
        ("visibility:hidden", "visibility_hidden"),
        ("position:absolute;left:-9999px", "off_screen"),
        ("font-size:0", "zero_font"),
        ("text-indent:-9999px", "text_indent"),
    ],
)
def test_a_hidden_block_is_read_as_one_text(style, kind):
    found = blocks(f"<p>seen</p><div style='{style}'>one <b>two</b><p>three</p></div><p>seen again</p>")
    assert found == [("one two three", kind, "html > body > div:nth-child(2)")]


def test_texts_of_links_to_others_are_references_and_no_text():
    body = "<div style='display:none'>said <a href='http://b.test/'>elsewhere</a><a href='/own'>own</a></div>"
    assert [text for text, *_ in blocks(body)] == ["said own"]


def test_blocks_apart_stay_apart_and_scripts_are_no_text():
    body = "<i hidden>a</i><p>x</p><i hidden>b</i><div style='display:none'><script>c</script><style>d</style></div>"
    assert [text for text, *_ in blocks(body)] == ["a", "b"]


def test_what_is_seen_is_the_rest():
    body = "<p>seen <b>too</b></p><div style='display:none'>not <a href='http://b.test/'>this</a></div><p hidden>x</p>"
    assert seen_text(hidden_elements(HtmlDocument(body), URL)) == "seen\ntoo"


def test_deep_nesting_costs_no_more_than_its_size():
    def cost(depth):
        document = HtmlDocument("<div style='display:none'>" * depth + "<b>x</b>y" * 5_000)
        (block,) = hidden_texts(hidden_elements(document, URL))
        assert block.dom_path == "html > body > div:nth-child(1)"
        return least_cpu_s(lambda: hidden_texts(hidden_elements(document, URL)), enough_s=0)

    assert cost(400) < 3 * cost(4) + 0.1


def test_what_is_read_is_bounded():
    found = hidden_texts(
        hidden_elements(HtmlDocument("<p hidden>" + "word " * 20_000 + "</p>" + "<p hidden>more</p>" * 30), URL)
    )
    assert sum(len(block.text) for block in found) <= MAX_TEXT


def test_scripts_that_run_are_code():
    others = (
        "<script src=x>b</script><script type='application/json'>{}</script><noscript><script>c</script></noscript>"
    )
    body = f"<script>a()</script>{others}"
    document = HtmlDocument(f"<body>{body}")
    assert [(script.text, script.dom_path) for script in inline_scripts(document)] == [
        ("a()", "html > body > script:nth-child(1)")
    ]
