import pytest

from app.domain.scan_facts import Relation
from app.engines.extract.page_budget import PageBudget
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


class Clock:
    """Processor time that goes on by a step with each look at it."""

    def __init__(self, step_s):
        self.now_s, self.step_s = 0.0, step_s

    def __call__(self):
        self.now_s += self.step_s
        return self.now_s


MANY = "".join(f"<p style='display:none'><a href=//h{number}.test/>x</a></p>" for number in range(1_000))


def read_within(budget, markup=MANY):
    tree = HtmlTree(markup)
    collector = ReferenceCollector(PAGE, PAGE, lambda host: host.endswith("a.test"), budget=budget)
    TreeExtractor(tree, markup, collector).read()
    return collector


def test_references_that_there_is_no_time_to_describe_are_kept_without_a_description():
    found = read_within(PageBudget(1, 1_000, clock=Clock(step_s=0.01)))
    references = list(found.references)
    assert [reference.url for reference in references] == [f"https://h{number}.test/" for number in range(1_000)]
    assert (references[0].text, references[0].hidden, references[0].dom_path[:4]) == ("x", "display_none", "html")
    assert (references[-1].text, references[-1].hidden, references[-1].dom_path) == ("", None, "")
    assert found.is_hasty
    assert not found.overflowed


def test_what_was_found_counts_when_the_time_of_a_page_is_over():
    found = read_within(PageBudget(0.3, 0.4, clock=Clock(step_s=0.01)))
    urls = [reference.url for reference in found.references]
    assert 0 < len(urls) < 1_000
    assert urls == [f"https://h{number}.test/" for number in range(len(urls))]
    assert found.overflowed
    assert found.is_cut


def test_nothing_is_read_of_a_page_whose_time_is_over_before():
    found = read_within(PageBudget(0, 0, clock=Clock(step_s=0.01)), f"{MANY}<p style='background:url(//s.test/)'>")
    assert list(found.references) == []
    assert found.overflowed
