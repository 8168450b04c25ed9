"""The commands of the READMEs that need a server, as a reader copies them."""

import asyncio
import json
import os
import re

import pytest

from tests.docs.markdown import blocks, read
from tests.support.backend import ADMIN_PASSWORD
from tests.system.page_support import open_theatre

pytestmark = pytest.mark.system


async def run(lines: str, url: str) -> tuple[str, str]:
    """What a shell says to the lines, with our server and password in the places of the reader's."""
    script = lines.replace("http://127.0.0.1:8000", url).replace('"PASSWORD"', json.dumps(ADMIN_PASSWORD))
    pipe = asyncio.subprocess.PIPE
    environment = {name: value for name, value in os.environ.items() if name != "COMPLIANCE_TOKEN"}
    process = await asyncio.create_subprocess_exec("bash", "-c", script, stdout=pipe, stderr=pipe, env=environment)
    output, errors = await process.communicate()
    return output.decode(), errors.decode()


async def test_the_token_gets_into_the_shell_with_one_line_and_creates_a_task(tmp_path):
    (block,) = [block.body for block in blocks(read("README.md")) if "COMPLIANCE_TOKEN" in block.body]
    calls = re.split(r"^(?=\.venv)", block, flags=re.MULTILINE)[0]
    assert calls.splitlines()[0].startswith("export COMPLIANCE_TOKEN=$(curl ")
    async with open_theatre(tmp_path / "data") as theatre:
        output, errors = await run(calls, theatre.url)
    assert errors == ""
    assert json.loads(output)["target_domain"] == "example.com"
