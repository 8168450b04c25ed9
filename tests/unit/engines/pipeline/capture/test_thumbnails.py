from base64 import b64decode

import pytest

from app.captures.port import ContentDamaged, ContentMissing
from app.engines.parsing.page_parser import PageParser
from app.engines.parsing.pool import ParserPool
from app.engines.pipeline.capture.thumbnails import Thumbnails
from tests.support.screens import betting_hall


class Contents:
    """Of a scan: what is kept under a hash, or why there is nothing."""

    def __init__(self, found):
        self._found = found

    async def get(self, _):
        if isinstance(self._found, Exception):
            raise self._found
        return self._found


@pytest.mark.parametrize(
    ("found", "is_there"),
    [
        (betting_hall(), True),
        (b"<html>no picture", False),
        (ContentMissing("a"), False),
        (ContentDamaged("a"), False),
    ],
    ids=["picture", "no picture", "missing", "damaged"],
)
async def test_a_kept_screenshot_is_made_small_and_what_is_not_there_is_none(found, is_there):
    async with ParserPool(target="corp.test") as pool:
        made = await Thumbnails(contents=Contents(found), parser=PageParser(pool)).of("a")
    assert (made is not None) is is_there
    assert made is None or b64decode(made, validate=True).startswith(b"\xff\xd8")
