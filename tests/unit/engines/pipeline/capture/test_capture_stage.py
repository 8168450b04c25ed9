"""Stage 4 of the pipeline, with a browser that is not there or says what it is told."""

import asyncio
import contextlib
from dataclasses import replace

import pytest

from app.captures.folder import FolderStorage
from app.domain.messages import english
from app.domain.scan_facts import Capture
from app.engines.capture.browser_profile import BrowserUnavailable
from app.engines.capture.capturer import CapturedPage
from app.engines.capture.page_renderer import Rendered
from app.engines.capture.scan_contents import ScanContents
from app.engines.model import NetworkConfig
from app.engines.pipeline.capture import capture_stage
from app.engines.pipeline.capture import screenshots as module
from app.engines.pipeline.capture.capture_stage import CaptureStage
from app.engines.pipeline.capture_selector import CaptureTarget
from app.engines.pipeline.network_stack import open_network_stack
from tests.unit.engines.net.servers import http_server, response, routes
from tests.unit.engines.pipeline.test_time_budget import new_budget

NETWORK = "127.64.0.0/10"
NAMES = ("a.test", "b.test", "c.test")
LONG = "Pumps, valves and fittings for every purpose. " * 20


def target(name, *, own=False):
    return CaptureTarget(name, name, f"http://{name}/", own=own)


class Heard:
    """What the stage has told."""

    def __init__(self):
        self.captured, self.rendered, self.problems = [], [], []

    async def on_capture(self, target, page):
        self.captured.append(target.host)

    async def on_rendered(self, target, page):
        self.rendered.append(target.host)

    async def on_problem(self, reason):
        self.problems.append(reason)

    async def on_settled(self): ...


@pytest.fixture
async def network():
    page = response(f"<p>{LONG}".encode(), Content_Type="text/html")
    async with http_server(routes({"/": page})) as server:
        config = NetworkConfig(
            allow_networks=(NETWORK,),
            static_hosts=dict.fromkeys(NAMES, ("127.64.0.1", None)),
            port_map={80: server.port},
        )
        async with open_network_stack(config, target="corp.test") as stack:
            yield stack


def stage(network, tmp_path, heard, *, screenshots):
    return CaptureStage(
        network=network,
        contents=ScanContents(FolderStorage(tmp_path)),
        screenshots=screenshots,
        on_capture=heard.on_capture,
        on_rendered=heard.on_rendered,
        on_problem=heard.on_problem,
        budget=new_budget(),
    )


async def test_every_target_is_captured_and_counted(network, tmp_path):
    heard = Heard()
    captures = stage(network, tmp_path, heard, screenshots=False)
    captures.add([target("a.test", own=True), target("b.test")])
    assert (captures.known, captures.captured, captures.is_own_settled) == (2, 0, False)
    captures.close()
    await captures.run(heard.on_settled)
    assert sorted(heard.captured) == ["a.test", "b.test"]
    assert (captures.captured, captures.known, captures.left_out, captures.is_own_settled) == (2, 2, 0, True)


async def test_what_is_looked_at_again_before_the_end_is_no_result(network, tmp_path):
    heard, seen = Heard(), []
    captures = stage(network, tmp_path, heard, screenshots=False)
    captures.add([target("a.test")])
    captures.close()

    async def look_again():
        page = await captures.look_again(target("b.test"))
        seen.append((page.capture.status, await captures.render_again(page), list(heard.captured)))

    await captures.run(heard.on_settled, look_again)
    assert seen == [(200, None, ["a.test"])]
    assert (heard.captured, captures.known) == (["a.test"], 1)


async def test_what_waits_when_the_time_is_over_is_left_out_and_counted(network, tmp_path):
    heard = Heard()
    captures = stage(network, tmp_path, heard, screenshots=False)
    captures.add(map(target, NAMES))
    captures.give_up()
    captures.close()
    await captures.run(heard.on_settled)
    assert (heard.captured, captures.left_out) == ([], 3)


async def test_without_a_browser_pages_are_captured_and_the_reason_is_told_once(network, tmp_path, monkeypatch):
    @contextlib.asynccontextmanager
    async def open_renderer(network):
        raise BrowserUnavailable(english("browser.crashed"))
        yield

    monkeypatch.setattr(module, "open_renderer", open_renderer)
    heard = Heard()
    captures = stage(network, tmp_path, heard, screenshots=True)
    captures.add(map(target, NAMES))
    captures.close()
    await captures.run(heard.on_settled)
    assert (sorted(heard.captured), heard.rendered, heard.problems) == (list(NAMES), [], [english("browser.crashed")])


async def test_pages_of_an_earlier_attempt_get_the_screenshots_that_they_lack(network, tmp_path, monkeypatch):
    class Renderer:
        at_once = 4

        async def render(self, url, *, limit=None, needs_document=True, logs=False):
            return Rendered(url, "t", f"<p>{LONG}", b"\xff\xd8")

    @contextlib.asynccontextmanager
    async def open_renderer(network):
        yield Renderer()

    monkeypatch.setattr(module, "open_renderer", open_renderer)
    heard = Heard()
    captures = stage(network, tmp_path, heard, screenshots=True)
    for name, sha256 in (("a.test", ""), ("b.test", "b" * 64)):
        capture = Capture(
            name, name, f"http://{name}/", f"http://{name}/", 200, html_sha256="a" * 64, screenshot_sha256=sha256
        )
        captures.resume(target(name), CapturedPage(capture))
    captures.close()
    await captures.run(heard.on_settled)
    assert (heard.captured, heard.rendered, captures.captured) == ([], ["a.test"], 2)


