"""Addresses in speculation rules."""

import json

import pytest

from app.engines.extract.speculation import MAX_URLS, speculated_urls


def test_the_addresses_of_both_kinds_are_given():
    rules = {
        "prefetch": [{"urls": ["https://a.test/1", "/own"]}, {"where": {"href_matches": "https://c.test/*"}}],
        "prerender": [{"source": "list", "urls": ["https://b.test/"]}],
        "urls": ["https://none.test/"],
    }
    assert list(speculated_urls(json.dumps(rules))) == ["https://a.test/1", "/own", "https://b.test/"]


@pytest.mark.parametrize(
    "code",
    [
        "",
        "x",
        "[]",
        '{"prefetch":7}',
        '{"prefetch":[7]}',
        '{"prefetch":[{"urls":7}]}',
        '{"prefetch":[{"urls":[7,null]}]}',
    ],
)
def test_what_has_another_shape_gives_nothing(code):
    assert list(speculated_urls(code)) == []


def test_a_rule_gives_a_limited_number():
    code = json.dumps({"prefetch": [{"urls": [f"/{at}" for at in range(MAX_URLS + 50)]}]})
    assert len(list(speculated_urls(code))) == MAX_URLS
