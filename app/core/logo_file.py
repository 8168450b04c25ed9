"""The logo of the organisation in its reports: a local file that is checked, and encoded anew."""

from io import BytesIO
from pathlib import Path
from typing import Final

from app.core.setting_files import UnusableFile, check_file, read_file

MAX_BYTES: Final = 512 << 10
MAX_PIXELS: Final = 16_000_000  # 64 MB once decoded
LARGEST: Final = (800, 400)  # pixels; it is printed 45 mm wide at most
FORMATS: Final = ("PNG", "JPEG")
MEDIA_TYPE: Final = "image/png"


def check_logo(path: Path | None, *, name: str) -> None:
    """Raise ConfigurationError for a file that is no usable logo. `name`: of the variable. None is no logo."""
    check_file(path, read_logo, name=name, about="logo.", most=MAX_BYTES >> 10)


def read_logo(path: Path) -> tuple[bytes, int, int]:
    """Return the picture as PNG without anything beside it, with its width and height in pixels. Blocking.

    Raises UnusableFile. What the header claims is checked before a pixel is decoded.
    """
    from PIL import Image  # loaded where there is a logo alone: a start takes long enough

    data = read_file(path, max_bytes=MAX_BYTES)
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise UnusableFile("too_large")
            picture = image.convert("RGBA" if image.has_transparency_data else "RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnusableFile("no_picture") from error
    picture.thumbnail(LARGEST)
    picture.info.clear()
    written = BytesIO()
    picture.save(written, "PNG")
    return written.getvalue(), picture.width, picture.height
