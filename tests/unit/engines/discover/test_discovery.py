import asyncio

import dns.message
import dns.rrset
import orjson
import pytest

from app.domain.discovery import SourceReport, SourceStatus, Transfer
from app.domain.messages import english
from app.domain.scan_facts import DnsAnswer, DnsOutcome, DnsRecord
from app.engines.discover import discovery as module
from app.engines.discover.discovery import Discovery
from app.engines.discover.passive import MAX_NAMES
from app.engines.discover.sources import SourceFailed
from app.engines.model import FetchResult, ScanConfig
from app.engines.net.resolver import Endpoint
from app.engines.ports import ScanStopped
from app.engines.scope import Scope
from tests.support.said import said


class Names:
    """A source with fixed names."""

    name = "log"

    def __init__(self, *names: str) -> None:
        self._names = list(names)

    async def names(self, domain, fetcher):
        return self._names


@pytest.fixture
def discover(dns, web, sink, config, scan, label):
    def make(words=("www", "mail"), sources=(), scan=scan):
        return Discovery(
            scope=Scope(scan.target),
            resolver=dns,
            fetcher=web,
            sink=sink,
            config=config,
            scan=scan,
            words=words,
            sources=sources,
            label=label,
        )

    return make


async def run(discovery):
    """Facts by name, as told last."""
    told = {}

    async def on_host(fact):
        told[fact.name] = fact

    await discovery.run(on_host)
    return told


@pytest.fixture
def small_site(dns, web):
    dns.addresses |= {
        "a.test": ("127.64.0.1",),
        "www.a.test": ("127.64.0.1",),
        "hidden.dev.a.test": ("127.64.0.2",),
        "mail.dev.a.test": ("127.64.0.3",),
    }
    for host in ("a.test", "www.a.test", "hidden.dev.a.test"):
        web.serve(f"https://{host}/", "x")
    web.serve("http://a.test/", "x")


async def test_names_come_with_all_sources_addresses_and_liveness(discover, small_site, sink):
    told = await run(discover(sources=[Names("www.a.test", "HIDDEN.dev.a.test", "evil.test", "gone.a.test")]))
    assert set(told) == {"a.test", "www.a.test", "hidden.dev.a.test", "mail.dev.a.test", "gone.a.test"}
    assert set(told["www.a.test"].sources) == {"dictionary", "log"}
    assert told["a.test"].sources == ("target",)
    assert (told["a.test"].http_alive, told["a.test"].https_alive) == (True, True)
    assert (told["www.a.test"].http_alive, told["www.a.test"].https_alive) == (False, True)
    assert told["mail.dev.a.test"].sources == ("dictionary",)
    assert told["gone.a.test"].addresses == ()
    assert sink.warnings == []


async def test_the_target_is_told_first_even_when_it_does_not_resolve(discover):
    told = await run(discover(words=()))
    assert list(told) == ["a.test"]
    assert not told["a.test"].addresses


async def test_a_failed_source_is_reported_and_never_counted_as_zero(discover, small_site, sink, web):
    class Broken(Names):
        async def names(self, domain, fetcher):
            raise SourceFailed(english("source_failure.status", status=502))

    discovery = discover(sources=[Broken()])
    assert set(await run(discovery)) == {"a.test", "www.a.test"}
    assert (
        "WARNING",
        said("source_failed", source="log", reason=said("source_failure.status", status=502)),
    ) in sink.logs


async def test_certificate_logs_are_asked_at_their_configured_address(dns, web, sink, config, scan, label):
    dns.addresses["x.a.test"] = ("127.64.0.1",)
    body = orjson.dumps([{"name_value": "x.a.test"}])
    web.pages["https://ct.test/"] = FetchResult("", "", 200, body=body)
    discovery = Discovery(
        scope=Scope("a.test"), resolver=dns, fetcher=web, sink=sink, config=config, scan=scan, words=(), label=label
    )
    assert (await run(discovery))["x.a.test"].sources == ("ct.test",)


