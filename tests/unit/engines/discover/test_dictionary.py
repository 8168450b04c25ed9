import asyncio

from app.domain.scan_facts import DnsAnswer, DnsOutcome
from app.engines.discover.dictionary import MAX_UNANSWERED, PAUSE_S, DictionaryProber, ResolverHealth
from app.engines.discover.word_patterns import load_words
from tests.support.cpu_time import least_cpu_s


async def run(dns, words, health=None):
    found = []

    async def on_name(name):
        found.append(name)

    prober = DictionaryProber(resolver=dns, health=health or ResolverHealth())
    await prober.run("a.test", words, on_name)
    return found


async def test_only_what_exists_is_handed_on(dns):
    dns.addresses["www.a.test"] = ("127.64.0.1",)
    assert await run(dns, ["www", "mail"]) == ["www.a.test"]


async def test_a_name_without_an_address_exists_too():
    class Empty:
        async def query(self, name, rdtype):
            return DnsAnswer(name, DnsOutcome.NODATA)

    assert await run(Empty(), ["dev"]) == ["dev.a.test"]


async def test_a_dead_resolver_is_left_alone_soon(dns):
    dns.silent = lambda name: True
    health = ResolverHealth()
    await run(dns, [f"w{number}" for number in range(1_000)], health)
    assert health.is_dead
    assert health.is_unresponsive
    assert len(dns.asked) <= MAX_UNANSWERED + 64


async def test_a_dead_resolver_is_asked_again_after_a_pause(dns):
    now = 100.0
    health = ResolverHealth(lambda: now)
    for _ in range(MAX_UNANSWERED):
        health.note(DnsOutcome.UNREACHABLE)
    assert health.is_dead
    now += PAUSE_S
    assert not health.is_dead
    assert health.is_unresponsive  # as long as nothing has answered
    health.note(DnsOutcome.UNREACHABLE)
    assert health.is_dead
    now += PAUSE_S
    health.note(DnsOutcome.NXDOMAIN)
    assert not health.is_dead
    assert not health.is_unresponsive


async def test_some_lost_answers_kill_no_resolver(dns):
    dns.silent = lambda name: hash(name) % 3 == 0
    health = ResolverHealth()
    await run(dns, [f"w{number}" for number in range(300)], health)
    assert not health.is_dead
    assert not health.is_unresponsive
    assert health.unanswered


def test_the_whole_dictionary_costs_well_under_three_seconds_of_cpu(dns):
    words = load_words()
    assert least_cpu_s(lambda: asyncio.run(run(dns, words)), enough_s=1.5) < 2.5
