"""URLs that scripts put together, in the forms in which old snippets do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.extract.script_pieces import FoldingBudget, find_joined_urls
from tests.support.cpu_time import least_cpu_s

SECURE = '("https:" == document.location.protocol)'
JOINED = {
    f"""var host = ({SECURE} ? "https://ssl." : "http://www.");
    document.write(unescape("%3Cscript src='" + host + "stats.test/ga.js' %3E%3C/script%3E"));""": [
        "https://ssl.stats.test/ga.js"
    ],
    f"ga.src = ({SECURE} ? 'https://ssl' : 'http://www') + '.stats.test/ga.js';": ["https://ssl.stats.test/ga.js"],
    "lc.src = ('https:' == location.protocol ? 'https://' : 'http://') + 'cdn.chat.test/t.js'": [
        "https://cdn.chat.test/t.js"
    ],
    "x.src = location.protocol + '//cdn.' + 'chat.test/t.js'": ["https://cdn.chat.test/t.js"],
    'x.src = ["//st", "ats.exa", "mple.test/"].join("");': ["//stats.example.test/"],
    "var p='ht'+'tp'; p += 's:'; p += '//'; i.src = p + 'beacon.test' + '/b.gif?' + Math.random();": [
        "https://beacon.test/b.gif"
    ],
    r"x = 'http:\/\/a' + '.test\/x'": ["http://a.test/x"],
    "f('https://a.b' + 'c.test/' + id + '/x.js')": ["https://a.bc.test/"],
    # What is not known may be the name's end.
    'u = "https://" + host + ".example.test/x"': [],
    "v = 'https://cdn.' + 'ex' + tld": [],
    # The branch that is not taken, what stands in one piece, a list that nobody joins, a comment.
    "u = secure ? 'https://a.test/' : 'http://b' + '.test/'": [],
    "u = 'https://a.test/'; v = '//' + name": [],
    "push(['https://a', '.test/']); a + b": [],
    "// x = 'https://a' + '.test/'": [],
    "/* x = 'https://a' + '.test/'": [],
}


@pytest.mark.parametrize("code", JOINED)
def test_what_a_script_puts_together_is_found(code):
    assert [url for url, _ in find_joined_urls(code, FoldingBudget())] == JOINED[code]


def test_the_text_around_it_comes_with_it():
    ((_, text),) = find_joined_urls("w('<img src=' + '//a' + '.test/x>')", FoldingBudget())
    assert text == "<img src=//a.test/x>"


@pytest.mark.parametrize(
    "piece", ['"a"+', "(", "x=x+x;x='http://a'+x;", "'", '["a",', 'a?b:c+"x";', "`", "/*", ")]", 'f("//a.test/"+b,']
)
def test_hostile_code_is_folded_in_no_time(piece):
    code, found = "'http://'+\n" + piece * 20_000, []
    assert least_cpu_s(lambda: found.append(list(find_joined_urls(code, FoldingBudget()))), enough_s=1) <= 1
    assert len(found[0]) <= 500


@given(st.text(alphabet="h+='\"/.:()[]?,;{}\\a \n`", max_size=120))
def test_any_code_can_be_folded(code):
    for url, text in find_joined_urls(f"'//'+{code}", FoldingBudget()):
        assert url in text


def test_of_one_page_no_more_is_folded_than_it_may():
    """A small script can give four kilobytes five hundred times; a page can have hundreds of such scripts."""
    budget = FoldingBudget(left=10_000)
    code = f"a='{'/' * 3_900}';" + "z=a+a;" * 500
    assert list(find_joined_urls(code, budget)) == []
    assert budget.left <= 0
    assert list(find_joined_urls("x='//a'+'.test/x'", budget)) == []