async def test_no_passive_source_is_asked_when_the_user_says_so(dns, web, sink, config, label, small_site):
    scan = ScanConfig("a.test", use_passive_sources=False)
    discovery = Discovery(
        scope=Scope("a.test"),
        resolver=dns,
        fetcher=web,
        sink=sink,
        config=config,
        scan=scan,
        words=("www",),
        label=label,
    )
    assert set(await run(discovery)) == {"a.test", "www.a.test"}
    assert not [url for url in web.asked if "ct.test" in url]


async def test_a_silent_resolver_is_reported_once_and_the_scan_goes_on(discover, dns, sink):
    dns.silent = lambda name: True
    told = await run(discover(words=[f"w{n}" for n in range(500)], sources=[Names("x.a.test", "y.a.test")]))
    assert set(told) == {"a.test", "x.a.test", "y.a.test"}
    assert [code for code, _ in sink.warnings] == ["partial"]


async def test_a_resolver_that_invents_answers_is_reported(discover, dns, sink):
    dns.addresses["*.invalid"] = ("127.64.0.66",)
    await run(discover())
    assert [code for code, _ in sink.warnings] == ["partial"]


async def test_some_unanswered_questions_are_a_log_line(discover, dns, sink, small_site):
    dns.silent = lambda name: name == "mail.a.test"
    await run(discover())
    assert sink.warnings == []
    assert ("WARNING", said("dns_unanswered", count=1)) in sink.logs


async def test_a_lost_answer_is_asked_for_again(discover, dns, small_site):
    left = {"www.a.test": 1}

    def silent(name):
        left[name] = left.get(name, 0) - 1
        return left[name] >= 0

    dns.silent = silent
    told = await run(discover(words=(), sources=[Names("www.a.test")]))
    assert told["www.a.test"].addresses


async def test_a_named_host_about_which_nothing_was_said_makes_the_scan_partial(discover, dns, sink, small_site):
    dns.silent = lambda name: name in ("x.a.test", "y.a.test")
    discovery = discover(words=("www",))
    await run(discovery)
    assert sink.warnings == []
    for name in ("x.a.test", "y.a.test"):
        await discovery.offer(name, "page")
    assert [code for code, _ in sink.warnings] == ["partial"]


async def test_the_dictionary_finds_real_hosts_inside_a_wildcard_and_nothing_else(discover, dns, web):
    dns.addresses |= {"a.test": ("127.64.0.1",), "*.a.test": ("127.64.0.9",)}
    web.pages["*.a.test"] = FetchResult("", "", 200, body=b"<title>Any</title>")
    web.serve("https://www.a.test/", "<title>Real</title>")
    told = await run(discover(words=("www", "mail", "oa"), sources=[Names("named.a.test")]))
    assert set(told) == {"a.test", "www.a.test", "named.a.test"}
    assert not told["www.a.test"].wildcard
    assert told["named.a.test"].wildcard


async def test_a_guess_that_was_dropped_is_examined_again_when_a_page_names_it(discover, dns, web):
    dns.addresses |= {"a.test": ("127.64.0.1",), "*.a.test": ("127.64.0.9",)}
    web.pages["*.a.test"] = FetchResult("", "", 200, body=b"any")
    discovery = discover(words=("mail",))
    told = []

    async def on_host(fact):
        told.append(fact)

    await discovery.run(on_host)
    await discovery.offer("mail.a.test", "page")
    assert [(fact.name, fact.sources) for fact in told] == [("a.test", ("target",)), ("mail.a.test", ("page",))]


async def test_a_name_from_a_page_is_told_once_and_again_only_with_news(discover, small_site):
    discovery = discover(words=())
    told = []

    async def on_host(fact):
        told.append(fact)

    await discovery.run(on_host)
    for source in ("page", "page", "csp"):
        await discovery.offer("www.a.test", source)
    await discovery.offer("www.b.test", "page")
    assert [fact.sources for fact in told[1:]] == [("page",), ("page", "csp")]
    assert discovery.is_settled


async def test_an_offer_before_the_run_is_examined_in_it(discover, small_site):
    discovery = discover(words=())
    await discovery.offer("www.a.test", "start_url")
    assert (await run(discovery))["www.a.test"].sources == ("start_url",)