async def test_what_is_found_when_all_is_captured_is_captured_too(network, tmp_path):
    """So the page that refers to a violation is kept, however late the violation is known."""
    heard, found = Heard(), [[target("b.test")], [target("c.test")]]
    captures = stage(network, tmp_path, heard, screenshots=False)

    async def on_settled():
        if found:
            captures.add(found.pop())

    captures.add([target("a.test")])
    captures.close()
    await captures.run(on_settled)
    assert heard.captured == ["a.test", "c.test", "b.test"]
    assert (captures.captured, captures.known, captures.pictures) == (3, 3, (0, 0))


async def test_pages_kept_for_their_source_are_none_that_are_to_be_analysed(network, tmp_path):
    """Waiting, captured, resumed, or left out for want of time: "23 of 19 pages analysed" is never said."""
    heard = Heard()
    captures = stage(network, tmp_path, heard, screenshots=False)
    kept = replace(target("c.test"), evidence=True)
    captures.add([target("a.test"), kept])
    assert (captures.known, captures.to_analyse) == (2, 1)
    earlier = replace(target("d.test"), evidence=True)
    captures.resume(earlier, CapturedPage(Capture("d.test", "d.test", earlier.url, earlier.url, 200)))
    assert (captures.known, captures.to_analyse) == (3, 1)
    captures.close()
    await captures.run(heard.on_settled)
    assert (captures.known, captures.to_analyse) == (3, 1)
    captures.give_up()
    captures.add([replace(target("b.test"), evidence=True)])
    assert (captures.known, captures.to_analyse) == (3, 1)


async def test_what_a_picture_leads_to_is_captured_too_and_rendered(network, tmp_path, monkeypatch):
    class Renderer:
        at_once = 4

        async def render(self, url, *, limit=None, needs_document=True, logs=False):
            return Rendered(url, "t", f"<p>{LONG}", b"\xff\xd8")

    @contextlib.asynccontextmanager
    async def open_renderer(network):
        yield Renderer()

    second = target("b.test")

    class Leading(Heard):
        async def on_rendered(self, target, page):
            await super().on_rendered(target, page)
            captures.add([] if target.host == "b.test" else [second])

    monkeypatch.setattr(module, "open_renderer", open_renderer)
    heard = Leading()
    captures = stage(network, tmp_path, heard, screenshots=True)
    captures.add([target("a.test")])
    captures.close()
    await captures.run(heard.on_settled)
    assert (heard.captured, heard.rendered, captures.pictures_missing) == (["a.test", "b.test"],) * 2 + ((0, 0),)


@contextlib.asynccontextmanager
async def moody(answers):
    """A network whose one host breaks off the connection as long as its answers are empty."""

    async def answer(head, writer):
        writer.write(answers.pop(0) if answers else b"")

    async with http_server(answer) as server:
        config = NetworkConfig(
            allow_networks=(NETWORK,),
            static_hosts={"a.test": ("127.64.0.1", None), "inward.test": ("127.0.0.1", None)},
            port_map={80: server.port},
        )
        async with open_network_stack(config, target="corp.test") as stack:
            yield stack


class Seen(Heard):
    """With what was seen, in its order."""

    async def on_capture(self, target, page):
        self.captured.append((target.host, page.capture.status))


async def test_what_failed_once_is_tried_again_before_the_scan_ends(tmp_path):
    page = response(f"<p>{LONG}".encode(), Content_Type="text/html")
    heard = Seen()
    answers = [b"", b"", page, page]  # the client itself asks twice when a connection breaks off
    async with moody(answers) as network:
        captures = stage(network, tmp_path, heard, screenshots=False)
        captures.add([target("a.test")])
        captures.close()
        await captures.run(heard.on_settled)
    assert [host for host, _ in heard.captured] == ["a.test"] * len(heard.captured)
    assert (heard.captured[0], heard.captured[-1]) == (("a.test", 0), ("a.test", 200))
    assert (captures.captured, captures.known, captures.to_analyse) == (1, 1, 1)


async def test_it_is_tried_again_while_more_may_be_found_and_does_not_wait_for_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(capture_stage, "EARLY_S", 0.05)
    page = response(f"<p>{LONG}".encode(), Content_Type="text/html")
    seen = asyncio.Event()

    class Signalling(Seen):
        async def on_capture(self, target, page):
            await super().on_capture(target, page)
            if page.capture.status:
                seen.set()

    heard = Signalling()
    async with moody([b"", b"", page, page]) as network, asyncio.timeout(30), asyncio.TaskGroup() as group:
        captures = stage(network, tmp_path, heard, screenshots=False)
        captures.add([target("a.test")])
        group.create_task(captures.run(heard.on_settled))
        await seen.wait()
        captures.close()
    assert heard.captured == [("a.test", 0), ("a.test", 200)]
    assert (captures.captured, captures.known, captures.to_analyse) == (1, 1, 1)


async def test_what_fails_twice_is_left_at_that_and_what_is_refused_is_not_tried_again(tmp_path):
    heard = Seen()
    async with moody([]) as network:
        captures = stage(network, tmp_path, heard, screenshots=False)
        captures.add([target("a.test"), target("inward.test"), replace(target("a.test"), evidence=True)])
        captures.close()
        await captures.run(heard.on_settled)
    assert sorted(heard.captured) == [("a.test", 0)] * 4 + [("inward.test", 0)]
    assert (captures.captured, captures.known, captures.to_analyse) == (3, 3, 2)


async def test_when_the_time_is_over_nothing_is_tried_again(tmp_path):
    heard = Seen()
    async with moody([]) as network:
        captures = stage(network, tmp_path, heard, screenshots=False)
        captures.add([target("a.test")])
        captures.close()

        async def over(target, page):
            heard.captured.append(target.host)
            captures.give_up()

        captures._on_capture = over
        await captures.run(heard.on_settled)
    assert (heard.captured, captures.left_out) == (["a.test"], 0)
