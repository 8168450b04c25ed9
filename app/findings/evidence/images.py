"""Screenshots on their way to a reader: decoded and encoded anew, so that not a byte of the file is passed on."""

from io import BytesIO
from typing import Final

from PIL import Image

MEDIA_TYPE: Final = "image/jpeg"
FORMATS: Final = ("JPEG", "PNG", "WEBP")  # that a browser takes its pictures in
MAX_BYTES: Final = 16 << 20
MAX_PIXELS: Final = 40_000_000  # a screenshot has a million; 120 MB once decoded
QUALITY: Final = 85
SMALL_QUALITY: Final = 75  # in a document: some 60 KB each
TALLEST: Final = 2  # times its width, in a document
_BOMBS: Final = (Image.DecompressionBombError, Image.DecompressionBombWarning)  # the latter where warnings are errors


class UnreadableImage(Exception):
    """It is no image that we take, broken, or too large."""


def encode_anew(data: bytes) -> bytes:
    """Return the picture as JPEG without anything beside it (no EXIF, no profile, no comment).

    Blocking, some 20 ms for a screenshot. What the header claims is checked before a pixel is decoded.
    """
    return _as_jpeg(_decode(data), QUALITY)


def shrink(data: bytes, *, width: int) -> tuple[bytes, int, int]:
    """Return the same picture for a document, at most so wide, with its width and height in pixels."""
    picture = _decode(data)
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


def _as_jpeg(picture: Image.Image, quality: int) -> bytes:
    written = BytesIO()
    picture.info.clear()
    picture.save(written, "JPEG", quality=quality)
    return written.getvalue()
