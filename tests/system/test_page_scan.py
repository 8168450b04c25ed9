"""A real scan on the page, through the death of the server: nothing is lost, nothing comes twice."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys

import httpx
import pytest
from playwright.async_api import expect

from testnet.expected import expect as expect_world
from testnet.ground import Ground
from testnet.world import build_world
from tests.support.backend import ADMIN_PASSWORD
from tests.system.page_support import free_port, open_browser, open_page, sign_in

pytestmark = pytest.mark.system
TARGET = "corp.test"
SCAN_MS = 180_000  # 15 to 40 s on an idle machine


class Server:
    """`compliance serve --testnet` in a process of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None

    async def start(self):
        command = [sys.executable, "-m", "app.cli", "serve", "--testnet"]
        command += ["--port", str(self.port), "--data-dir", str(self.folder)]
        environment = {**os.environ, "COMPLIANCE_ADMIN_PASSWORD": ADMIN_PASSWORD, "COMPLIANCE_LOG_LEVEL": "ERROR"}
        self.process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=subprocess.DEVNULL)
        await self.ready()

    async def ready(self):
        async with asyncio.timeout(60), httpx.AsyncClient(base_url=self.url, trust_env=False) as client:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    if (await client.get("/livez")).status_code == 200:
                        return
                await asyncio.sleep(0.05)

    async def kill(self):
        self.process.kill()
        await self.process.wait()

    async def stop(self):
        if self.process.returncode is None:
            self.process.terminate()
            await self.process.wait()

    async def violations(self, task_id):
        async with httpx.AsyncClient(base_url=f"{self.url}/api/v1", trust_env=False) as client:
            body = {"username": "admin", "password": ADMIN_PASSWORD}
            token = (await client.post("/auth/login", json=body)).json()["access_token"]
            headers = {"Authorization": f"Bearer {token}"}
            answer = await client.get(f"/tasks/{task_id}/violations?page_size=200", headers=headers)
            return answer.json()["items"]


@pytest.fixture
async def server(tmp_path):
    server = Server(tmp_path / "data")
    await server.start()
    yield server
    await server.stop()


async def test_the_page_follows_a_real_scan_through_the_death_of_the_server(server):
    async with open_browser() as browser:
        page = await open_page(browser, f"{server.url}/?target={TARGET}")
        await sign_in(page)
        await page.get_by_role("button", name="开始扫描").click()
        await expect(page.locator(".violation").first).to_be_visible(timeout=SCAN_MS)
        await expect(page.locator(".title-line .status")).to_have_text("扫描中")
        await server.kill()
        await expect(page.locator(".banner")).to_be_visible()
        await server.start()
        await expect(page.locator(".live[data-phase=online]")).to_be_visible(timeout=SCAN_MS)
        await expect(page.locator(".title-line .status")).to_have_text("已完成", timeout=SCAN_MS)
        await expect(page.locator(".progress-line .percent")).to_have_text("100%")
        await expect(page.locator(".stage[data-status=completed]")).to_have_count(5)
        expected = await server.violations(page.url.rsplit("/", 1)[1])
        await expect(page.locator(".violation")).to_have_count(len(expected))
        ids = await page.locator(".violation").evaluate_all("cards => cards.map(card => card.dataset.id)")
        assert page.problems == []
    assert sorted(ids) == sorted(item["violation_id"] for item in expected)
    world = expect_world(build_world(Ground()), TARGET)
    assert {(item["domain"], item["violation_key"]) for item in expected} == {
        (item["domain"], item["violation_key"]) for item in world["violations"]
    }


async def test_a_server_that_says_nothing_any_more_is_shown_within_20_seconds(server):
    async with open_browser() as browser:
        page = await open_page(browser, server.url)
        await sign_in(page)
        await expect(page.locator(".live[data-phase=online]")).to_be_visible()
        server.process.send_signal(signal.SIGSTOP)
        try:
            await expect(page.locator(".live[data-phase=waiting], .live[data-phase=connecting]")).to_be_visible(
                timeout=20_000
            )
        finally:
            server.process.send_signal(signal.SIGCONT)
        await expect(page.locator(".live[data-phase=online]")).to_be_visible(timeout=60_000)
        assert page.problems == []
