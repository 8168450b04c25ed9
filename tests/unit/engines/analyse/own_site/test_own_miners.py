"""Scripts that let the visitors' computers work for somebody else."""

import pytest

from app.domain.tampering import TamperSign
from app.engines.analyse.own_site.own_miners import examine_miners
from app.engines.extract.page import extract_document
from app.engines.html.document import HtmlDocument
from app.engines.parsing.own_pages import own_page_of
from tests.support.cpu_time import least_cpu_s

URL = "https://www.school.test/"
TYPE = "text/html; charset=utf-8"
MINER = """<script>for(var i=0;i<navigator.hardwareConcurrency;i++){var w=new Worker(u);
w.postMessage({server:'wss://eu.dig.test:443',wallet:'4AxYz1234567890abcdefghijklmnopqrstuv',throttle:0.3})}</script>"""
DEMO = """<script>var w=new Worker(URL.createObjectURL(new Blob(["importScripts('https://www.school.test/h.wasm.js')"])));
w.onmessage=function(e){rate.textContent=e.data.hashesPerSecond};w.postMessage({algo:'sha-256',throttle:0.5})</script>"""


def page_of(html):
    document = HtmlDocument.decode(html.encode(), TYPE)
    return own_page_of(document, extract_document(document, url=URL, headers=[("content-type", TYPE)]), URL)


def signs(html, partner=""):
    return [one.sign for one in examine_miners(page_of(html), lambda host: host == partner)]


def test_workers_that_are_told_a_server_an_account_and_their_share_mine():
    assert signs(MINER) == [TamperSign.SCRIPT_TAKES]


@pytest.mark.parametrize(
    "html",
    [
        DEMO,
        MINER.replace("eu.dig.test", "live.school.test"),
        MINER.replace("new Worker(u)", "connect(u)"),
        # a converter of videos
        "<script>new Worker('https://cdn.codec.test/w.js').postMessage({threads:navigator.hardwareConcurrency})</script>",
    ],
)
def test_demonstrations_own_servers_and_codecs_mine_nothing(html):
    assert signs(html) == []


def test_a_host_that_the_page_names_is_a_partner():
    assert signs(MINER, "eu.dig.test") == []


ACCOUNT = """<script src="https://lib.dig.test/d.js"></script>
<script>var m=new Digger.Anonymous('kQ3zAccount0',{throttle:0.2});if(!m.isMobile()){m.start()}</script>"""


def test_an_account_that_is_mined_for_at_once_is_a_sign_whatever_the_library_is_called():
    assert signs(ACCOUNT) == [TamperSign.SCRIPT_TAKES]
    assert signs(ACCOUNT, "lib.dig.test") == []


@pytest.mark.parametrize(
    "html",
    [
        ACCOUNT.replace("if(!m", "if(confirm('Donate?')&&!m"),  # who asks is a donation
        ACCOUNT.replace("if(!m", "b.onclick=function(){if(!m"),
        ACCOUNT.replace("https://lib.dig.test", "https://www.school.test"),
        ACCOUNT.replace("{throttle:0.2}", "{name:'Ann'}"),  # a chat
        ACCOUNT.replace("m.start()", "m.render()"),
        ACCOUNT.replace("Digger.Anonymous", "Pow.Captcha"),  # a proof of work before a form
    ],
)
def test_donations_chats_and_proofs_of_work_are_none(html):
    assert signs(html) == []


def test_accounts_that_nearly_mine_cost_little():
    html = "<script>" + "new A.User('abcdefg',{" * 800 + "</script>" + "<script src=//a" * 50_000
    assert least_cpu_s(lambda: signs(html), enough_s=2) < 2


def test_many_accounts_beside_many_tags_cost_little():
    page = page_of("<script>new A.User('abcdefg',{throttle:1}).start()</script>" * 60 + "<script src=//a" * 200_000)
    assert least_cpu_s(lambda: list(examine_miners(page, lambda _: False)), enough_s=0.5) < 0.5
