"""Charsets: twelve ways in which pages say, or do not say, how they are written; none may end in mojibake."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.html.charset import decode

ZH = "我们是一家从事网络安全的公司，欢迎新老客户前来咨询。首页 关于我们 联系方式"
TW = "我們是一家專業從事網路安全的公司，歡迎新老客戶前來諮詢。首頁 關於我們 聯絡方式"
JA = "私たちはネットワークの会社です。東京に本社があります。お問い合わせください。"
KO = "우리는 네트워크 보안을 전문으로 하는 회사입니다. 본사는 서울에 있습니다."
FR = "Nous sommes une société spécialisée, créée à Paris. Ça déçoit à peine."


def page(text: str, codec: str, declared: str = "") -> bytes:
    meta = f'<meta charset="{declared}">' if declared else ""
    return f"<!doctype html><html><head>{meta}<title>{text}</title></head><body><p>{text}</p></body></html>".encode(
        codec
    )


FIXTURES = {
    "bom_beats_the_header": (b"\xef\xbb\xbf" + page(ZH, "utf-8"), "text/html; charset=gbk", ZH, "utf-8"),
    "utf16_with_mark": (b"\xff\xfe" + page(ZH, "utf-16-le"), "text/html", ZH, "utf-16le"),
    "utf16_big_endian_without_mark": (page(ZH, "utf-16-be"), "text/html", ZH, "utf-16be"),
    "header_says_gbk": (page(ZH, "gbk"), "text/html; charset=GBK", ZH, "gb18030"),
    "meta_says_gb2312_with_a_gbk_character": (page(ZH + "镕喆", "gbk", "gb2312"), "text/html", ZH + "镕喆", "gb18030"),
    "gb18030_four_bytes": (page(ZH + "㐀𠀀", "gb18030", "gb18030"), "", ZH + "㐀𠀀", "gb18030"),
    "big5_in_meta": (page(TW, "big5", "big5"), "text/html", TW, "big5"),
    "header_latin1_but_gbk": (page(ZH, "gbk", "gbk"), "text/html; charset=ISO-8859-1", ZH, "gb18030"),
    "meta_gb2312_but_utf8": (page(ZH, "utf-8", "gb2312"), "text/html", ZH, "utf-8"),
    "header_utf8_but_gbk_without_meta": (page(ZH, "gbk"), "text/html; charset=utf-8", ZH, "gb18030"),
    "nothing_said_gbk": (page(ZH, "gbk"), "text/html", ZH, "gb18030"),
    "nothing_said_big5": (page(TW, "big5"), "text/html", TW, "big5"),
    "meta_gb2312_but_big5": (page(TW, "big5", "gb2312"), "text/html", TW, "big5"),
    "meta_big5_but_gbk": (page(ZH, "gbk", "big5"), "text/html", ZH, "gb18030"),
    "shift_jis": (page(JA, "cp932", "shift_jis"), "text/html", JA, "shift_jis"),
    "euc_jp_undeclared": (page(JA, "euc_jp"), "text/html", JA, "euc-jp"),
    "iso_2022_jp": (page(JA, "iso2022_jp", "iso-2022-jp"), "text/html", JA, "iso-2022-jp"),
    "korean_undeclared": (page(KO, "cp949"), "text/html", KO, "euc-kr"),
    "french_latin1": (page(FR, "latin-1", "iso-8859-1"), "text/html", FR, "windows-1252"),
    "french_latin1_declared_utf8": (page(FR, "latin-1"), "text/html; charset=utf-8", FR, "windows-1252"),
    "utf8_undeclared": (page(ZH, "utf-8"), "text/html", ZH, "utf-8"),
    "css_charset_rule": ('@charset "gbk"; .a{content:"联系我们"}'.encode("gbk"), "text/css", "联系我们", "gb18030"),
}


@pytest.mark.parametrize(("body", "content_type", "text", "label"), FIXTURES.values(), ids=FIXTURES)
def test_a_page_is_read_without_mojibake(body, content_type, text, label):
    decoded, found = decode(body, content_type)
    assert text in decoded
    assert "\ufffd" not in decoded
    assert found == label


def test_a_short_gbk_text_that_is_valid_utf8_follows_its_declaration():
    assert decode("联通".encode("gbk"), "text/html; charset=gbk") == ("联通", "gb18030")


def test_a_few_broken_bytes_do_not_change_the_charset():
    body = page(ZH * 20, "utf-8", "utf-8").replace(b"</p>", b"\xe6</p>")
    text, label = decode(body, "text/html")
    assert label == "utf-8"
    assert ZH in text


def test_a_character_cut_off_by_the_size_limit_does_not_change_the_charset():
    text, label = decode(ZH.encode()[:-1], "text/html")
    assert label == "utf-8"
    assert text == ZH[:-1]


def test_a_declaration_inside_a_comment_does_not_count():
    body = b'<!-- <meta charset="big5"> --><meta charset="gbk">' + ZH.encode("gbk")
    assert decode(body, "")[1] == "gb18030"


@pytest.mark.parametrize("name", ["zlib", "idna", "unicode_escape", "rot13", "utf-7", "no-such-charset"])
def test_codecs_that_are_no_charsets_of_the_web_are_ignored(name):
    assert decode(page(ZH, "utf-8"), f"text/html; charset={name}")[0] == page(ZH, "utf-8").decode()


@given(st.binary(max_size=400), st.sampled_from(["", "text/html; charset=gbk", "charset=utf-16", "charset=big5", "x"]))
def test_no_bytes_raise(body, content_type):
    text, label = decode(body, content_type)
    assert isinstance(text, str)
    assert label
