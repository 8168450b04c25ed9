"""Hostile pages: markup made to cost the parser or a pattern more than its length is worth.

Each of these took minutes with a square or exponential search; a page of 200 kB must not take a second. The bound is
wide, because machines differ; what it catches grows far beyond it.
"""

import pytest

from app.engines.extract.page import extract
from tests.support.cpu_time import least_cpu_s

SIZE = 200_000
REPEATED = {
    "nested_div": "<div>",
    "nested_list": "<ul><li>",
    "nested_formatting": "<p><b>",
    "nested_noscript": "<noscript><div>",
    "open_noscript": "<noscript ",
    "open_comment": "<!--",
    "open_style": "<style ",
    "nested_quote": "<blockquote cite=http://x.test/>",
    "nested_link": "<object><a href=http://x.test/>",
    "template": "<template><a href=http://x.test/>",
    "srcdoc": "<iframe srcdoc='<a href=http://x.test/>'>",
    "inline_styles": "<a style=left:-1px href=http://x.test/>",
    "srcset": "<img srcset='a,(,b'>",
    "data": "<b data-x=//x.test/>",
}
SCRIPTS = {
    "labels": "'http://" + "a." * SIZE + "'",
    "user": "'http://" + "a-" * SIZE + "'",
    "open_strings": '"//' * (SIZE // 3),
    "open_escapes": "location='/x';" + '"' + '\\"' * (SIZE // 2),
    "open_comments": "location='/x'+1;" + "/*" * (SIZE // 2),
    "locations": "{location='/x'+1;" * (SIZE // 20),
    "atob": "atob('aHR0cDovL3gudGVzdC8');" * (SIZE // 25),
    "elements": "".join(f"var a{n}=getElementById('x{n}');a{n}.style.display='none';" for n in range(4_000)),
    "written_styles": "document.write('<style>');" * (SIZE // 26),
}
STYLES = {
    "rules": "".join(f".a{number} .b{{display:none}}" for number in range(8_000)),
    "deep_selectors": "* * * * * * * * {display:none}" * 500,
    "siblings": ":not(:not(div)) ~ * ~ * ~ *{display:none}" * 300,
    "escapes": "\\61 " * (SIZE // 4) + "url(x)",
    "open_urls": "url(" * (SIZE // 4),
    "open_blocks": "@media{" * (SIZE // 7),
}
DIGITS = "9" * 5_000
# What was found by attacking: these raised, or held the interpreter for minutes.
FOUND = {
    "digits_in_a_sheet": f"<style>a{{width:{DIGITS}px;order:{DIGITS}}} b{{background:url(x{DIGITS})}}</style><a>x",
    "digits_in_a_colour": f"<style>a{{color:rgb({DIGITS},0,0);background:rgba(0 0 0/{DIGITS})}}</style><a>x",
    "digits_in_a_reference": f"<b data-x='//x.test/&#{DIGITS};&#x{DIGITS};'>",
    "digits_in_an_escaped_sheet": f"<style>\\61 {{order:{DIGITS}}}</style>",
    "digits_in_a_media_query": f"<style media='(min-width:{DIGITS}px)'>a{{display:none}}</style>",
    "zeros_in_a_length": f"<a style='width:{'0' * 20_000}x;overflow:hidden' href=http://x.test/>x",
    "zeros_in_an_opacity": f"<a style='opacity:{'0' * 20_000}x' href=http://x.test/>x",
    "nested_not": "<style>" + ":not(" * 5_000 + "a" + ")" * 5_000 + "{display:none}</style><a>x",
    "nested_calc": "<style>a{width:" + "calc(" * 5_000 + "1" + ")" * 5_000 + ";display:none}</style><a>x",
    "nested_url": "<style>\\61 " + "image(" * 5_000 + ")" * 5_000 + "</style>",
    "has_has_has": "<style>div" + ":has(a)" * 30 + "{display:none}</style>" + "<div>" * 900 + "<a href=http://x.test/>",
    "has_in_has": "<style>" + "div:has(" * 30 + "a" + ")" * 30 + "{display:none}</style>" + "<div>" * 900,
    "descendants": "<style>.x * * * *{display:none}</style>" + "<div>" * 900 + "<a href=http://x.test/>",
    "siblings": "<style>.x ~ * ~ * ~ *{display:none}</style>" + "<br>" * 9_000,
    "written_tag": "<script>document.write('<" + "a" * 60_000 + "')</script><a href=http://x.test/>",
    "written_tags": "<script>document.write('" + "<a><b></i>" * 6_000 + "')</script><a href=http://x.test/>",
    "attributes": "<div " + " ".join(f"a{number}=1" for number in range(40_000)) + ">x",
    "quoted_attributes": "<div " + " ".join(f"a{number}='>'" for number in range(40_000)) + ">x",
    "long_content": f"<meta name=x content='{' //a.test/b' * 20_000}'>",
    "long_base": f"<base href='/{'a' * 100_000}/'>" + "<a href=//x.test>" * 5_000 + "<a href=b>" * 5_000,
    "srcset_of_one": f"<img srcset='{'a,' * 100_000}'>",
}
PAGES = (
    {name: fragment * (SIZE // len(fragment)) for name, fragment in REPEATED.items()}
    | {f"script_{name}": f"<script>{code}</script><a href=http://x.test/>x</a>" for name, code in SCRIPTS.items()}
    | {f"style_{name}": f"<style>{css}</style><p><a href=http://x.test/>x</a>" for name, css in STYLES.items()}
    | FOUND
    | {"refresh": f'<meta http-equiv=refresh content="5{" " * SIZE}\x00">'}
)


@pytest.mark.parametrize("markup", PAGES.values(), ids=PAGES)
def test_a_hostile_page_costs_little(markup):
    page, headers = markup.encode(), [("refresh", "5" + " " * 20_000 + "\x00")]
    assert least_cpu_s(lambda: extract(page, url="http://corp.test/", headers=headers), enough_s=5) < 5
