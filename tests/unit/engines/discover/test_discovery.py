import asyncio

import orjson
import pytest

from app.domain.messages import english
from app.engines.discover.discovery import MAX_NAMES, Discovery
from app.engines.discover.sources import SourceFailed
from app.engines.model import FetchResult, ScanConfig
from app.engines.ports import ScanStopped
from app.engines.scope import Scope


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
    assert ("WARNING", "The certificate log log could not be queried: HTTP status 502") in sink.logs


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
    assert ("WARNING", "1 DNS query got no response") in sink.logs


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
