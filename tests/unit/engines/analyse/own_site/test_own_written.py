import pytest

from app.domain.tampering import TamperSign
from app.engines.analyse.own_site.own_written import examine_written, writes
from app.engines.html.marks import find_marks
from app.engines.html.own_page import OwnText

URL = "https://www.school.example/"
WRITTEN = r"document.write('<a href=\"http://play.foreign.example/\">\u767e\u5bb6\u4e50</a>')"
MADE = "var a=document.createElement('a');a.href='http://play.foreign.example/';a.textContent='百家乐'"


def offer_in(text):
    return ("百家乐", ("百家乐",)) if "百家乐" in text else None


def signs(code, *, known=()):
    found = examine_written([OwnText(code, "html > script")], URL, lambda host: host in known, offer_in)
    return [(one.sign, one.leads_to, one.snippet) for one in found]


@pytest.mark.parametrize(
    "code", [WRITTEN, MADE, WRITTEN.replace("document.write(", "b.insertAdjacentHTML('beforeend',")]
)
def test_a_script_that_writes_foreign_links_with_words_of_a_trade(code):
    assert signs(code) == [(TamperSign.SCRIPT_WRITES, ("http://play.foreign.example",), "百家乐")]


@pytest.mark.parametrize(
    "code",
    [
        WRITTEN.replace("play.foreign.example", "news.school.example"),  # own links
        WRITTEN.replace(r"\u767e\u5bb6\u4e50", "Partners"),
        WRITTEN.replace("<a href", "<img src"),  # a counter
        "window.state={url:'http://play.foreign.example/',title:'百家乐'}",  # nothing is written
    ],
)
def test_own_links_partners_counters_and_states_are_none(code):
    assert signs(code) == []


def test_links_to_a_well_known_service_are_none():
    assert signs(WRITTEN, known=("play.foreign.example",)) == []


def test_pages_whose_scripts_cannot_write_are_told_by_their_marks():
    assert writes(find_marks(WRITTEN.lower().encode()))
    assert not writes(find_marks(b"window.state={}"))
