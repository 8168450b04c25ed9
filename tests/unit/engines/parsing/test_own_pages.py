from app.domain.scan_facts import Reference, Relation
from app.domain.tampering import TamperSign
from app.engines.analyse.own_site.tamper_match import TamperMatch
from app.engines.extract.page import extract_document
from app.engines.html.document import HtmlDocument
from app.engines.parsing.own_pages import own_page_of, references_of

URL = "https://www.corp.example/"


class Counted(HtmlDocument):
    """Counts the elements that were taken from it."""

    taken = 0

    def select(self, *arguments, **options):
        for node in super().select(*arguments, **options):
            self.taken += 1
            yield node


def test_a_sign_is_a_reference_of_the_page_to_itself():
    found = TamperMatch(TamperSign.HIDDEN_TEXT, "raw", "snippet", ("a", "b"), "html > body > p", "display_none")
    assert list(references_of([found], URL)) == [
        Reference(
            URL, URL, "raw", Relation.MENTION, "own:hidden_text", "html > body > p", "snippet", "a, b", "display_none"
        )
    ]


def test_where_scripts_lead_to_is_referred_to_as_well():
    writes = TamperMatch(TamperSign.SCRIPT_WRITES, "raw", "snippet", leads_to=("http://b.test/a.js",))
    sends = TamperMatch(TamperSign.SCRIPT_REDIRECTS, "raw", "snippet", leads_to=("http://c.test/",))
    led = [(one.url, one.relation, one.kind) for one in references_of([writes, sends], URL) if one.url != URL]
    assert led == [
        ("http://b.test/a.js", Relation.SCRIPT, "script:disguised"),
        ("http://c.test/", Relation.REDIRECT, "script:location"),
    ]


def test_links_with_a_text_are_judged_hidden_ones_too():
    body = "<a href=http://b.test/>b</a><a href=http://c.test/></a><a href=http://d.test/ style='display:none'>d</a>"
    document = HtmlDocument(f"<meta name=keywords content='k'><p hidden>h</p>{body}")
    page = own_page_of(document, extract_document(document, url=URL, headers=()), URL)
    assert [(link.domain, link.text, link.hidden) for link in page.links()] == [
        ("b.test", "b", None),
        ("d.test", "d", "display_none"),
    ]
    assert page.seen_text() == "b"
    assert (page.meta, page.unseen) == (("k",), "h")


def test_no_more_unseen_text_is_gathered_than_is_kept():
    document = Counted(f"<p hidden>{'x' * 15_000}</p>" * 900)
    found = extract_document(document, url=URL, headers=())
    document.taken = 0
    assert own_page_of(document, found, URL).unseen == "x" * 15_000 + "\n" + "x" * 4_999
    assert document.taken == 2


def test_text_of_nested_hidden_elements_is_gathered_once():
    document = HtmlDocument("<div hidden>" * 900 + "h")
    assert own_page_of(document, extract_document(document, url=URL, headers=()), URL).unseen == "h"
