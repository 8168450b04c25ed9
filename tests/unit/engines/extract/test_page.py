"""Pages: what they say, where they lead, what they load and what they only mention."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from app.domain.scan_facts import Relation
from app.engines.extract.page import extract
from app.engines.scope import Scope

URL = "http://www.corp.test/dir/page.html"
HTML = ("content-type", "text/html; charset=utf-8")


def read(markup, *, headers=(), url=URL, **more):
    body = markup if isinstance(markup, bytes) else markup.encode()
    return extract(body, url=url, headers=[HTML, *headers], **more)


def found(markup, **more):
    return [(ref.url, ref.relation, ref.kind) for ref in read(markup, **more).references]


def test_a_page_says_its_title_text_and_charset():
    page = read(
        "<html><head><title> 首页\n - 公司 </title><style>.a{}</style></head><body><p>关于<b>我</b>们</p>"
        "<div>第二段<br>新行</div><script>var x;</script><ul><li>一</li><li>二</li></ul><noscript>x<b>y</b></noscript>"
        "</body></html>"
    )
    assert page.title == "首页 - 公司"
    assert page.text == "关于我们\n第二段\n新行\n一\n二"
    assert page.charset == "utf-8"


def test_text_is_cut_at_100000_characters():
    assert len(read("<p>" + "字" * 300_000).text) == 100_000


def test_links_are_own_documents_whatever_their_extension():
    page = read(
        '<a href="/a.pdf#x">1</a><a href="b.zip">2</a><area href="//m.corp.test/c"><iframe src="/f"></iframe>'
        '<a href="mailto:a@corp.test">3</a><a href="#top">4</a><a href="javascript:x()">5</a><a href="/a.pdf">6</a>'
        '<a href="http://evil.test/">7</a><img src="http://img.corp.test/x.png">'
    )
    assert page.links == (
        "http://www.corp.test/a.pdf",
        "http://www.corp.test/dir/b.zip",
        "http://m.corp.test/c",
        "http://www.corp.test/f",
    )
    assert page.own_hosts == ("img.corp.test", "m.corp.test", "www.corp.test")


def test_unfilled_templates_are_not_followed():
    page = read('<template><a href="/row">1</a></template><a href="/x/{{ id }}">2</a><a href="/y/${id}">3</a>')
    assert page.links == ()


def test_a_reference_says_where_it_stands():
    page = read(
        "<body><div>x</div><div><p>y</p>"
        '<a class="k" rel="NoFollow" title="t" href="http:\\\\evil.test\\a"> Go\n there </a>'
    )
    (ref,) = page.references
    assert ref.url == "http://evil.test/a"
    assert ref.raw == "http:\\\\evil.test\\a"
    assert (ref.relation, ref.kind, ref.rel) == (Relation.LINK, "a[href]", "nofollow")
    assert ref.dom_path == "html > body > div:nth-child(2) > a:nth-child(2)"
    assert ref.text == "Go there"
    assert ref.snippet == '<a class="k" rel="NoFollow" title="t" href="http:\\\\evil.test\\a">Go there'
    assert ref.hidden is None


def test_an_anchor_without_text_shows_what_stands_for_it():
    (ref,) = read('<a href="//evil.test/"><img alt="娱乐城"></a>').references
    assert ref.text == "娱乐城"


def test_the_first_base_decides_where_relative_urls_lead():
    page = read('<head><base href="//evil.test/x/"><base href="/y/"></head><a href="z">1</a>')
    assert page.base_url == "http://evil.test/x/"
    assert ("http://evil.test/x/z", Relation.LINK, "a[href]") in [(r.url, r.relation, r.kind) for r in page.references]


def test_a_base_that_is_no_web_address_is_ignored():
    assert read('<base href="javascript:x">').base_url == URL


def test_is_internal_decides_what_is_foreign():
    scope = Scope("www.corp.test")
    page = read('<a href="http://corp.test/">1</a><a href="/2">2</a>', is_internal=scope.contains)
    assert [ref.url for ref in page.references] == ["http://corp.test/"]
    assert page.links == ("http://www.corp.test/2",)


def test_canonical_and_sheets_are_absolute():
    page = read('<link rel=canonical href="/c"><link rel="next" href="?p=2"><link rel=stylesheet href=/s.css>')
    assert page.canonical == "http://www.corp.test/c"
    assert page.stylesheets == ("http://www.corp.test/s.css",)
    assert page.links == ("http://www.corp.test/c", "http://www.corp.test/dir/page.html?p=2")
    assert read("", headers=[("link", "</d>; rel=canonical")]).canonical == "http://www.corp.test/d"


@pytest.mark.parametrize("markup", ['<meta http-equiv="Refresh" content="0; URL=http://evil.test/">'])
def test_a_meta_refresh_is_a_redirect(markup):
    assert read(markup).meta_refresh == "http://evil.test/"
    assert found(markup) == [("http://evil.test/", Relation.REDIRECT, "meta:refresh")]


def test_an_own_meta_refresh_may_be_crawled():
    page = read('<meta http-equiv=refresh content="3;url=/next">')
    assert page.meta_refresh == "http://www.corp.test/next"
    assert page.links == ("http://www.corp.test/next",)


def test_a_script_that_sends_the_window_away_is_a_redirect():
    markup = "<script>location.href='http://evil.test/'</script>" + "<p>text</p>" * 100
    assert read(markup).script_location == "http://evil.test/"
    assert ("http://evil.test/", Relation.REDIRECT, "script:location") in found(markup)
    (sent,) = [one for one in read(markup).references if one.kind == "script:location"]
    assert [node.text() for node in LexborHTMLParser(markup).css(sent.dom_path)] == [
        "location.href='http://evil.test/'"
    ]


def test_a_redirect_in_a_function_counts_only_on_a_page_that_says_nothing():
    script = "<script>function go(){location.href='/home'}</script>"
    assert read(script).script_location == "http://www.corp.test/home"
    assert read(script + "<p>some text</p>" * 100).script_location is None


STYLES = {
    "<style>@import '//evil.test/a.css';.b{background:url(http://evil.test/b.png)}</style>": [
        ("http://evil.test/a.css", Relation.EMBED, "css:import"),
        ("http://evil.test/b.png", Relation.EMBED, "css:url"),
    ],
    '<div style="background:url(&quot;//evil.test/c.png&quot;)"></div>': [
        ("http://evil.test/c.png", Relation.EMBED, "css:url"),
    ],
}


@pytest.mark.parametrize("markup", STYLES)
def test_styles_embed(markup):
    assert found(markup) == STYLES[markup]


MENTIONS = {
    r"<script>var a='http:\/\/evil.test\/x'</script>": "script:string",
    '<script type="application/ld+json">{"@id":"http://evil.test/x"}</script>': "script:json",
    "<script>eval(atob('aHR0cDovL2V2aWwudGVzdC94'))</script>": "script:string:atob",
    '<div data-src="//evil.test/x"></div>': "data:data-src",
    "<div data-cfg='{&quot;u&quot;:&quot;http://evil.test/x&quot;}'></div>": "data:data-cfg",
    "<b onclick=\"track('http://evil.test/x')\">b</b>": "handler:onclick",
    "<!-- <a href='http://evil.test/x'>old</a> -->": "comment",
    "<!--[if lt IE 9]><script src='http://evil.test/x'></script><![endif]-->": "comment:conditional",
    "<template><a href='http://evil.test/x'>t</a></template>": "template:a[href]",
    "<template><template><img src='http://evil.test/x'></template></template>": "template:img[src]",
    '<meta property="og:image" content="http://evil.test/x">': "meta:og:image",
    '<head profile="http://evil.test/x">': "head[profile]",
}


@pytest.mark.parametrize("markup", MENTIONS)
def test_what_is_not_active_is_only_mentioned(markup):
    assert found(markup) == [("http://evil.test/x", Relation.MENTION, MENTIONS[markup])]


# In a frame, for who runs no scripts, for browsers of old, for a plug-in: shown to somebody, or run.
LIVE = {
    "<iframe srcdoc=\"<script src='http://evil.test/x'></script>\"></iframe>": (Relation.SCRIPT, "srcdoc:script[src]"),
    "<iframe srcdoc=\"<a href='http://evil.test/x'>x</a>\"></iframe>": (Relation.LINK, "srcdoc:a[href]"),
    "<noscript><img src='http://evil.test/x'></noscript>": (Relation.EMBED, "noscript:img[src]"),
    "<body><noscript><img src='http://evil.test/x'></noscript>": (Relation.EMBED, "noscript:img[src]"),
    "<body><noscript><!-- c --><p><a href='http://evil.test/x'></a></p></noscript>": (
        Relation.LINK,
        "noscript:a[href]",
    ),
    "<noscript><style>a{b:url(http://evil.test/x)}</style></noscript>": (Relation.EMBED, "css:url"),
    "<noframes><a href='http://evil.test/x'>x</a></noframes>": (Relation.LINK, "noframes:a[href]"),
    "<noembed><img src='http://evil.test/x'></noembed>": (Relation.EMBED, "noembed:img[src]"),
    "<object><param name=Movie value='http://evil.test/x'></object>": (Relation.SCRIPT, "param[value]"),
    "<math><mrow href='http://evil.test/x'><mi>x</mi></mrow></math>": (Relation.LINK, "mrow[href]"),
    "<math><mi xlink:href='http://evil.test/x'>x</mi></math>": (Relation.LINK, "mi[xlink:href]"),
}


@pytest.mark.parametrize("markup", LIVE)
def test_what_some_visitors_get_counts_as_any_other(markup):
    assert found(markup) == [("http://evil.test/x", *LIVE[markup])]


def test_a_parameter_that_names_no_address_is_none():
    assert found("<object><param name=quality value='http://evil.test/x'></object>") == []


def test_what_stands_in_a_template_s_frame_is_as_inactive_as_the_template():
    markup = "<template><iframe srcdoc=\"<a href='http://evil.test/x'>\"></iframe></template>"
    assert found(markup) == [("http://evil.test/x", Relation.MENTION, "template:a[href]")]


def test_queries_are_sent_in_the_charset_of_the_document():
    markup = '<meta charset=gbk><a href="/s?q=中国#中"></a><a href="http://evil.test/中?q=中&amp;r=\U0001f600">x</a>'
    page = extract(markup.encode("gb18030"), url="http://www.corp.test/", headers=[])
    assert page.links == ("http://www.corp.test/s?q=%D6%D0%B9%FA",)
    assert [reference.url for reference in page.references] == ["http://evil.test/%E4%B8%AD?q=%D6%D0&r=%26%23128512%3B"]


XML = {
    "application/rss+xml": (
        "<?xml version='1.0'?><rss><channel><link>http://evil.test/1</link><item><title>t</title>"
        "<guid>http://evil.test/2</guid><enclosure url='http://evil.test/3'/>"
        "<description>&lt;a href='http://evil.test/4'&gt;x&lt;/a&gt;</description>"
        "<content:encoded><![CDATA[<img src='http://evil.test/5'>]]></content:encoded></item></channel></rss>"
    ),
    "application/atom+xml": (
        "<feed><link rel='alternate' href='http://evil.test/1'/><entry><link href='http://evil.test/2'/>"
        "<content type='html'>&lt;img src='http://evil.test/3'/&gt;</content>"
        "<id>http://evil.test/4</id><author><uri>http://evil.test/5</uri></author></entry></feed>"
    ),
    "image/svg+xml": (
        "<?xml-stylesheet href='http://evil.test/1'?><svg><script href='http://evil.test/2'/>"
        "<a xlink:href='http://evil.test/3'><text>x</text></a><image href='http://evil.test/4'/>"
        "<style><![CDATA[text{fill:url(http://evil.test/5)}]]></style></svg>"
    ),
    "application/xml": (
        "<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><head>"
        "<script src='http://evil.test/1'/><title/></head><body><a href='http://evil.test/2'/>"
        "<iframe src='http://evil.test/3'/><p><img src='http://evil.test/4'/><a href='http://evil.test/5'>x</a></p>"
        "</body></html>"
    ),
}


@pytest.mark.parametrize("kind", XML)
def test_xml_is_read_as_browsers_read_it(kind):
    page = extract(XML[kind].encode(), url="http://www.corp.test/", headers=[("content-type", kind)])
    urls = {reference.url for reference in page.references if reference.relation is not Relation.MENTION}
    assert urls == {f"http://evil.test/{number}" for number in range(1, 6)}


def test_a_policy_in_a_meta_element_is_a_mention():
    markup = '<meta http-equiv="Content-Security-Policy" content="img-src https://evil.test/x">'
    assert found(markup) == [("https://evil.test/x", Relation.MENTION, "meta:csp:img-src")]


def test_a_declarative_shadow_root_is_as_active_as_the_page():
    markup = '<div><template shadowrootmode="open"><a href="http://evil.test/x">s</a></template></div>'
    assert found(markup) == [("http://evil.test/x", Relation.LINK, "a[href]")]


def test_own_hosts_in_scripts_policies_and_headers_are_names_for_the_discovery():
    page = read(
        "<script>var api='https://api.corp.test/v1'</script>",
        headers=[("content-security-policy", "img-src *.static.corp.test")],
    )
    assert page.references == ()
    assert page.own_hosts == ("api.corp.test", "static.corp.test", "www.corp.test")


def test_header_references_belong_to_the_page():
    assert found("", headers=[("link", "<http://evil.test/x>; rel=preload"), ("refresh", "0;http://evil.test/r")]) == [
        ("http://evil.test/x", Relation.EMBED, "header:link"),
        ("http://evil.test/r", Relation.REDIRECT, "header:refresh"),
    ]


def test_a_nesting_bomb_costs_little_and_loses_nothing():
    markup = "<div>" * 60_000 + '<a href="http://evil.test/deep">x</a>'
    assert "http://evil.test/deep" in [url for url, _, _ in found(markup)]


def test_a_link_farm_is_cut_at_20000_references():
    markup = "".join(f'<a href="http://h{number}.evil.test/">{number}</a>' for number in range(21_000))
    assert len(read(markup).references) == 20_000


def test_a_page_without_a_body_is_read():
    assert read("").title == ""
    assert read("<frameset><frame src='http://evil.test/'></frameset>").text == ""


PIECES = st.sampled_from(
    [
        "<a href='http://evil.test/'>", "</a>", "<div style='display:none'>", "</div>", "<script>", "</script>",
        "<style>", "</style>", "<!--", "-->", "<template>", "</template>", "<svg>", "<table>", "<td background=x>",
        "&#0;", "\x00",
        "<img srcset='a 1x,", "url(", "@import", "<noscript>",
        "<base href=//x>", "<meta http-equiv=refresh content=0;x>",
        "<iframe srcdoc='<a href=x>'>", "<title>", "<plaintext>", "location='x'", "\ufffd", "<marquee width=0>", "<",
    ]
)  # fmt: skip


@settings(max_examples=200)
@given(st.lists(PIECES, max_size=25).map("".join))
def test_no_markup_raises(markup):
    page = read(markup)
    assert all(ref.url.startswith(("http://", "https://")) for ref in page.references)


@given(st.binary(max_size=300), st.sampled_from(["", "text/html; charset=utf-16", "text/html; charset=gbk"]))
def test_no_bytes_raise(body, content_type):
    extract(body, url=URL, headers=[("content-type", content_type)])
