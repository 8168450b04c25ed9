"""Appearance of images as numbers, which change little when an image is scaled or converted.

Of the screenshot of a page that is its layout: what is left without its texts, names and colours.

To be run in a process that reads what strangers wrote: decoding is the work of libraries in C.
"""

from base64 import b64encode
from io import BytesIO
from typing import Final

from PIL import Image, ImageStat

from app.domain.page_looks import ACROSS, DOWN, PageLook

FORMATS: Final = ("PNG", "ICO", "JPEG", "GIF", "WEBP", "BMP")
MAX_PIXELS: Final = 4_000_000  # before anything is decoded; a screenshot has a million, an icon some thousand
THUMBNAIL: Final = 768  # pixels: models see pictures in tiles of about that size
THUMBNAIL_QUALITY: Final = 75  # some 100 KiB
MIN_SIDE: Final = 8  # pixels
SIDE: Final = 8  # brightness is compared from place to place on a grid of this size
FIRST_SIDE: Final = 64  # every picture is made that large first, so that its own size matters less
MARGIN: Final = 4  # of 255: flat areas are equal, whatever noise a format leaves in them
MIN_CONTRAST: Final = 8.0  # standard deviation of brightness below which there is nothing to recognise
# Pages that show less are all alike: blank and unstyled ones, notices, errors, sheets of text, a title on a gradient.
# docs/analysis.md has the numbers.
MIN_DETAIL: Final = 96  # steps that are not flat, of 320
MIN_TURNS: Final = 54  # of these, that go another way than the step before
MIN_SPREAD: Final = 18.0  # standard deviation of the brightness of the places, of 255
_WHITE: Final = (255, 255, 255, 255)
_BOMBS: Final = (Image.DecompressionBombError, Image.DecompressionBombWarning)  # the latter where warnings are errors


def look_of(data: bytes) -> str | None:
    """Return 38 hexadecimal digits: 64 bits of differences across, 64 down (dHash), and the mean colour, a byte each of
    red, green and blue. None: no picture that is read, or one that shows nothing.
    """
    picture = _decode(data)
    if picture is None:
        return None
    grey = picture.convert("L")
    if ImageStat.Stat(grey).stddev[0] < MIN_CONTRAST:
        return None
    small = grey.resize((FIRST_SIDE, FIRST_SIDE), Image.Resampling.BOX)
    across = small.resize((SIDE + 1, SIDE), Image.Resampling.BOX).tobytes()
    down = small.resize((SIDE, SIDE + 1), Image.Resampling.BOX).tobytes()
    rows = (row * (SIDE + 1) for row in range(SIDE))
    pairs = [(across[row + column], across[row + column + 1]) for row in rows for column in range(SIDE)]
    pairs += [(down[place], down[place + SIDE]) for place in range(SIDE * SIDE)]
    bits = sum((one + MARGIN < other) << place for place, (one, other) in enumerate(reversed(pairs)))
    colour = bytes(round(value) for value in ImageStat.Stat(picture).mean)
    return f"{bits:032x}{colour.hex()}"


def page_look_of(data: bytes) -> PageLook | None:
    """Return the look of a screenshot. None: no picture that is read, or one with too little in it to be told by."""
    picture = _decode(data)
    if picture is None:
        return None
    grey = picture.convert("L")
    if ImageStat.Stat(grey.resize((ACROSS, DOWN), Image.Resampling.BOX)).stddev[0] < MIN_SPREAD:
        return None
    across = grey.resize((ACROSS + 1, DOWN), Image.Resampling.BOX).tobytes()
    down = grey.resize((ACROSS, DOWN + 1), Image.Resampling.BOX).tobytes()
    rows = (row * (ACROSS + 1) for row in range(DOWN))
    steps = [(across[row + column], across[row + column + 1]) for row in rows for column in range(ACROSS)]
    steps += [(down[place], down[place + ACROSS]) for place in range(ACROSS * DOWN)]
    look = PageLook(
        brighter=sum((one + MARGIN < other) << place for place, (one, other) in enumerate(steps)),
        darker=sum((other + MARGIN < one) << place for place, (one, other) in enumerate(steps)),
    )
    return look if look.detail >= MIN_DETAIL and look.turns >= MIN_TURNS else None


def thumbnail_of(data: bytes) -> str | None:
    """Return the picture as a JPEG in base64, at most `THUMBNAIL` pixels wide and high; None: none that is read."""
    picture = _decode(data)
    if picture is None:
        return None
    picture.thumbnail((THUMBNAIL, THUMBNAIL))
    written = BytesIO()
    picture.save(written, "JPEG", quality=THUMBNAIL_QUALITY)
    return b64encode(written.getvalue()).decode()


def _decode(data: bytes) -> Image.Image | None:
    """Return the picture on white, as browsers show one that can be seen through; of several sizes the largest."""
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS or min(image.size) < MIN_SIDE:
                return None
            seen = image.convert("RGBA")
    except (OSError, ValueError, SyntaxError, EOFError, KeyError, IndexError, TypeError, *_BOMBS):
        return None
    ground = Image.new("RGBA", seen.size, _WHITE)
    return Image.alpha_composite(ground, seen).convert("RGB")
