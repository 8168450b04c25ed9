"""A whole capture with the real Chromium."""

from contextlib import AsyncExitStack

import pytest

from app.captures.folder import FolderStorage
from app.domain.scan_facts import HopKind
from app.engines.capture.capturer import Capturer
from app.engines.capture.scan_contents import ScanContents
from app.engines.model import NetworkConfig
from app.engines.pipeline.capture.screenshots import Screenshots
from app.engines.pipeline.network_stack import open_network_stack
from tests.support.contents import contents_in
from tests.unit.engines.net.servers import http_server, response, routes

pytestmark = pytest.mark.system
NETWORK = "127.64.0.0/10"
RENDERED = "<div id=app></div><script>app.textContent = '由脚本写出的内容'; document.title = '应用'</script>"
LEADING = "<script>setTimeout(() => { location = 'http://b.test/' + 'rendered' }, 50)</script><p>" + "正文" * 200


async def test_what_only_scripts_show_is_captured_with_its_picture_and_its_hop(tmp_path):
    pages = {"/rendered": RENDERED, "/leading": LEADING}
    table = {path: response(html.encode(), Content_Type="text/html; charset=utf-8") for path, html in pages.items()}
    contents = ScanContents(FolderStorage(tmp_path))
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(http_server(routes(table)))
        config = NetworkConfig(
            allow_networks=(NETWORK,),
            static_hosts=dict.fromkeys(("a.test", "b.test"), ("127.64.0.1", None)),
            port_map={80: server.port},
        )
        network = await stack.enter_async_context(open_network_stack(config, target="a.test"))
        capturer = Capturer(
            fetcher=network.fetcher(),
            resolver=network.resolver,
            policy=network.policy,
            config=config,
            contents=contents,
            parser=network.parser,
        )
        screenshots = Screenshots(network=network, contents=contents)
        await screenshots.start(stack)
        assert screenshots.problem is None
        rendered = await screenshots.render(await capturer.capture("a.test", "a.test", "http://a.test/rendered"))
        led = await screenshots.render(await capturer.capture("a.test", "a.test", "http://a.test/leading"))
    assert (rendered.capture.title, rendered.content.text) == ("应用", "由脚本写出的内容")
    assert contents_in(tmp_path).get(rendered.capture.screenshot_sha256).startswith(b"\xff\xd8\xff")
    assert [(hop.kind, hop.location) for hop in led.capture.hops] == [(HopKind.SCRIPT, "http://b.test/rendered")]
    assert (led.capture.final_url, led.capture.title) == ("http://b.test/rendered", "应用")
