"""Renders one page in the real Chromium behind the real proxy, where names are asked of a name server of the test.

`python -m tests.support.canary_browser ORDER` in a mount namespace of its own (`rendered`); ORDER is JSON. It prints
why the browser has no network of its own ("": it has).
"""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from app.engines.capture.browser_process import ARGS
from app.engines.capture.page_renderer import PageRenderer
from app.engines.model import NetworkConfig
from app.engines.net.egress import EgressProxy
from app.engines.net.policy import AddressPolicy
from app.engines.net.resolver import Resolver

SITE = "127.64.0.1"  # allowed; everything else of the machine is refused
URL = "http://www.test/"


def rendered(folder: Path, *, port: int, name_server: str, has_own_network: bool, without: str = "") -> str:
    """Render the page that SITE serves at this port until it says that all is tried, and return why the browser has no
    network of its own. `without`: switches that have this in them are left out."""
    names = folder / "resolv.conf"
    names.write_text(f"nameserver {name_server}\n")
    order = json.dumps({"port": port, "has_own_network": has_own_network, "without": without})
    inner = 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"'
    command = [sys.executable, "-m", "tests.support.canary_browser", order]
    rights = [] if os.geteuid() == 0 else ["--map-current-user", "--keep-caps"]
    done = subprocess.run(
        ["unshare", "--mount", *rights, "sh", "-c", inner, "sh", names, *command],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=240,
    )
    return done.stdout


async def _render(order: dict[str, Any]) -> str:
    config = NetworkConfig(
        allow_networks=("127.64.0.0/10",),
        static_hosts={"www.test": (SITE, None)},
        port_map={80: order["port"]},
        resolvers=(f"{SITE}:1",),  # the proxy's: nobody answers there, and the canary hears of the browser's alone
    )
    resolver = Resolver(config=config)
    policy = AddressPolicy(allow_networks=config.allow_networks, allowed_ports=config.allowed_ports)
    proxy = EgressProxy(policy=policy, resolver=resolver)
    left_out = order["without"]
    browser = PageRenderer(
        config=config,
        proxy_url=await proxy.start(),
        proxy_username=proxy.username,
        proxy_password=proxy.password,
        serve=proxy.serve if order["has_own_network"] else None,
        args=[arg for arg in ARGS if not left_out or left_out not in arg],
    )
    try:
        await browser.start()
        context = await (await browser.running()).new_context()
        page = await context.new_page()
        await page.goto(URL, wait_until="commit")
        await page.wait_for_function("document.title === 'all tried'", timeout=60_000)
        return browser.exposure
    finally:
        await browser.close()
        await proxy.close()
        await resolver.close()


if __name__ == "__main__":
    sys.stdout.write(asyncio.run(_render(json.loads(sys.argv[1]))))
