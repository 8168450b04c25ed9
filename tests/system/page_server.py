"""The server in a process of its own, to be killed, stopped and started again under a page."""

import asyncio
import contextlib
import os
import subprocess
import sys

import httpx

from tests.support.backend import ADMIN_PASSWORD
from tests.support.ports import free_port

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
        """As `kill -9` does."""
        self.process.kill()
        await self.process.wait()

    async def stop(self):
        if self.process.returncode is None:
            self.process.terminate()
            await self.process.wait()
