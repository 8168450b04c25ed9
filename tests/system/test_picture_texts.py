"""Texts in pictures as they are: drawn with a Chinese font, read by this machine's Tesseract, judged by the rules."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from app.cli.doctor.machine import check_picture_texts
from app.cli.doctor.result import CheckStatus
from app.domain.scan_facts import Capture, ThirdParty
from app.domain.violations import ViolationKey
from app.engines.analyse.analyser import Analyser
from app.engines.analyse.subject import Subject
from app.engines.capture.picture_reader import PictureReader, PictureUnread, find_tesseract
from app.engines.html.page_content import PageContent

pytestmark = pytest.mark.system
PATIENCE_S = 240.0  # it has the lowest priority, and the machine may be busy
FONT = "NotoSansCJK-Bold.ttc"
CASINO = ("澳门线上娱乐城", "注册送彩金 首存送100%", "真人荷官 百家乐 时时彩 北京赛车", "存款秒到账 24小时客服在线")
PUMPS = ("东方水泵有限公司", "离心泵 潜水泵 管道泵", "联系电话 010-12345678", "欢迎新老客户来厂参观")


@pytest.fixture
def reader():
    tesseract = find_tesseract()
    assert tesseract is not None, "apt-get install tesseract-ocr tesseract-ocr-chi-sim"
    return PictureReader(tesseract, timeout_s=PATIENCE_S)


def drawn(lines):
    """A picture as screenshots are: 1280 by 800, JPEG."""
    font = next(path for path in Path("/usr/share/fonts").rglob(FONT))
    picture = Image.new("RGB", (1280, 800), "darkgreen")
    draw = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        draw.text((80, 100 + 110 * number), line, "gold", ImageFont.truetype(str(font), 72 - 12 * number))
    written = BytesIO()
    picture.save(written, "JPEG", quality=70)
    return written.getvalue()


@pytest.mark.parametrize(("lines", "keys"), [(CASINO, [ViolationKey.GAMBLING]), (PUMPS, [])])
async def test_what_a_picture_says_is_read_and_judged(reader, lines, keys):
    text = await reader.read(drawn(lines))
    capture = Capture("x.test", "x.test", "https://x.test/", "https://x.test/", 200)
    subject = Subject(capture, ThirdParty("x.test", ("x.test",)), PageContent(has_embeds=True))
    analyser = Analyser(scope_target="a.test")
    assert not analyser.analyse(subject)
    assert [found.violation_key for found in analyser.analyse(replace(subject, picture_text=text))] == keys


async def test_what_is_no_picture_is_refused(reader):
    with pytest.raises(PictureUnread):
        await reader.read(b"GIF89a" + bytes(1_000))


def test_the_doctor_finds_it():
    assert check_picture_texts().state is CheckStatus.OK
