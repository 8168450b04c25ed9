"""What opens when somebody clicks, where code handles that."""

import pytest

from app.domain.scan_facts import Relation
from app.engines.extract.click_targets import click_targets
from app.engines.extract.page import extract

TARGETS = {
    "location='/a'": ["/a"],
    'window.location.href = "/a"; return false': ["/a"],
    "location.assign('/a')": ["/a"],
    "document.location.replace(`/a`)": ["/a"],
    "window.open('//x.test/a', '_blank')": ["//x.test/a"],
    "open('/a')": ["/a"],
    "if (x) location='/a'; else location='/b'": ["/a", "/b"],
    r"location='http:\/\/x.test\/a'": ["http://x.test/a"],
    "location = base + '/a'": [],
    "dialog.open('/a')": [],
    "mylocation='/a'": [],
    "track('/a')": [],
}


@pytest.mark.parametrize("code", TARGETS)
def test_the_target_of_a_handler_is_found(code):
    assert list(click_targets({"onclick": code})) == [("onclick", target) for target in TARGETS[code]]


def test_an_address_that_is_code_is_read_too():
    assert list(click_targets({"href": " JavaScript:location='/a'"})) == [("href", "/a")]
    assert list(click_targets({"href": "http://x.test/?javascript:location='/a'"})) == []


def read(markup):
    return extract(markup.encode(), url="http://www.corp.test/", headers=[])


CLICKED = {
    """<div onclick="location='{}'">go</div>""": "div[onclick]",
    """<tr><td onclick="window.open('{}')">go</td></tr>""": None,
    """<a href="javascript:window.open('{}')">go</a>""": "a[href]",
    """<select onchange="location=this.value"><option value="{}">go</option></select>""": "option[value]",
}


@pytest.mark.parametrize("markup", CLICKED)
def test_a_click_that_code_handles_is_a_link(markup):
    page = read(
        f"<table>{markup}</table>".format("http://evil.test/x")
        if CLICKED[markup] is None
        else markup.format("http://evil.test/x")
    )
    (found,) = page.references
    assert (found.url, found.relation, found.kind) == (
        "http://evil.test/x",
        Relation.LINK,
        CLICKED[markup] or "td[onclick]",
    )
    own = read(f"<table>{markup}</table>".format("/next"))
    assert own.links == ("http://www.corp.test/next",)


def test_an_option_that_is_no_address_leads_nowhere():
    assert read("<select><option value=12><option value='red'><option value='a/b'></select>").links == ()
