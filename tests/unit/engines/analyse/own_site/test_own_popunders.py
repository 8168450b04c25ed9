"""Windows that open at a click that was meant for something else."""

import pytest

from app.domain.tampering import TamperSign
from app.engines.analyse.own_site.own_popunders import examine_popunders, opens
from app.engines.html.marks import find_marks
from app.engines.html.own_page import OwnText

URL = "https://www.school.test/"
CODE = (
    "!function(p,w){var last='_l';function go(){if(w.sessionStorage[last])return;w.sessionStorage[last]=1;"
    "w.open('https://ads.bad.test/?z=4')}p.addEventListener('mousedown',go,true)}(document,window);"
)
ARROW = (
    "const d = document;\nd.addEventListener('touchstart', () => { if (localStorage.x) return; localStorage.x = 1;"
    " window.open(u) }, {once: true});\nconst u = 'https://ads.bad.test/?z=4';"
)


def leads_to(code, partner=""):
    scripts = [OwnText(code, "html > script")]
    found = list(examine_popunders(scripts, URL, lambda host: host == partner))
    assert {one.sign for one in found} <= {TamperSign.SCRIPT_REDIRECTS}
    return [address for one in found for address in one.leads_to]


@pytest.mark.parametrize("code", [CODE, ARROW, CODE.replace("p.addEventListener", "p.body.addEventListener")])
def test_a_window_of_a_foreign_host_opens_wherever_somebody_clicks(code):
    assert leads_to(code) == ["https://ads.bad.test/?z=4"]
    assert opens(find_marks(code.lower().encode()))


@pytest.mark.parametrize(
    "code",
    [
        CODE.replace("ads.bad.test", "help.school.test"),
        CODE.replace("p.addEventListener", "p.getElementById('book').addEventListener"),
        CODE.replace("p.addEventListener", "button.addEventListener"),
        CODE.replace("function go(){", "function go(e){if(!e.target.closest('a.out'))return;"),
        CODE.replace("if(w.sessionStorage[last])return;w.sessionStorage[last]=1;", ""),  # a panel of a shop
        CODE.replace("w.open(", "track("),
        CODE.replace("mousedown", "scroll"),
    ],
)
def test_own_pages_buttons_chosen_links_and_counters_are_none(code):
    assert leads_to(code) == []


def test_the_window_of_a_partner_is_none():
    assert leads_to(CODE, "ads.bad.test") == []
    assert not opens(find_marks(b"document.addEventListener('click',menu)"))
