import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.html.document import HtmlDocument
from app.engines.html.page_content import MAX_ITEMS, PageContent, _label, read_content, read_words
from app.engines.html.visible_text import MAX_TEXT
from tests.support.cpu_time import least_cpu_s


def read(html):
    return read_content(HtmlDocument(html))


def test_the_parts_of_a_page_are_read():
    page = read(
        "<title> Shop </title><meta name=Description content='About'><meta property='og:title' content='Og'>"
        "<meta name=viewport content='width'><h1>One</h1><h2></h2><h2>Two</h2><img alt='Picture'><img alt=''>"
        "<form action='/go'><input type=hidden name=t><input type=PASSWORD name=PW placeholder='Word'>"
        "<textarea name=t2></textarea><input type=submit></form>"
    )
    assert page.title == "Shop"
    assert page.headings == ("One", "Two")
    assert page.meta == ("About", "Og")
    assert page.alts == ("Picture",)
    assert page.actions == ("/go",)
    assert [(field.type, field.hints) for field in page.fields] == [("password", "pw word"), ("textarea", "t2")]


@pytest.mark.parametrize(
    ("html", "automatic"),
    [
        ("<a href='a.EXE'>x</a>", False),
        ("<a href='a.apk?x=1'>x</a>", False),
        ("<meta http-equiv=Refresh content='0; url=a.msi'>", True),
        ("<script>window.location.href = 'https://x.example/a.exe'</script>", True),
        ('<script>location.replace("/a.apk")</script>', True),
    ],
)
def test_programs_are_found_where_they_are_linked_or_started(html, automatic):
    assert [download.automatic for download in read(html).downloads] == [automatic]


@pytest.mark.parametrize(
    "html", ["<a href='manual.pdf'>x</a>", "<a href='/exe/'>x</a>", "<script>name = 'a.exe'</script>", "<p>a.exe</p>"]
)
def test_other_files_and_mentions_are_no_programs(html):
    assert read(html).downloads == ()


def test_an_empty_document_gives_an_empty_view():
    assert read("  ") == PageContent(charset="utf-8")


def test_repeated_elements_are_bounded():
    assert len(read("<input name=a>" * 1000).fields) == MAX_ITEMS


@given(st.text(max_size=200))
def test_any_text_is_read_without_an_error(html):
    read(f"<title>{html}</title><a href='{html}.exe'>{html}</a>{html}")


def test_what_stands_deep_is_found():
    page = read("<title>t</title>" + "<div>" * 11_000 + "<input type=password name=pin><a href=x.apk>get</a>")
    assert page.title == "t"
    assert [field.type for field in page.fields] == ["password"]
    assert [download.url for download in page.downloads] == ["x.apk"]


def test_title_and_text_are_what_people_read():
    html = """<html><head><title> 标题
      二 </title><style>p{}</style></head><body><script>no()</script><p>赌<b>博</b>网站</p><ul><li>一<li>二</ul>
      <noscript>no</noscript><template>no</template><div hidden>no</div>a<br>b&nbsp;c</body></html>"""
    document = read(html)
    assert document.title == "标题 二"
    assert document.text == "赌博网站\n一\n二\na\nb c"


def test_text_is_bounded():
    document = read("<title>" + "t" * 9999 + "</title>" + "<p>word " * 200_000)
    assert len(document.text) <= MAX_TEXT
    assert len(document.title) <= 500


@pytest.mark.parametrize("html", ["", "<title>", "<body></body>", "\x00", "<frameset><frame src=x></frameset>"])
def test_odd_documents_are_read(html):
    assert read(html).text == ""


@given(st.text())
def test_no_markup_raises(html):
    read(html)
    read(f"<title>{html}</title><body>{html}")


def test_a_nesting_bomb_costs_little():
    assert least_cpu_s(lambda: read("<div>" * 100_000 + "x"), enough_s=1) < 1


def test_what_stands_deeper_than_browsers_nest_is_read_all_the_same():
    document = read("<title>t</title><p>before" + "<div>" * 11_000 + "百家乐<img src=x>")
    assert document.text == "before\n百家乐"
    assert document.has_embeds


