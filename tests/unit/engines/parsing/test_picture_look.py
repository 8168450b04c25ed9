"""One picture looks the same in every size and format, other pictures do not, and hostile ones are none."""

import struct
import zlib
from base64 import b64decode
from io import BytesIO
from itertools import combinations

import pytest
from PIL import Image, ImageDraw

from app.engines.analyse.structure.looks import distance, is_same
from app.engines.parsing.picture_look import THUMBNAIL, look_of, page_look_of, thumbnail_of
from app.engines.pipeline.analysis.appearance_index import MAX_DISTANCE
from tests.support.screens import SIZE, betting_hall, plain_text, stolen_form
from tests.support.screens import written as screen


def drawn(shape="ellipse", colour="crimson", *, side=64, ground=(0, 0, 0, 0)):
    picture = Image.new("RGBA", (side, side), ground)
    draw = ImageDraw.Draw(picture)
    place = (side // 8, side // 4, side * 7 // 8, side * 7 // 8)
    if shape == "ellipse":
        draw.ellipse(place, colour)
    elif shape == "triangle":
        draw.polygon([(side // 2, side // 8), (side // 8, side * 7 // 8), (side * 7 // 8, side * 5 // 8)], colour)
    else:
        draw.rectangle((0, 0, side // 2, side // 2), colour)
    return picture


def written(picture, kind="PNG", **options):
    out = BytesIO()
    (picture.convert("RGB") if kind in ("JPEG", "BMP") else picture).save(out, kind, **options)
    return out.getvalue()


def on_white(picture):
    return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)


@pytest.mark.parametrize("side", [16, 32, 48, 180])
@pytest.mark.parametrize("kind", ["PNG", "ICO", "GIF", "WEBP", "BMP", "JPEG"])
def test_size_and_format_do_not_matter(kind, side):
    usual = look_of(written(drawn()))
    side = max(side, 32) if kind == "JPEG" else side  # nobody writes icons so small as photographs
    scaled = drawn().resize((side, side), Image.Resampling.LANCZOS)
    other = look_of(written(on_white(scaled) if kind in ("JPEG", "BMP", "GIF") else scaled, kind))
    assert len(usual) == 38
    assert is_same(usual, other), distance(usual, other)


@pytest.mark.parametrize(
    "other",
    [drawn("triangle"), drawn("square"), drawn(colour="navy"), drawn(ground="black")],
    ids=["triangle", "square", "navy", "on_black"],
)
def test_another_shape_or_colour_is_another_look(other):
    assert not is_same(look_of(written(drawn())), look_of(written(other)))


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def claimed(width, height):
    """A PNG that says to be so large."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\x00\x00\x01\x00\xff\xff" + b"\xff" * 200,
        written(drawn())[:90],
        claimed(60_000, 60_000),
        claimed(100, 100),
        written(Image.new("RGB", (64, 64), "white")),
        written(drawn(side=7)),
    ],
    ids=["nothing", "svg", "ico", "cut", "bomb", "no_pixels", "blank", "tiny"],
)
def test_what_is_no_picture_or_shows_nothing_has_no_look(body):
    assert look_of(body) is None


# Screenshots of pages

NOTICE = ["Welcome to nginx!", "If you see this page, the web server is successfully installed.", "Thank you."]
PROSE = ["The council met on Tuesday and heard the report of the treasurer. " * 3] * 40


@pytest.mark.parametrize("draw", [betting_hall, stolen_form])
def test_a_kit_is_known_in_other_words_and_colours(draw):
    looks = [page_look_of(draw(number)) for number in range(4)]
    assert None not in looks
    assert max(one.distance(other) for one, other in combinations(looks, 2)) <= MAX_DISTANCE


def test_another_kit_is_another():
    halls, forms = ([page_look_of(draw(number)) for number in range(4)] for draw in (betting_hall, stolen_form))
    assert min(hall.distance(form) for hall in halls for form in forms) > MAX_DISTANCE + 0.2


@pytest.mark.parametrize(
    "screen",
    [
        plain_text([]),
        plain_text([], ground="midnightblue"),
        plain_text(NOTICE),
        plain_text(["404 Not Found"], size=40),
        plain_text(["Coming soon"], ink="white", ground="black", size=120),
        plain_text(PROSE),
        plain_text(PROSE, ink="white", ground="black"),
        screen(Image.linear_gradient("L").resize(SIZE)),
        screen(Image.linear_gradient("L").rotate(45).resize(SIZE)),
        screen(Image.radial_gradient("L").resize(SIZE)),
    ],
    ids=["blank", "coloured", "notice", "error", "soon", "prose", "white_prose", "gradient", "diagonal", "radial"],
)
def test_what_shows_too_little_has_no_look(screen):
    assert page_look_of(screen) is None


@pytest.mark.parametrize("data", [b"", b"\xff\xd8picture", b"GIF89a" + bytes(100), betting_hall()[:3_000]])
def test_what_is_no_picture_has_no_look(data):
    assert page_look_of(data) is None


def test_one_that_would_fill_the_memory_is_not_decoded():
    out = BytesIO()
    Image.new("1", (20_000, 20_000)).save(out, "PNG")
    assert page_look_of(out.getvalue()) is None


def test_a_thumbnail_is_a_small_jpeg_and_nothing_of_what_is_no_picture():
    made = thumbnail_of(written(drawn(side=1200)))
    with Image.open(BytesIO(b64decode(made))) as small:
        assert (small.format, max(small.size)) == ("JPEG", THUMBNAIL)
    assert thumbnail_of(b"<html>no picture") is None
    assert thumbnail_of(written(drawn())[:40]) is None
