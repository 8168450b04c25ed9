"""A capture with its surroundings, as the layers ask for it."""

from dataclasses import replace

import pytest

from app.domain.scan_facts import Hop, HopKind


def test_the_captures_title_counts_before_that_of_the_document(make_subject):
    assert make_subject(title="captured", html="<title>document</title>").title == "captured"
    assert make_subject(html="<title>document</title>").title == "document"


def test_the_host_is_that_of_the_final_answer_and_the_chain_begins_with_it(make_subject):
    hops = (Hop("http://a.example/", 302, "", HopKind.HTTP, "http://b.example/"),)
    subject = make_subject(url="http://a.example/", hops=hops)
    moved = replace(subject, capture=replace(subject.capture, final_url="http://b.example/x"))
    assert moved.host == "b.example"
    assert moved.chain == ("b.example", "a.example")


@pytest.mark.parametrize(
    ("fields", "expected"), [({}, True), ({"dead": True}, False), ({"page_class": "parked"}, False)]
)
def test_only_a_living_page_of_its_own_is_content(make_subject, fields, expected):
    assert make_subject("text", **fields).has_content is expected
