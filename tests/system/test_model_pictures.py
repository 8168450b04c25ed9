"""A model that reads pictures is shown what Chromium has photographed, small and as a JPEG; any other is not."""

from io import BytesIO

import pytest
from PIL import Image

from app.engines.parsing.picture_look import THUMBNAIL
from tests.support.model_server import CLEAN, answering, model_server
from tests.support.scan_backend import scan_backend
from tests.support.small_world import FILLER, TARGET, html, small_world

pytestmark = pytest.mark.system
HOST = "weak-bets.example"
PICTURE = "<svg width=600 height=400><rect width=600 height=400 fill=green /></svg>"
WORLD = {
    (TARGET, "/"): html("主页", f"{FILLER}<a href='http://{HOST}/'>友情链接</a>"),
    (HOST, "/"): html("娱乐", f"<p style=font-size:4px>线上娱乐城 百家乐 轮盘</p>{PICTURE}"),
}


@pytest.mark.parametrize("reads_pictures", [True, False])
async def test_the_screenshot_of_a_captured_page_goes_to_a_model_that_reads_pictures(tmp_path, reads_pictures):
    async with model_server(answering(CLEAN)) as model, small_world(WORLD) as world:
        settings = {**world.settings, **model.settings, "reading_model_reads_pictures": reads_pictures}
        async with scan_backend(tmp_path, **settings) as backend:
            task_id = await backend.create(cloaking=False, screenshots=True)
            assert (await backend.finished(task_id, within_s=180)).status == "completed"
    shown = [question.picture for question in model.questions if question.host == HOST]
    if not reads_pictures:
        assert shown == [None]
        return
    with Image.open(BytesIO(shown[-1])) as picture:  # its words alone were read before
        assert picture.format == "JPEG"
        assert max(picture.size) == THUMBNAIL
