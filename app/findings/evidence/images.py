"""Screenshots that are shown: decoded and encoded anew, so that not a byte of the file is passed on to who draws it.
What is saved as evidence is the file itself.
"""

from io import BytesIO
from typing import Final

from PIL import Image, ImageChops

MEDIA_TYPE: Final = "image/jpeg"
FORMATS: Final = ("JPEG", "PNG", "WEBP")  # that a browser takes its pictures in
MAX_BYTES: Final = 16 << 20
MAX_PIXELS: Final = 40_000_000  # a screenshot has a million; 120 MB once decoded
QUALITY: Final = 85
SMALL_QUALITY: Final = 75  # in a document: some 60 KB each
TALLEST: Final = 2  # times its width, in a document
NOISE: Final = 8  # of 255: what JPEG makes of one colour
EDGE: Final = 12  # pixels that stay around what a trimmed picture shows
_BOMBS: Final = (Image.DecompressionBombError, Image.DecompressionBombWarning)  # the latter where warnings are errors


class UnreadableImage(Exception):
    """It is no image that we take, broken, or too large."""


def encode_anew(data: bytes) -> bytes:
    """Return the picture as JPEG without anything beside it (no EXIF, no profile, no comment).

    Blocking, some 20 ms for a screenshot. What the header claims is checked before a pixel is decoded.
    """
    return _as_jpeg(_decode(data), QUALITY)


def shrink(data: bytes, *, width: int, least: tuple[int, int] | None = None) -> tuple[bytes, int, int]:
    """Return the same picture for a document, at most so wide, with its width and height in pixels.

    `least`: the right and the bottom are cut off as far as they have one colour, but so many pixels stay.
    """
    picture = _decode(data) if least is None else _trim(_decode(data), least)
    picture.thumbnail((width, width * TALLEST))
    return _as_jpeg(picture, SMALL_QUALITY), picture.width, picture.height


def _decode(data: bytes) -> Image.Image:
    if len(data) > MAX_BYTES:
        raise UnreadableImage("too many bytes")
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise UnreadableImage("too many pixels")
            return image.convert("RGB")
    except (OSError, ValueError, SyntaxError, *_BOMBS) as error:
        raise UnreadableImage(str(error)) from error


def _trim(picture: Image.Image, least: tuple[int, int]) -> Image.Image:
    corner = picture.getpixel((picture.width - 1, picture.height - 1))
    ground = Image.new("RGB", picture.size, corner)
    differs = ImageChops.difference(picture, ground).convert("L").point(lambda value: 255 * (value > NOISE))
    shown = differs.getbbox() or (0, 0, 0, 0)
    right, bottom = (max(edge + EDGE, low) for edge, low in zip(shown[2:], least, strict=True))
    return picture.crop((0, 0, min(right, picture.width), min(bottom, picture.height)))


def _as_jpeg(picture: Image.Image, quality: int) -> bytes:
    written = BytesIO()
    picture.info.clear()
    picture.save(written, "JPEG", quality=quality)
    return written.getvalue()
