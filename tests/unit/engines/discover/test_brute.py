import time

from app.engines.discover.brute import MAX_SILENT, Bruter, ResolverHealth
from app.engines.discover.words import load_words
from app.engines.model import DnsAnswer, DnsOutcome


async def run(dns, words, health=None):
    found = []

    async def on_name(name):
        found.append(name)

    bruter = Bruter(resolver=dns, health=health or ResolverHealth())
    await bruter.run("a.test", words, on_name)
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
    assert health.is_silent
    assert len(dns.asked) <= MAX_SILENT + 64


async def test_some_lost_answers_kill_no_resolver(dns):
    dns.silent = lambda name: hash(name) % 3 == 0
    health = ResolverHealth()
    await run(dns, [f"w{number}" for number in range(300)], health)
    assert not health.is_dead
    assert not health.is_silent
    assert health.unanswered


async def test_the_whole_dictionary_costs_well_under_a_second_of_cpu(dns):
    before = time.process_time()
    await run(dns, load_words())
    assert time.process_time() - before < 0.5
