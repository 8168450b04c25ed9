"""The logo of reports: small pictures alone, and nothing of the file but what it shows."""

import os
from io import BytesIO

import pytest
from PIL import Image

from app.core.logo_file import LARGEST, MAX_BYTES, MAX_PIXELS, read_logo
from app.core.setting_files import UnusableFile

SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


def picture(kind="PNG", size=(64, 40), mode="RGB", **more):
    written = BytesIO()
    Image.new(mode, size).save(written, kind, **more)
    return written.getvalue()


@pytest.fixture
def logo(tmp_path):
    def write(data):
        path = tmp_path / "logo"
        path.write_bytes(data)
        return path

    return write


@pytest.mark.parametrize(
    ("kind", "mode", "kept"), [("PNG", "RGBA", "RGBA"), ("PNG", "P", "RGB"), ("JPEG", "CMYK", "RGB")]
)
def test_it_comes_out_as_png_and_stays_transparent(logo, kind, mode, kept):
    data, width, height = read_logo(logo(picture(kind, mode=mode)))
    with Image.open(BytesIO(data)) as image:
        assert (image.format, image.mode, image.size) == ("PNG", kept, (64, 40))
    assert (width, height) == (64, 40)


def test_a_large_one_is_reduced(logo):
    _, width, height = read_logo(logo(picture(size=(4_000, 1_000))))
    assert (width, height) == (LARGEST[0], LARGEST[0] // 4)


def test_nothing_that_stood_beside_the_picture_comes_along(logo):
    dirty = picture("JPEG", comment=b"<script>", icc_profile=b"<script>profile") + b"<script>trailer"
    assert b"<script>" not in read_logo(logo(dirty))[0]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "no_picture"),
        (SVG, "no_picture"),
        (b"<html>", "no_picture"),
        (picture()[:60], "no_picture"),
        (picture("GIF", mode="P"), "no_picture"),
        (b"\0" * (MAX_BYTES + 1), "too_large"),
        (picture("PNG", (MAX_PIXELS // 2_000 + 1, 2_000), "1"), "too_large"),
    ],
    ids=["empty", "SVG", "page", "cut", "other format", "too many bytes", "too many pixels"],
)
def test_what_is_no_small_picture_is_refused(logo, data, code):
    with pytest.raises(UnusableFile) as refused:
        read_logo(logo(data))
    assert refused.value.code == code


def test_what_is_no_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "none", tmp_path / "pipe", tmp_path / "a\0b"):
        with pytest.raises(UnusableFile) as refused:
            read_logo(path)
        assert refused.value.code == "unreadable"
