"""Headers: policies are mentions, Link and Refresh are more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.scan_facts import Relation
from app.engines.extract.headers import extract_headers

URL = "https://corp.test/dir/"
CASES = {
    ("link", '<https://cdn.test/a.css>; rel=preload; as=style, </b>; rel="next"'): [
        ("https://cdn.test/a.css", Relation.EMBED, "header:link"),
        ("https://corp.test/b", Relation.LINK, "header:link"),
    ],
    ("refresh", "0; url=http://evil.test/"): [("http://evil.test/", Relation.REDIRECT, "header:refresh")],
    (
        "content-security-policy",
        "default-src 'self' https:; script-src 'nonce-x' *.cdn.test http://a.test:8080/x blob:",
    ): [
        ("https://cdn.test/", Relation.MENTION, "header:csp:script-src"),
        ("http://a.test/x", Relation.MENTION, "header:csp:script-src"),
    ],
    ("content-security-policy-report-only", "report-uri https://report.test/r /own"): [
        ("https://report.test/r", Relation.MENTION, "header:csp:report-uri"),
        ("https://corp.test/own", Relation.MENTION, "header:csp:report-uri"),
    ],
    ("access-control-allow-origin", "https://friend.test"): [
        ("https://friend.test/", Relation.MENTION, "header:cors"),
    ],
    ("access-control-allow-origin", "*"): [],
    ("report-to", '{"group":"g","endpoints":[{"url":"https:\\/\\/report.test\\/r"}]}'): [
        ("https://report.test/r", Relation.MENTION, "header:report-to"),
    ],
    ("reporting-endpoints", 'main="https://report.test/m"'): [
        ("https://report.test/m", Relation.MENTION, "header:report-to"),
    ],
    ("sourcemap", "//maps.test/a.map"): [("https://maps.test/a.map", Relation.MENTION, "header:sourcemap")],
    ("set-cookie", "sid=secret; Path=/; Domain=.tracker.test; Secure"): [
        ("https://tracker.test/", Relation.MENTION, "header:set-cookie"),
    ],
    ("set-cookie", "a=b; domain = Login.Corp.test"): [
        ("https://login.corp.test/", Relation.MENTION, "header:set-cookie"),
    ],
    ("set-cookie", "domain=no.test; Path=/"): [],
    ("set-cookie", "a=b; Domain=localhost; Domain=; Domain=a b.test; Domain=x/y.test"): [],
    ("server", "https://evil.test/"): [],
}


@pytest.mark.parametrize(("name", "value"), CASES, ids=[name for name, _ in CASES])
def test_a_header_gives_its_references(name, value):
    found = extract_headers([(name, value)], url=URL)
    assert [(ref.url, ref.relation, ref.kind) for ref in found] == CASES[name, value]


NAMES = ["link", "refresh", "content-security-policy", "report-to", "access-control-allow-origin", "sourcemap"]


@given(st.sampled_from(NAMES), st.text(max_size=120))
def test_no_header_raises(name, value):
    extract_headers([(name, value)], url=URL)