def test_what_a_page_says_of_itself_is_read_in_lower_case_and_once():
    page = read(
        "<script type='application/ld+json'>"
        '{"@graph": [{"@type": "Hotel"}, {"@type" : ["WebPage"]}, {"@type":"Hotel"}]}'
        "</script><script>var x = {'@type': 'Casino', \"@type\": \"Script\"}</script>"
        "<meta name=Generator content='Discuz! X3.5'><meta property='og:type' content='Video.Other'>"
        "<meta name=SiteIDCode content=bm99><meta name=empty content=''><div itemscope itemtype='https://schema.org/Map'>"
    )
    assert page.declared == (
        "type:hotel",
        "type:webpage",
        "type:map",
        "generator:discuz! x3.5",
        "og:video.other",
        "meta:siteidcode",
    )


def test_a_page_cannot_say_without_end_what_it_is():
    block = "<script type='application/ld+json'>{}</script>"
    blocks = "".join(block.format(f'"@type": "A{"b" * (number % 30)}"') for number in range(5_000))
    endless = block.format('"@type": ' * 200_000)
    markup = blocks + endless + "<meta name=a content=b>" * 5_000 + "<p itemtype=x>" * 5_000
    assert least_cpu_s(lambda: read(markup), enough_s=1) < 1
    assert len(read(markup).declared) <= MAX_ITEMS


def test_icons_and_pictures_are_noted():
    page = read("<link rel='shortcut ICON' href=/a.ico><link rel=apple-touch-icon href=b.png><link rel=icon><p>x</p>")
    assert (page.icons, page.shows_pictures) == (("/a.ico", "b.png"), False)


@pytest.mark.parametrize(
    "html",
    [
        "<img src=a>",
        "<svg></svg>",
        "<canvas></canvas>",
        "<div style='background:url(a)'>",
        "<style>p{background:url(a)}",
    ],
)
def test_a_page_shows_pictures(html):
    assert read(html).shows_pictures


@pytest.mark.parametrize(
    "html",
    [
        "<label>身份证号<input name=a1></label>",
        "<label for=x>身份证号</label> <input name=a1>",
        "<table><tr><td>身份证号</td>\n<td><input name=a1></td></tr></table>",
        "<p>身份证号 <input name=a1></p>",
        "<div><label>身份证号</label></div><div><input name=a1></div>",
    ],
)
def test_what_stands_beside_a_field_tells_what_it_asks_for(html):
    assert read(html).fields[0].hints == "a1 身份证号"


@pytest.mark.parametrize(
    "html",
    [
        "<a href=/login>登录密码</a><input name=q>",  # the menu above a search
        "<p>请输入您在办理业务时预留的身份证号以及与之对应的手机号码和验证码完成核验</p><input name=q>",
        "<p>为保护账户安全，请妥善保管身份证号、手机号码、验证码和密码，不要告诉任何人 <input name=q></p>",
        "<button>密码</button><input name=q>",
    ],
)
def test_menus_and_sentences_are_no_labels(html):
    assert read(html).fields[0].hints == "q"


@pytest.mark.parametrize(
    "before", ["<i></i>" * 200_000, "x " * 900_000, f"<div>{'<b> </b>' * 200_000}</div>", "<div>" * 50_000]
)
def test_no_page_makes_the_look_for_labels_take_long(before):
    fields = list(HtmlDocument(f"<body>{before}{'<input name=pin>' * 60}").select("input"))
    assert {_label(field) for field in fields} == {""}
    assert least_cpu_s(lambda: [_label(field) for field in fields], enough_s=0.3) < 0.3


def test_a_link_that_keeps_a_program_is_a_download_whatever_its_address():
    assert [one.url for one in read("<a download=Update.js href='/get?f=1'>U</a>").downloads] == ["/get?f=1"]
    assert read("<a download=report.pdf href='/get?f=1'>U</a>").downloads == ()


def test_steps_that_show_after_a_click_are_read_where_a_command_is_copied():
    steps = "<div hidden><ol><li>Press Windows + R</li><li>Press CTRL + V</li></ol></div>"
    script = "<script>document.execCommand('copy');t='powershell -w hidden'</script>"
    assert "Windows + R" in read(steps + script).steps
    assert read(steps).steps == ""


def test_the_words_of_a_page_are_the_same_without_the_rest_of_it():
    document = HtmlDocument(
        "<title>Club</title><meta name=description content='Row with us'><p>Text</p><img alt='A boat'>"
        "<form action=/go><input name=mail></form><a href=/x>News</a>"
    )
    whole, words = read_content(document), read_words(document)
    for name in ("title", "text", "meta", "alts", "fields", "actions", "link_texts"):
        assert getattr(words, name) == getattr(whole, name) != type(getattr(whole, name))()
