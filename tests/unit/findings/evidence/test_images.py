"""Screenshots are encoded anew, and bombs are not decoded."""

from io import BytesIO

import pytest
from PIL import Image

from app.findings.evidence.images import MAX_BYTES, MAX_PIXELS, UnreadableImage, encode_anew, shrink


def picture(kind="JPEG", size=(64, 40), mode="RGB", **more):
    written = BytesIO()
    Image.new(mode, size).save(written, kind, **more)
    return written.getvalue()


@pytest.mark.parametrize(
    ("kind", "mode"), [("JPEG", "RGB"), ("JPEG", "CMYK"), ("PNG", "RGBA"), ("PNG", "P"), ("WEBP", "RGB")]
)
def test_a_picture_comes_out_as_jpeg_of_the_same_size(kind, mode):
    with Image.open(BytesIO(encode_anew(picture(kind, mode=mode)))) as image:
        assert (image.format, image.size) == ("JPEG", (64, 40))


def test_nothing_that_stood_beside_the_picture_comes_along():
    exif = Image.Exif()
    exif[0x010E] = "<script>alert(1)</script>"
    dirty = picture(exif=exif, comment=b"<script>", icc_profile=b"<script>profile") + b"<script>trailer"
    assert b"<script>" in dirty
    assert b"<script>" not in encode_anew(dirty)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html><script>alert(1)</script>",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 40,
        picture()[:200],
        b"GIF89a" + b"\0" * 50,
        b"\0" * (MAX_BYTES + 1),
        picture("BMP"),
    ],
    ids=["empty", "page", "broken", "cut", "other format", "too long", "unwanted format"],
)
def test_what_is_no_screenshot_is_refused(data):
    with pytest.raises(UnreadableImage):
        encode_anew(data)


@pytest.mark.parametrize(
    ("drawn", "size"), [((0, 0, 300, 100), (312, 112)), ((0, 0, 20, 20), (200, 80)), (None, (200, 80))]
)
def test_the_empty_right_and_bottom_of_a_page_can_be_cut_off(drawn, size):
    written, page = BytesIO(), Image.new("RGB", (800, 600), "white")
    if drawn is not None:
        page.paste((0, 0, 0), drawn)
    page.save(written, "PNG")
    assert shrink(written.getvalue(), width=960, least=(200, 80))[1:] == size
    assert shrink(written.getvalue(), width=960)[1:] == (800, 600)


def test_a_bomb_is_refused_by_what_its_header_says(monkeypatch):
    side = int(MAX_PIXELS**0.5) + 1
    bomb = picture("PNG", (side, side), "1")
    assert len(bomb) < 100_000
    monkeypatch.setattr(Image.Image, "convert", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(UnreadableImage, match="pixels"):
        encode_anew(bomb)
