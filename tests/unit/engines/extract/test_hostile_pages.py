"""Hostile pages: markup made to cost the parser or a pattern more than its length is worth.

Each of these took minutes with a square or exponential search; a page of 200 kB must not take a second. The bound is
wide, because machines differ; what it catches grows far beyond it.
"""

import time

import pytest

from app.engines.extract.page import extract

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
PAGES = (
    {name: fragment * (SIZE // len(fragment)) for name, fragment in REPEATED.items()}
    | {f"script_{name}": f"<script>{code}</script><a href=http://x.test/>x</a>" for name, code in SCRIPTS.items()}
    | {f"style_{name}": f"<style>{css}</style><p><a href=http://x.test/>x</a>" for name, css in STYLES.items()}
    | {"refresh": f'<meta http-equiv=refresh content="5{" " * SIZE}\x00">'}
)


@pytest.mark.parametrize("markup", PAGES.values(), ids=PAGES)
def test_a_hostile_page_costs_little(markup):
    started = time.process_time()
    extract(markup.encode(), url="http://corp.test/", headers=[("refresh", "5" + " " * 20_000 + "\x00")])
    assert time.process_time() - started < 5
