"""Forty pages that were made to cost whoever reads them, each at most 5 MiB. Made by code, by name."""

from collections.abc import Callable

MAX = 5 * 1024 * 1024
LINK = "<a href=http://away.test/>away</a>"


def fill(piece: str, size: int = MAX - 2_000) -> str:
    """The piece as often as it fits."""
    return piece * (size // len(piece.encode()))


def numbered(make: Callable[[int], str], size: int = MAX - 2_000) -> str:
    """Pieces that differ."""
    parts, length, number = [], 0, 0
    while length < size:
        parts.append(make(number))
        length += len(parts[-1])
        number += 1
    return "".join(parts)[:size]


def style(css: str) -> str:
    return f"<style>{css}</style>{LINK}"


def script(code: str) -> str:
    return f"<script>{code}</script>{LINK}"


PAGES: dict[str, Callable[[], str]] = {
    # Attributes
    "attributes": lambda: "<div " + numbered(lambda n: f"a{n}=1 ") + ">" + LINK,
    "attributes_quoted": lambda: "<div " + numbered(lambda n: f"a{n}='>' ") + ">" + LINK,
    "attributes_open": lambda: fill("<a b='c "),
    "attributes_styled": lambda: fill("<a style='left:-999px;position:absolute' href=http://away.test/>x</a>"),
    "attribute_long": lambda: f"<a href='http://away.test/{'a' * (MAX - 100)}'>x</a>",
    "attribute_srcset": lambda: f"<img srcset='{fill('a 1x,', MAX - 100)}'>",
    "attribute_data": lambda: fill('<b data-x="//away.test/\'">'),
    "attribute_base": lambda: f"<base href='/{'a' * 140_000}/'>" + numbered(lambda n: f"<a href=l{n}>", 20_000),
    # Digits
    "digits_length": lambda: f"<a style='overflow:hidden;width:{'0' * (MAX - 200)}x' href=http://away.test/>x</a>",
    "digits_sheet": lambda: style("a{order:" + "9" * (MAX - 200) + ";display:none}"),
    "digits_colours": lambda: style(fill("a{color:rgb(" + "9" * 5_000 + ",0,0)}")),
    "digits_reference": lambda: f"<b data-x='//away.test/&#{'9' * (MAX - 200)};'>" + LINK,
    "digits_text": lambda: "<p>" + "0" * (MAX - 200),
    "digits_refresh": lambda: f"<meta http-equiv=refresh content='{'0' * (MAX - 200)}'>",
    # Selectors
    "selectors_has": lambda: style("div" + ":has(a)" * 30 + "{display:none}") + "<div>" * 900 + LINK,
    "selectors_nested_has": lambda: style("div:has(" * 30 + "a" + ")" * 30 + "{display:none}") + "<div>" * 900 + LINK,
    "selectors_not": lambda: style(":not(" * 100_000 + "a" + ")" * 100_000 + "{display:none}"),
    "selectors_blanks": lambda: style(".x * * * *{display:none}") + "<div>" * 900 + LINK,
    "selectors_siblings": lambda: style(".x ~ * ~ * ~ *{display:none}") + "<br>" * 50_000 + LINK,
    "selectors_many": lambda: (
        style(numbered(lambda n: f"a b.c{n} i{{display:none}}", 2_000_000)) + fill("<i>", 900_000)
    ),
    "selectors_list": lambda: style(fill("a,b,", 1_000_000) + "a{display:none}") + LINK,
    # Nesting
    "nesting_div": lambda: fill("<div>"),
    "nesting_table": lambda: fill("<table><tr><td>"),
    "nesting_formatting": lambda: fill("<b><i><a href=http://away.test/>"),
    "nesting_form": lambda: fill("<p><b><font color=white>"),
    "nesting_svg": lambda: fill("<svg><foreignObject>"),
    "nesting_template": lambda: fill("<template><a href=http://away.test/>"),
    "nesting_calc": lambda: style("a{width:" + "calc(" * 500_000 + "1" + ")" * 500_000 + "}"),
    "nesting_blocks": lambda: style(fill("@media{", 3_000_000)),
    "nesting_srcdoc": lambda: fill("<iframe srcdoc='<iframe srcdoc=\"<a href=http://away.test/>\">'>"),
    # Entities
    "entities": lambda: "<p>" + fill("&amp;&#x41;&notit;"),
    "entities_open": lambda: f"<b data-x='{fill('&am', MAX - 200)}//away.test/'>",
    "entities_script": lambda: script('"' + fill("\\u0041\\x41\\/") + '"'),
    # Bait for regular expressions
    "bait_urls": lambda: script('"' + fill("http://a.a.a.a.a.a.a.a.a.a.") + '"'),
    "bait_user": lambda: script('"' + fill("http://a-a-a-a-a") + '"'),
    "bait_location": lambda: fill(f"<script>{fill('{location=1;/*', 60_000)}</script>"),
    "bait_written": lambda: fill(f"<script>document.write('{fill('<a style=display:none>', 60_000)}')</script>"),
    "bait_hidden_names": lambda: fill(
        "<script>"
        + numbered(lambda n: f"var a{n}=getElementById('x{n}');a{n}.style.display='none';", 60_000)
        + "</script>"
    ),
    "bait_comments": lambda: fill("<!-- //away.test/ [if "),
    "bait_tags": lambda: "<" + "a" * (MAX - 100),
    "bait_meta": lambda: f"<meta name=x content='{fill(' //away.test/b', MAX - 200)}'>",
    "bait_spread": lambda: "<p>" + fill("赌 博 "),
    "bait_urgency": lambda: "<title>" + "0" * 100_000 + "</title><p>" + fill("your browser 0 virus ", 5_000_000),
    "bait_lexicon": lambda: "<p>" + fill("poker casino bet 赌场 彩票 "),
    "bait_phrase": lambda: fill("<input name='seed phrase' placeholder='enter your '><textarea>"),
}
