"""The logo of the organisation in its reports: a local file that is checked, and encoded anew."""

from io import BytesIO
from pathlib import Path
from typing import Final

from app.core.errors import ConfigurationError
from app.domain.messages import english

MAX_BYTES: Final = 512 << 10
MAX_PIXELS: Final = 16_000_000  # 64 MB once decoded
LARGEST: Final = (800, 400)  # pixels; it is printed 45 mm wide at most
FORMATS: Final = ("PNG", "JPEG")
MEDIA_TYPE: Final = "image/png"


class UnusableLogo(Exception):
    """`code`: `unreadable`, `too_large` or `no_picture`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def check_logo(path: Path | None, *, name: str) -> None:
    """Raise ConfigurationError for a file that is no usable logo: the first report would be late to say so.

    `name`: of the variable. None is no logo.
    """
    if path is None:
        return
    try:
        read_logo(path)
    except UnusableLogo as error:
        reason = english(f"logo.{error.code}", **({"most": MAX_BYTES >> 10} if error.code == "too_large" else {}))
        problems = english("labelled", what=name, text=reason)
        raise ConfigurationError(text="settings_refused", problems=problems) from None


def read_logo(path: Path) -> tuple[bytes, int, int]:
    """Return the picture as PNG without anything beside it, with its width and height in pixels. Blocking.

    Raises UnusableLogo. What the header claims is checked before a pixel is decoded.
    """
    from PIL import Image  # loaded where there is a logo alone: a start takes long enough

    data = _read(path)
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise UnusableLogo("too_large")
            picture = image.convert("RGBA" if image.has_transparency_data else "RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnusableLogo("no_picture") from error
    picture.thumbnail(LARGEST)
    picture.info.clear()
    written = BytesIO()
    picture.save(written, "PNG")
    return written.getvalue(), picture.width, picture.height


def _read(path: Path) -> bytes:
    try:
        if not path.is_file():  # a pipe would never end
            raise UnusableLogo("unreadable")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise UnusableLogo("unreadable") from error
    if len(data) > MAX_BYTES:
        raise UnusableLogo("too_large")
    return data
