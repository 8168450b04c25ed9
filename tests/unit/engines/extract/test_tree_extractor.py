import pytest

from app.domain.scan_facts import Relation
from app.engines.extract.reference_collector import ReferenceCollector
from app.engines.extract.tree_extractor import TreeExtractor
from app.engines.html.tree import HtmlTree

PAGE = "https://www.a.test/"


def read(markup, **options):
    tree = HtmlTree(markup)
    collector = ReferenceCollector(PAGE, PAGE, lambda host: host.endswith("a.test"))
    inactive = frozenset(inner.mem_id for node in tree.css("noscript") for inner in node.css("*"))
    TreeExtractor(tree, markup, collector, inactive, **options).read()
    return collector


def kinds(markup):
    return [(reference.kind, reference.relation) for reference in read(markup).references]


@pytest.mark.parametrize(
    ("markup", "kind", "relation"),
    [
        ("<a href='//b.test/'>x</a>", "a[href]", Relation.LINK),
        ("<body><noscript><img src='//b.test/'></noscript>", "noscript:img[src]", Relation.EMBED),
        ("<template><a href='//b.test/'>x</a></template>", "template:a[href]", Relation.MENTION),
        ("<iframe srcdoc=\"<a href='//b.test/'>x</a>\">", "srcdoc:a[href]", Relation.LINK),
        ("<noembed><embed src='//b.test/'></noembed>", "noembed:embed[src]", Relation.SCRIPT),
        ("<object><param name=movie value='//b.test/x.swf'></object>", "param[value]", Relation.SCRIPT),
        ("<meta http-equiv=refresh content='0;url=//b.test/'>", "meta:refresh", Relation.REDIRECT),
        ("<meta property='og:image' content='https://b.test/i'>", "meta:og:image", Relation.MENTION),
        ("<style>a{background:url(//b.test/i)}</style>", "css:url", Relation.EMBED),
        ("<p style='background:url(//b.test/i)'>", "css:url", Relation.EMBED),
        ("<script>x='https://b.test/'</script>", "script:string", Relation.MENTION),
        ('<script type=\'application/json\'>{"x":"https://b.test/"}</script>', "script:json", Relation.MENTION),
        ("<link rel=stylesheet href='//b.test/s.css'>", "link[href]", Relation.EMBED),
        ("<fencedframe src='https://b.test/'></fencedframe>", "fencedframe[src]", Relation.SCRIPT),
        (
            '<script type=speculationrules>{"prefetch":[{"urls":["https://b.test/x"]}]}</script>',
            "script:speculation",
            Relation.EMBED,
        ),
        (
            '<template><script type=speculationrules>{"prerender":[{"urls":["https://b.test/"]}]}</script></template>',
            "template:script:speculation",
            Relation.MENTION,
        ),
    ],
)
def test_a_reference_has_the_kind_of_its_place_and_the_strength_of_its_use(markup, kind, relation):
    assert kinds(markup) == [(kind, relation)]


@pytest.mark.parametrize(
    ("markup", "kind"),
    [
        ("<shown:a onclick=\"location.href='https://b.test/'\">x</shown:a>", "shown-a[onclick]"),
        ("<own:text@ onclick=\"location.href='https://b.test/'\">x</own:text@>", "own-text-[onclick]"),
        ("<meta name=x@robot content='https://b.test/'>", "meta:x-robot"),
    ],
)
def test_no_name_of_an_element_says_what_only_the_scanner_says(markup, kind):
    assert [found for found, _ in kinds(markup)] == [kind]


def test_own_documents_are_links_unless_a_template_or_a_script_would_fill_them_in():
    collector = read("<a href=/1><a href='/{{x}}'></a><template><a href=/2></a></template><img src=/3>")
    assert list(collector.links) == [f"{PAGE}1"]


def test_canonical_address_and_own_sheets_are_those_of_the_active_page():
    collector = read(
        "<link rel=canonical href=/c><link rel=stylesheet href=/s.css><link rel=stylesheet href='//b.test/s.css'>"
        "<noscript><link rel=stylesheet href=/no.css></noscript>"
    )
    assert (collector.canonical, list(collector.sheets)) == (f"{PAGE}c", [f"{PAGE}s.css"])


def test_documents_inside_documents_are_bounded_in_depth_and_number():
    markup = "<a href='//b.test/'>x</a>"
    for _ in range(6):
        markup = markup.replace("&", "&amp;").replace('"', "&quot;")
        markup = f'<iframe srcdoc="{markup}"></iframe>'
    assert kinds(markup) == []
    many = "".join(f"<iframe srcdoc=\"<a href='//b{number}.test/'>\"></iframe>" for number in range(300))
    assert len(read(many).references) == 200
