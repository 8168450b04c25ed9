import base64
import tracemalloc

import pytest

from app.engines.html.disguised_scripts import MAX_DECODED, is_disguised, undisguise
from tests.support.cpu_time import least_cpu_s

MARKUP = '<script src="http://bad.test/a.js"></script>'


def percent(text):
    return "".join(f"%{ord(character):02X}" for character in text)


@pytest.mark.parametrize(
    "code",
    [
        f'document.write(unescape("{percent(MARKUP)}"))',
        f"document.write(decodeURIComponent( '{percent(MARKUP)}' ))",
        "document.write(unescape('" + "".join(f"%u{ord(c):04x}" for c in MARKUP) + "'))",
        f"document.write(String.fromCharCode({','.join(str(ord(c)) for c in MARKUP)}))",
        f"document.write(String.fromCharCode( {' , '.join(hex(ord(c)) for c in MARKUP)} ))",
        f'document.write(atob("{base64.b64encode(MARKUP.encode()).decode()}"))',
        f"d.innerHTML=[{','.join(str(ord(c)) for c in MARKUP)}].map(c=>String.fromCharCode(c)).join('')",
        f"d.innerHTML=new TextDecoder().decode(new Uint8Array([{','.join(map(hex, MARKUP.encode()))}]))",
        f'document.write(atob("{base64.b64encode(MARKUP.encode()).decode()[::-1]}".split("").reverse().join("")))',
        "document.write('" + "".join(f"\\x{ord(c):02x}" for c in MARKUP) + "')",
        "document.write('" + "".join(f"\\u{ord(c):04x}" for c in MARKUP) + "')",
    ],
    ids=[
        "unescape",
        "decodeURIComponent",
        "utf16",
        "codes",
        "hex codes",
        "base64",
        "list",
        "bytes",
        "backwards",
        "hex",
        "unicode",
    ],
)
def test_what_a_script_writes_is_read(code):
    assert is_disguised(code)
    assert MARKUP in undisguise(code).split("\n")


def test_the_packer_is_undone():
    packed = (
        "eval(function(p,a,c,k,e,d){while(c--)if(k[c])p=p.replace(new RegExp('\\\\b'+c+'\\\\b','g'),k[c]);return p}"
        "('2.3(\\'<1 4=\"5://0.6/a.7\"></1>\\')',10,8,'bad|script|document|write|src|http|test|js'.split('|'),0,{}))"
    )
    assert undisguise(packed) == "document.write('<script src=\"http://bad.test/a.js\"></script>')"


@pytest.mark.parametrize("code", ["var a = 1;", "location.href = '/x'", "document.write('<p>x</p>')"])
def test_plain_scripts_say_nothing(code):
    assert not is_disguised(code)
    assert undisguise(code) == ""


@pytest.mark.parametrize(
    "code",
    [
        "unescape('%')" * 2_000,
        "fromCharCode(" + "1," * 200_000,
        "fromCharCode(99999999999,1,2,3,4)",
        "fromCharCode(007,08,1,2,3,4)[007,08,1,2,3,4,5,6,7,8,9,10,11]",
        "fromCharCode[" + "1," * 200_000 + "1]",
        "fromCharCode(55296,1114112,65,66,67)",
        "atob('" + "A" * 200_000 + "')",
        "function(p,a,c,k,e,d}('" + "a\\'" * 50_000,
        "function(p,a,c,k,e,d)}('zzzz zz 0',99,1,'x'.split('|')",
        "\\x41" * 60_000,
        "atob(x)" * 1_000 + 'x="' * 30_000 + "A" * 100_000,
    ],
)
def test_a_hostile_script_costs_little_and_makes_little(code):
    assert least_cpu_s(lambda: undisguise(code), enough_s=1) < 1
    assert len(undisguise(code)) <= MAX_DECODED + 1_000


def test_a_packed_word_that_stands_there_over_and_over_takes_little_memory():
    """65,000 times a word of 131,000 characters were eight gigabytes."""
    code = "eval(function(p,a,c,k,e,d){}('" + "0 " * 10_000 + "',2,2,'" + "x" * 200_000 + "|'.split('|'),0,{}))"
    tracemalloc.start()
    assert len(undisguise(code)) <= MAX_DECODED
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 10_000_000


def test_base64_that_a_name_stands_for_is_read():
    text = base64.b64encode(MARKUP.encode()).decode()
    assert MARKUP in undisguise(f'var _q="{text}";document.body.insertAdjacentHTML("beforeend",atob(_q))')
    assert undisguise(f'var _q="{text}";send(_q);atob(other)') == ""


def test_base64_of_a_list_is_read():
    text = base64.b64encode(MARKUP.encode()).decode()
    code = f'var q=["{text}","{text}"];for(var i=0;i<q.length;i++)d.innerHTML+=decodeURIComponent(escape(atob(q[i])))'
    assert undisguise(code).count(MARKUP) == 2
    assert undisguise(f'var q=["{text}"];send(q[0]);atob(other)') == ""


WORDS = ["cookie", "script", "src", "head", "appendChild"]


def listed(words, encode):
    return "[" + ",".join(f"'{encode(word)}'" for word in words) + "]"


def base64_of(text):
    return base64.b64encode(text.encode()).decode()


def test_the_words_of_a_list_that_a_function_hands_out_are_read():
    address = base64_of("//cdn.bad.test/a.js")
    halves = f",'{address[:14]}','{address[14:]}']"
    code = f"function _a(){{return {listed(WORDS, base64_of)[:-1] + halves}}}function _b(i){{return atob(_a()[i-7])}}"
    assert set(undisguise(code).split("\n")) >= {*WORDS, "//cdn.bad.test/a.js"}


def test_the_alphabet_that_begins_with_small_letters_is_read():
    alphabet = "'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/='"
    code = f"var k={listed(WORDS, lambda word: base64_of(word).swapcase())};var d={alphabet};String['fromCharCode']"
    assert undisguise(code).split("\n")[: len(WORDS)] == WORDS
    assert undisguise(code.replace("+/='", "'").replace("abcdef", "fedcba")) == ""
