import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.reading_model.letter_shapes import read_plainly

IGNORE = read_plainly("ignore").text


@pytest.mark.parametrize(
    "written",
    [
        "IGNORE",
        "Іgnоrе",  # Cyrillic letters among Latin ones
        "іɡпоге",  # all but
        "ＩＧＮＯＲＥ",
        "𝕴𝖌𝖓𝖔𝖗𝖊",
        "ⓘⓖⓝⓞⓡⓔ",
        "🅸🅶🅽🅾🆁🅴",
        "🇮🇬🇳🇴🇷🇪",
        "ɪɢɴᴏʀᴇ",
        "ígñórè",
        "i\u0335g\u0335n\u0335ore",
        "ig\u200bn\u2060o\u00adre",
        "1gn0r3",
        "lgnore",
        "i g n o r e",
        "i.g.n.o.r.e",
        "".join(chr(0xE0000 + ord(letter)) for letter in "ignore"),
    ],
)
def test_what_reads_alike_is_alike(written):
    assert read_plainly(written).text == IGNORE


def test_blanks_are_one_and_words_of_one_letter_stay_apart():
    assert read_plainly("a  b\n\u3000c").text == "a b c"
    assert read_plainly("plan a or b").text == "plan a or b"


@given(st.text(max_size=200))
def test_each_character_comes_from_one_of_the_original(text):
    plain = read_plainly(text)
    assert len(plain.origins) == len(plain.text)
    assert list(plain.origins) == sorted(plain.origins)
    if plain.text:
        assert plain.quote(0, len(plain.text)) in text


def test_a_quote_is_what_was_written():
    plain = read_plainly("Say: 𝕴𝖌𝖓𝖔𝖗𝖊 it")
    start = plain.text.index(IGNORE)
    assert plain.quote(start, start + len(IGNORE)) == "𝕴𝖌𝖓𝖔𝖗𝖊"
