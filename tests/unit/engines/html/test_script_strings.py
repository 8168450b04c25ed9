"""What a script puts together is read as a browser would, and a hostile script costs little."""

import pytest

from app.engines.html.script_strings import put_together
from tests.support.cpu_time import least_cpu_s


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ('go("htt"+"ps:/" + \'/x.test\')', 'go("https://x.test")'),
        ("go(['a', 'b'].join('.'))", 'go("a.b")'),
        ("go('tset.x'.split('').reverse().join(''))", 'go("x.test")'),
        ("go('zxz.tzestz'.replace(/z/g, ''))", 'go("x.test")'),
        (r"go('\x2f\x2fx.test')", "go('//x.test')"),
        ("document['write'](String[\"fromCharCode\"](60))", "document.write(String.fromCharCode(60))"),
        ("go('<scr'+'ipt src=\"//x.test\">')", "go('<script src=\"//x.test\">')"),
    ],
)
def test_strings_that_are_put_together_become_one(code, said):
    assert put_together(code) == said


def test_a_name_stands_for_the_string_that_it_was_given():
    code = 'var h="https:/"+["/wb","x"].join("-")+".test";top.location=h+"/?c=1";location.replace(h);open(h)'
    said = put_together(code)
    assert 'top.location="https://wb-x.test/?c=1"' in said
    assert 'location.replace("https://wb-x.test")' in said
    assert 'open("https://wb-x.test")' in said


@pytest.mark.parametrize(
    "code",
    ["a='x';a='y';location=a", "location = next", "var n = 'x'; send(n)", "'a' + b + 'c'", "f('a').join('b')", ""],
)
def test_what_is_not_known_stays(code):
    assert put_together(code) == code


@pytest.mark.parametrize(
    "code",
    ["'a'+" * 20_000, '"' * 60_000, "['a'," * 15_000, "a='b';" * 10_000, "'" + "x" * 65_000, "'a'.replace(/" * 4_000],
)
def test_a_hostile_script_costs_little(code):
    assert least_cpu_s(lambda: put_together.__wrapped__(code), enough_s=1) < 1


@pytest.mark.parametrize(
    "code",
    [
        f"'{'a' * 500}'.replace(/a/g,'{'b' * 500}');" * 60,
        f"[{','.join([chr(34) * 2] * 200)}].join('{'b' * 500}');" * 60,
        f"n='{'a' * 500}';" + "n+'';" * 12_000,
        f"n='{'a' * 500}';" + "''+n;" * 12_000,
        f"n='{'a' * 500}';" + "location=n;" * 5_000,
    ],
)
def test_a_few_characters_do_not_become_a_long_text_over_and_over(code):
    """They became 15 million, in each of the fifty scripts of a page."""
    assert len(put_together(code)) < 10 * len(code)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("s.src=String.fromCharCode(47,47,97,46,98,47,99)", 's.src="//a.b/c"'),
        ("x=String.fromCharCode.apply(null,[0x2f,0x2f,97,46])", 'x="//a."'),
        ("String.fromCharCode(1,2,3,4)", "String.fromCharCode(1,2,3,4)"),  # no text
        ("String.fromCharCode(55296,55297,97,98)", "String.fromCharCode(55296,55297,97,98)"),
        ("String.fromCharCode(code,47,47,97)", "String.fromCharCode(code,47,47,97)"),
    ],
)
def test_numbers_of_characters_become_a_string(code, said):
    assert put_together(code) == said


def test_numbers_that_end_nowhere_cost_little():
    assert least_cpu_s(lambda: put_together("String.fromCharCode(1" + ",1" * 2_000_000), enough_s=0.5) < 0.5
    assert least_cpu_s(lambda: put_together("String.fromCharCode(1,1,1,1,1" * 100_000), enough_s=0.5) < 0.5
