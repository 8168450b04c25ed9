import json
from dataclasses import fields, replace

import pytest

from app.domain.coverage import Seen
from app.domain.scan_facts import (
    FetchError,
    FrontierUrl,
    Hop,
    HopKind,
    HostFact,
    PageFact,
    Reference,
    Relation,
    ThirdParty,
    UrlState,
)
from app.domain.third_parties import Outcome
from app.scanstore import rows
from tests.unit.scanstore.test_contract import capture, reference

HOST = HostFact("a.test", ("target", "ct"), ("127.0.0.1", "::1"), ("b.test",), http_alive=True, wildcard=True)
URL = FrontierUrl(7, "https://a.test/x", "key", "a.test", 2, "/x", 1, UrlState.DONE, Seen.JUDGED, 3)
PAGE = PageFact("https://a.test/", 0, 200, "text/html", "gbk", "标题", 10, True, FetchError.TOO_SLOW, 5, truncated=True)
PARTY = ThirdParty("b.test", ("b.test", "www.b.test"), "unknown", 3, Relation.LINK, 1, "https://a.test/")


def test_facts_come_back_as_they_went():
    assert rows.host_fact(rows.host_row(HOST)) == HOST
    assert rows.frontier_url(rows.url_row(URL)) == URL
    page = rows.stored_page((*rows.page_row(PAGE), 7))
    assert (rows.page_row(page), page.page_id) == (rows.page_row(PAGE), 7)
    assert rows.party_fact(rows.party_row(PARTY)) == PARTY
    hop = Hop("https://a.test/", 302, "127.0.0.1", HopKind.HTTP, "https://b.test/")
    assert rows.hop_fact(rows.hop_row(hop)) == hop


def test_a_reference_has_its_identity_and_its_host_in_front():
    identity, host, *columns = rows.reference_row(reference())
    assert (len(identity), host) == (16, "b.test")
    assert rows.reference_fact(tuple(columns)) == reference()
    assert identity == rows.reference_identity(reference())
    assert identity != rows.reference_identity(reference(kind="img[src]"))


REDIRECT = Reference("https://a.test/", "https://c.test/", "https://c.test/", Relation.REDIRECT, "redirect:http")
LOADED = Reference("https://a.test/", "https://c.test/x.js", "https://c.test/x.js", Relation.SCRIPT, "loaded:script")
CHAIN = ("https://b.test/tag.js", "https://a.test/")


@pytest.mark.parametrize("told", [replace(REDIRECT, via="https://b.test/"), replace(LOADED, loaded_by=CHAIN)])
def test_who_redirects_and_who_loaded_it_are_fields_of_a_reference(told):
    identity, _, *columns = rows.reference_row(told)
    assert rows.reference_fact(tuple(columns)) == told
    assert identity == rows.reference_identity(told)
    assert len({rows.reference_identity(item) for item in (told, replace(told, via="x"), REDIRECT, LOADED)}) == 4


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (replace(REDIRECT, snippet="https://b.test/"), replace(REDIRECT, via="https://b.test/")),
        (replace(LOADED, snippet=" < ".join(CHAIN)), replace(LOADED, loaded_by=CHAIN)),
        (REDIRECT, REDIRECT),
        (LOADED, LOADED),
        (replace(REDIRECT, kind="meta:refresh", snippet="https://b.test/"),) * 2,
        (replace(REDIRECT, kind="a[href]", snippet="loaded: x < y"),) * 2,
    ],
)
def test_what_the_version_before_wrote_into_the_snippet_is_read_as_its_field(written, read):
    assert rows.reference_fact(rows.reference_row(written)[2:]) == read


def test_a_reference_without_the_new_fields_keeps_the_identity_that_the_version_before_gave_it():
    assert rows.reference_identity(reference()).hex() == "86412d96369d23127eee819de6c4da24"


def test_a_reference_is_another_one_by_any_of_its_fields_but_how_often_it_is_repeated():
    told = [
        field.name for field in fields(Reference) if field.name not in ("repeats", "relation", "hidden", "loaded_by")
    ]
    others = [replace(reference(), **{name: "other"}) for name in told]
    others += [replace(reference(), loaded_by=("other",)), replace(reference(), loaded_by=("other", "other"))]
    others += [replace(reference(), relation=Relation.SCRIPT), replace(reference(), hidden=None)]
    # What stands in one field must not pass for the end of it and the next.
    others += [replace(reference(), text="ab", rel="c"), replace(reference(), text="a", rel="bc")]
    others += [replace(reference(), hidden=""), replace(reference(), hidden="-"), reference()]
    assert len({rows.reference_identity(other) for other in others}) == len(others)
    assert rows.reference_identity(replace(reference(), repeats=7)) == rows.reference_identity(reference())


def test_a_capture_survives_half_surrogates_and_files_of_earlier_versions():
    *_, body = rows.capture_row(capture())
    assert rows.capture_fact(body) == capture()
    assert rows.capture_fact(body[:-1] + ', "text": "old"}') == capture()


def test_a_third_party_comes_with_what_came_of_looking_at_it():
    seen = rows.seen_party(rows.party_row(PARTY), Outcome.GONE)
    assert (seen.domain, seen.hosts, seen.outcome) == (PARTY.domain, PARTY.hosts, Outcome.GONE)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://A.test/x", "a.test"),
        ("https://me:secret@a.test:8443?q#f", "a.test"),
        ("https://[2001:db8::1]:80/", "2001:db8::1"),
        ("//a.test./", "a.test"),
        ("mailto:me@a.test", ""),
    ],
)
def test_the_host_of_a_url_is_bare(url, host):
    assert rows.host_in(url) == host


def test_a_capture_of_another_version_is_read_without_what_this_one_does_not_know():
    found = capture()
    body = json.loads(rows.capture_row(found)[-1])
    del body["registration"]
    read = rows.capture_fact(json.dumps(body | {"text": "of an earlier one", "country": "of a later one"}))
    assert read == replace(found, registration=None)
