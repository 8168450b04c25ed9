"""A whole capture with the real Chromium."""

from contextlib import AsyncExitStack

import pytest

from app.engines.capture.browser import Browser
from app.engines.capture.http import Capturer
from app.engines.capture.store import ContentStore
from app.engines.model import HopKind, NetworkConfig
from app.engines.net.client import HttpClient
from app.engines.net.egress import EgressProxy
from app.engines.net.limits import HostLimits
from app.engines.net.policy import AddressPolicy
from app.engines.net.resolver import Resolver
from tests.support.reading import page_reader
from tests.unit.engines.net.servers import http_server, response, routes

pytestmark = pytest.mark.system
NETWORK = "127.64.0.0/10"
DRAWN = "<div id=app></div><script>app.textContent = '由脚本写出的内容'; document.title = '应用'</script>"
LEADING = "<script>setTimeout(() => { location = 'http://b.test/' + 'drawn' }, 50)</script><p>" + "正文" * 200


async def test_what_only_scripts_show_is_captured_with_its_picture_and_its_hop(tmp_path):
    pages = {"/drawn": DRAWN, "/leading": LEADING}
    table = {path: response(html.encode(), Content_Type="text/html; charset=utf-8") for path, html in pages.items()}
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(http_server(routes(table)))
        config = NetworkConfig(
            allow_networks=(NETWORK,),
            static_hosts=dict.fromkeys(("a.test", "b.test"), ("127.64.0.1", None)),
            port_map={80: server.port},
        )
        policy = AddressPolicy(allow_networks=(NETWORK,), allowed_ports=config.allowed_ports)
        resolver = Resolver(config=config)
        stack.push_async_callback(resolver.close)
        proxy = EgressProxy(policy=policy, resolver=resolver, config=config)
        stack.push_async_callback(proxy.close)
        browser = Browser(
            config=config,
            proxy_url=await proxy.start(),
            proxy_username=proxy.username,
            proxy_password=proxy.password,
        )
        stack.push_async_callback(browser.close)
        await browser.start()
        store = ContentStore(tmp_path)
        capturer = Capturer(
            client=await stack.enter_async_context(HttpClient(config=config, policy=policy, resolver=resolver)),
            resolver=resolver,
            policy=policy,
            config=config,
            store=store,
            reader=page_reader(),
            browser=browser,
            limits=HostLimits(),
        )
        drawn = await capturer.capture("a.test", "a.test", "http://a.test/drawn")
        led = await capturer.capture("a.test", "a.test", "http://a.test/leading")
    assert (drawn.title, drawn.text) == ("应用", "由脚本写出的内容")
    assert store.get(drawn.screenshot_sha256).startswith(b"\xff\xd8\xff")
    assert [(hop.kind, hop.location) for hop in led.hops] == [(HopKind.SCRIPT, "http://b.test/drawn")]
    assert (led.final_url, led.title) == ("http://b.test/drawn", "应用")
