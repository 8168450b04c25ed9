"""Subjects and the shipped data, read once."""

from dataclasses import replace

import pytest

from app.domain.scan_facts import Capture, Reference, Relation, ThirdParty
from app.engines.analyse.analyser import Analyser
from app.engines.analyse.structure.brands import load_brands
from app.engines.analyse.subject import Subject
from app.engines.analyse.text.lexicon import load_lexicon
from app.engines.analyse.text.normalise import Normaliser
from app.engines.html.document import HtmlDocument
from app.engines.html.page_content import read_content
from app.engines.scope import registrable_domain
from app.engines.urls import host_of


@pytest.fixture(scope="session")
def normaliser():
    return Normaliser()


@pytest.fixture(scope="session")
def lexicon(normaliser):
    return load_lexicon(normaliser)


@pytest.fixture(scope="session")
def brands():
    return load_brands()


@pytest.fixture(scope="session")
def analyser():
    return Analyser(scope_target="corp.example")


@pytest.fixture(scope="session")
def make_subject():
    def make(
        text="",
        *,
        title="",
        html="",
        url="https://www.party.example/",
        references=(),
        category="unknown",
        relation=Relation.LINK,
        hidden=0,
        **capture,
    ):
        host = host_of(url)
        domain = capture.pop("domain", registrable_domain(host))
        return Subject(
            capture=Capture(domain, host, url, url, status=200, title=title, **capture),
            third_party=ThirdParty(
                domain,
                (host,),
                category=category,
                relation=relation,
                hidden=hidden,
                example_page="https://corp.example/about",
            ),
            page=replace(read_content(HtmlDocument(html)), text=text),
            references=references,
        )

    return make


@pytest.fixture(scope="session")
def make_reference():
    def make(text="", *, hidden=None, relation=Relation.LINK, url="https://www.party.example/", page="/"):
        return Reference(
            page_url=f"https://corp.example{page}",
            url=url,
            raw=url,
            relation=relation,
            kind="a[href]",
            snippet=f'<a href="{url}">{text}</a>',
            text=text,
            hidden=hidden,
        )

    return make
