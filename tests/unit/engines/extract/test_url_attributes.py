"""The table: every element and attribute in it is found on a page, in every form; nothing else is."""

import pytest

from app.domain.scan_facts import Relation
from app.engines.extract.page import extract
from app.engines.extract.url_attributes import URL_ATTRIBUTES, UrlSyntax, link_rule

PAGE = "http://www.corp.test/dir/page.html"
FOREIGN = "http://evil.test/x"
PAIRS = [(tag, name, rule) for tag, rules in URL_ATTRIBUTES.items() for name, rule in rules.items()]
# Elements that the parser only keeps inside others.
WRAPPED = {
    "frame": "<frameset>{}</frameset>",
    "tr": "<table>{}</table>",
    "td": "<table><tr>{}</tr></table>",
    "th": "<table><tr>{}</tr></table>",
    "image": "<svg>{}</svg>",
    "feImage": "<svg>{}</svg>",
    "use": "<svg>{}</svg>",
}


def element(tag, name, value):
    markup = f'<{tag} {name}="{value}">' if tag != "script" else f'<script {name}="{value}"></script>'
    return WRAPPED.get(tag, "{}").format(markup)


def values(form, url):
    match form:
        case UrlSyntax.URL:
            return url
        case UrlSyntax.SRCSET:
            return f"/own.png 1x, {url} 2x"
        case UrlSyntax.LIST:
            return f"/own {url}"


def read(markup):
    return extract(markup.encode(), url=PAGE, headers=[("content-type", "text/html; charset=utf-8")])


@pytest.mark.parametrize(("tag", "name", "rule"), PAIRS, ids=[f"{tag}[{name}]" for tag, name, _ in PAIRS])
def test_a_foreign_url_in_the_attribute_is_a_reference(tag, name, rule):
    if (tag, name) == ("script", "xlink:href"):
        found = read(f'<svg><script {name}="{FOREIGN}"></script></svg>').references
    else:
        found = read(element(tag, name, values(rule.form, FOREIGN))).references
    assert [(ref.url, ref.kind, ref.relation) for ref in found] == [(FOREIGN, f"{tag}[{name}]", rule.relation)]
    assert found[0].page_url == PAGE
    assert found[0].snippet.startswith(f"<{tag}")
    assert found[0].dom_path.startswith("html")


@pytest.mark.parametrize(("tag", "name", "rule"), PAIRS, ids=[f"{tag}[{name}]" for tag, name, _ in PAIRS])
def test_an_own_url_in_the_attribute_is_a_link_only_when_a_crawler_may_follow_it(tag, name, rule):
    page = read(element(tag, name, "//www.corp.test/next.pdf#part"))
    assert page.references == ()
    assert page.links == (("http://www.corp.test/next.pdf",) if rule.crawl else ())
    assert page.own_hosts == ("www.corp.test",)


def test_there_are_some_forty_pairs_and_more():
    assert len(PAIRS) >= 40


@pytest.mark.parametrize(
    ("rel", "relation"),
    {
        "stylesheet": Relation.EMBED,
        "alternate stylesheet": Relation.EMBED,
        "shortcut icon": Relation.EMBED,
        "preconnect": Relation.EMBED,
        "dns-prefetch": Relation.EMBED,
        "modulepreload": Relation.SCRIPT,
        "canonical": Relation.LINK,
        "alternate": Relation.LINK,
        "author": Relation.LINK,
        "": Relation.LINK,
    }.items(),
)
def test_what_a_link_element_is_for_follows_from_its_rel(rel, relation):
    assert link_rule(rel).relation is relation
    assert read(f'<link rel="{rel.upper()}" href="{FOREIGN}">').references[0].relation is relation
