"""One picture looks the same in every size and format, other pictures do not, and hostile ones are none."""

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image, ImageDraw

from app.engines.analyse.looks import distance, is_same
from app.engines.parsing.picture_look import look_of


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
