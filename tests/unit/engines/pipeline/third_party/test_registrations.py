"""Registrations beside the captures: who is asked about, when, and what becomes of the answers."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from app.domain.scan_facts import Capture, Registration, RegistrationState, ThirdParty
from app.engines.capture.capturer import CapturedPage
from app.engines.html.page_content import EMPTY
from app.engines.model import NetworkConfig, ScanConfig
from app.engines.pipeline.capture_selector import CaptureTarget
from app.engines.pipeline.third_party import registrations
from app.engines.pipeline.third_party.registrations import Registrations, open_registrations


def known(domain):
    return Registration(domain, RegistrationState.REGISTERED, "rdap.example", "2026-11-26")


class Lookup:
    """Knows every domain but the silent ones; waits where it is told to."""

    def __init__(self, *silent):
        self.silent, self.order = silent, []
        self.asked = self.unanswered = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def of(self, domain):
        self.order.append(domain)
        await self.may_answer.wait()
        return None if domain in self.silent else known(domain)


def offer(stage, domain, path="", category="unknown", **capture):
    url = f"http://{domain}/{path}"
    target = CaptureTarget(domain, domain, url)
    stage.offer(target, Capture(domain, domain, url, url, **capture), ThirdParty(domain, (domain,), category=category))
    return target


@pytest.fixture
def told():
    return {}


@pytest.fixture
def running(told):
    @asynccontextmanager
    async def run(lookup, **options):
        async def on_known(target, capture):
            told[target] = capture

        stage = Registrations(lookup=lookup, on_known=on_known, **options)
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            group.create_task(stage.run())
            yield stage
            stage.close()

    return run


async def test_every_page_of_a_domain_is_told_and_the_domain_asked_about_once(running, told):
    lookup = Lookup("silent.example")
    async with running(lookup) as stage:
        targets = [offer(stage, "a.example", path) for path in ("", "b")]
        offer(stage, "silent.example")
        await stage.settle()
    assert sorted(lookup.order) == ["a.example", "silent.example"]
    assert {target: capture.registration for target, capture in told.items()} == dict.fromkeys(
        targets, known("a.example")
    )


async def test_later_pages_carry_what_is_known(running):
    async with running(Lookup()) as stage:
        target = offer(stage, "a.example")
        await stage.settle()
        page = stage.complete(target, CapturedPage(Capture("a.example", "a.example", "", ""), EMPTY))
    assert page.capture.registration == known("a.example")


async def test_a_picture_that_came_meanwhile_is_not_lost(running, told):
    lookup = Lookup()
    lookup.may_answer.clear()
    async with running(lookup) as stage:
        target = offer(stage, "a.example")
        await asyncio.sleep(0)
        rendered = Capture("a.example", "a.example", target.url, target.url, screenshot_sha256="picture")
        assert stage.complete(target, CapturedPage(rendered, EMPTY)).capture is rendered
        lookup.may_answer.set()
        await stage.settle()
    assert told[target] == replace(rendered, registration=known("a.example"))


async def test_what_is_gone_or_nobodys_is_asked_about_first_and_known_services_never(told):
    lookup = Lookup()

    async def on_known(target, capture):
        told[target] = capture

    stage = Registrations(lookup=lookup, on_known=on_known)
    offer(stage, "plain.example")
    offer(stage, "statistics.example", category="analytics")
    offer(stage, "parked.example", page_class="parked")
    offer(stage, "old-service.example", category="cdn", dead=True)
    stage.close()
    await stage.run()
    assert lookup.order == ["old-service.example", "parked.example", "plain.example"]


async def test_what_an_earlier_attempt_was_told_is_not_asked_again(running):
    lookup = Lookup()
    async with running(lookup) as stage:
        target = offer(stage, "a.example", registration=known("a.example"))
        page = stage.complete(target, CapturedPage(Capture("a.example", "a.example", "", ""), EMPTY))
    assert (lookup.order, page.capture.registration) == ([], known("a.example"))


async def test_a_scan_does_not_wait_for_ever_and_counts_what_is_left_out(running, told):
    lookup = Lookup()
    lookup.may_answer.clear()
    async with running(lookup, wait_s=0.01) as stage:
        for number in range(registrations.WORKERS + 3):
            offer(stage, f"a{number}.example")
        assert stage.awaited == registrations.WORKERS + 3
        await stage.settle()
        assert (stage.omitted, stage.awaited) == (3, registrations.WORKERS)
        lookup.may_answer.set()
    assert (len(told), stage.awaited) == (registrations.WORKERS, 0)


async def test_no_more_than_so_many_domains_are_asked_about(running):
    lookup = Lookup()
    async with running(lookup, max_domains=2) as stage:
        for number in range(3):
            offer(stage, f"a{number}.example")
        await stage.settle()
        assert (len(lookup.order), stage.counts["omitted"]) == (2, 1)


class Network:
    def __init__(self, *sources):
        self.config = NetworkConfig(passive_sources=sources)

    def fetcher(self):
        return object()


async def nobody(target, capture): ...


@pytest.mark.parametrize(
    ("sources", "passive", "asks"),
    [
        (("https://ct.test/", "rdap=https://registries.test/list.json"), True, True),
        (("rdap=https://registries.test/list.json",), False, False),
        (("https://ct.test/",), True, False),
        ((), True, False),
    ],
)
async def test_registries_are_asked_where_deployment_and_scan_allow_it(sources, passive, asks):
    config = ScanConfig("a.test", use_passive_sources=passive)
    stage = open_registrations(Network(*sources), config, on_known=nobody)
    offer(stage, "a.example", dead=True)
    assert bool(stage._captures) is asks
