"""A scan is cancelled while Chromium renders pages whose pictures never come: it is soon gone, the browser with it."""

import asyncio

import pytest

from tests.support.chromium import until_chromium
from tests.support.scan_backend import cancel_in_time, scan_backend
from tests.support.small_world import TARGET, html, small_world

pytestmark = pytest.mark.system
SILENT = "pictures.example"
PICTURES = [f"/{number}.png" for number in range(1, 5)]
HOSTS = [f"page{number}.{TARGET}" for number in range(1, 9)]  # a start page each: as many as twice the browser's slots


def page(number):
    pictures = "".join(f'<img src="http://{SILENT}{path}">' for path in PICTURES)
    return html(f"第{number}页", f"<p>第{number}号</p>{pictures}<script src='http://{SILENT}/never.js'></script>")


async def test_a_scan_is_soon_gone_while_pages_are_rendered_whose_pictures_never_come(tmp_path):
    pages = {(host, "/"): page(number) for number, host in enumerate(HOSTS, start=1)}
    links = "".join(f'<a href="http://{host}/">{host}</a>' for host in HOSTS)
    more = {**pages, (TARGET, "/"): html("主页", links), (SILENT, "/"): html("图片", "<p>图片</p>")}
    async with small_world(more) as world, scan_backend(tmp_path, **world.settings) as backend:
        world.silent |= {*PICTURES, "/never.js"}
        task_id = await backend.create(screenshots=True)
        scan_pid = await rendering(backend, world, task_id)
        await cancel_in_time(backend, task_id)
        await until_chromium(scan_pid, present=False)


async def rendering(backend, world, task_id):
    """Wait until Chromium waits for the pictures: nobody else asks for them. The scan's process."""
    async with asyncio.timeout(60):
        while not any(f"http://{SILENT}{path}" in world.requests for path in PICTURES):  # noqa: ASYNC110 - a list
            await asyncio.sleep(0.02)
    scan_pid = backend.scan_pid(task_id)
    await until_chromium(scan_pid, present=True)
    return scan_pid