async def test_only_so_many_names_of_one_source_are_examined(discover, sink):
    told = await run(discover(words=(), sources=[Names(*(f"h{n}.a.test" for n in range(MAX_NAMES + 50)))]))
    assert len(told) == MAX_NAMES + 1
    assert [code for code, _ in sink.warnings] == ["partial"]


async def test_no_more_names_than_there_may_be_are_examined_and_that_is_said(discover, sink, monkeypatch):
    monkeypatch.setattr(module, "MAX_NAMES", 5)
    told = await run(discover(words=(), sources=[Names(*(f"h{n}.a.test" for n in range(9)))]))
    assert len(told) == 5
    assert [code for code, _ in sink.warnings] == ["partial"]


async def test_a_stopped_scan_stops_discovery(discover, small_site):
    async def on_host(fact):
        if fact.name != "a.test":
            raise ScanStopped

    with pytest.raises(ExceptionGroup) as caught:
        await discover().run(on_host)
    assert caught.group_contains(ScanStopped)


async def test_cancelling_ends_it_at_once(discover, dns):
    async def wait(name, rdtype):
        await asyncio.Event().wait()

    dns.query = wait
    task = asyncio.create_task(run(discover()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_fraction_follows_the_dictionary(discover, small_site):
    discovery = discover()
    assert (discovery.fraction, discovery.is_settled) == (0.0, False)
    await run(discovery)
    assert (discovery.fraction, discovery.is_settled) == (1.0, True)


async def test_an_alias_of_what_is_gone_is_told_with_what_it_was_an_alias_of(discover, dns):
    dns.addresses |= {"a.test": ("127.64.0.1",)}
    dns.cnames["old.a.test"] = "corp.cloud.example"
    hosts = await run(discover(words=("old-www",), sources=(Names("old.a.test", "nothing.a.test"),)))
    assert (hosts["old.a.test"].addresses, hosts["old.a.test"].cnames) == ((), ("corp.cloud.example",))
    assert hosts["nothing.a.test"].cnames == ()


async def test_names_that_were_guessed_and_do_not_exist_cost_no_second_question(discover, dns):
    dns.addresses |= {"a.test": ("127.64.0.1",)}
    assert set(await run(discover(words=("www", "mail", "old")))) == {"a.test"}
    assert dns.traced == []


async def test_words_are_tried_in_the_zones_that_other_zones_bring(discover, dns):
    for name in ("a.test", "x.dev.a.test", "www.dev.a.test", "y.mail.dev.a.test", "www.mail.dev.a.test"):
        dns.addresses[name] = ("127.64.0.1",)
    told = await run(discover(sources=[Names("x.dev.a.test", "y.mail.dev.a.test")]))
    assert {"www.dev.a.test", "www.mail.dev.a.test"} <= told.keys()


async def test_an_empty_name_that_was_guessed_is_a_zone_to_look_into(discover, dns):
    dns.addresses |= {
        "a.test": ("127.64.0.1",),
        "www.dev.a.test": ("127.64.0.2",),
        "mail.www.dev.a.test": ("127.64.0.3",),
    }

    async def query(name, rdtype):
        answer = await dns.resolve(name)
        exists = any(known.endswith(f".{name}") for known in dns.addresses)
        return DnsAnswer(name, DnsOutcome.NODATA) if exists and not answer.addresses else answer

    dns.query = query
    told = await run(discover(words=("dev", "www", "mail")))
    assert set(told) == {"a.test", "www.dev.a.test", "mail.www.dev.a.test"}


async def test_variations_of_names_that_exist_are_tried(discover, dns):
    dns.addresses |= dict.fromkeys(("a.test", "www.a.test", "www-test.a.test", "www2.a.test"), ("127.64.0.1",))
    discovery = discover()
    told = await run(discovery)
    assert {name: told[name].sources for name in ("www-test.a.test", "www2.a.test")} == {
        "www-test.a.test": ("permutation",),
        "www2.a.test": ("permutation",),
    }
    assert discovery.summary.variations_tried > 20


async def test_in_a_wildcard_zone_only_variations_that_the_dns_tells_apart_are_asked_for_pages(discover, dns, web):
    dns.addresses |= {"a.test": ("127.64.0.1",), "*.a.test": ("127.64.0.9",), "www.a.test": ("127.64.0.2",)}
    dns.addresses["www-test.a.test"] = ("127.64.0.3",)
    web.pages["*.a.test"] = FetchResult("", "", 200, body=b"any")
    told = await run(discover(words=("www",)))
    assert set(told) == {"a.test", "www.a.test", "www-test.a.test"}
    assert not [url for url in web.asked if "www-dev" in url]


async def test_the_resolvers_are_asked_for_names_that_cannot_exist_before_anything_else(discover, dns):
    await run(discover())
    assert [name.partition(".")[2] for name in dns.invented] == ["invalid", "test"]
    assert dns.asked[: len(dns.invented)] == dns.invented


async def test_resolvers_that_were_left_out_are_named(discover, dns, sink):
    async def leave_out_liars(invented):
        return ("127.64.0.66:53",), False

    dns.leave_out_liars = leave_out_liars
    discovery = discover()
    await run(discovery)
    assert discovery.summary.resolvers_left_out == ("127.64.0.66:53",)
    assert [level for level, message in sink.logs if "127.64.0.66:53" in message] == ["WARNING"]


async def test_the_summary_says_what_came_of_each_source(discover, small_site):
    class Limited(Names):
        name = "busy"

        async def names(self, domain, fetcher):
            raise SourceFailed(english("source_failure.status", status=429), SourceStatus.LIMITED, ["www.a.test", None])

    discovery = discover(words=(), sources=[Names("www.a.test", "x.b.test"), Limited()])
    told = await run(discovery)
    assert set(discovery.summary.sources) == {
        SourceReport("log", SourceStatus.ASKED, 1),
        SourceReport("busy", SourceStatus.LIMITED, 1),
    }
    assert set(told["www.a.test"].sources) == {"log", "busy"}


async def test_a_zone_that_is_given_away_brings_names_and_a_warning(discover, dns, sink, small_site, given_away):
    ask, port = dns.query, given_away

    async def query(name, rdtype):
        if rdtype == "NS":
            found = (DnsRecord(name, "NS", "ns1.b.test", 60),) if name == "a.test" else ()
            return DnsAnswer(name, DnsOutcome.ANSWER if found else DnsOutcome.NODATA, found)
        return await ask(name, rdtype)

    async def endpoints(name, wanted):
        return None, (Endpoint("127.64.0.7", port),)

    dns.query, dns.endpoints = query, endpoints
    discovery = discover(words=())
    told = await run(discovery)
    assert told["hidden.dev.a.test"].sources == ("zone_transfer",)
    assert discovery.summary.name_servers[0].transfer is Transfer.OPEN
    assert [level for level, message in sink.logs if "zone transfer" in message] == ["WARNING"]


@pytest.fixture
async def given_away():
    """The port of a name server that gives `a.test` to everybody."""

    async def talk(reader, writer):
        query = dns.message.from_wire(await reader.readexactly(int.from_bytes(await reader.readexactly(2))))
        response = dns.message.make_response(query)
        soa = dns.rrset.from_text("a.test.", 60, "IN", "SOA", "ns1.b.test. root.b.test. 1 2 3 4 5")
        response.answer += [soa, dns.rrset.from_text("hidden.dev.a.test.", 60, "IN", "A", "192.0.2.1"), soa]
        wire = response.to_wire()
        writer.write(len(wire).to_bytes(2, "big") + wire)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.64.0.7", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def test_blocked_names_are_left_out_and_told(discover, small_site, dns, sink):
    dns.blocked = frozenset({"www.a.test", "hidden.dev.a.test"})
    told = await run(discover(sources=[Names("hidden.dev.a.test", "mail.dev.a.test")]))
    assert set(told) == {"a.test", "mail.dev.a.test"}
    assert not {"www.a.test", "hidden.dev.a.test"} & set(dns.asked)
    ((code, message),) = sink.warnings
    # Of `www` nobody but our own dictionary has said anything, and nobody was asked whether it exists.
    assert (code, "hidden.dev.a.test" in message, "www" in message) == ("partial", True, False)
