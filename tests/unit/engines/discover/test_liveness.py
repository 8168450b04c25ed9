import pytest

from app.domain.scan_facts import FetchError, Hop, HopKind
from app.engines.discover.liveness import HUNG_AFTER, SILENT_AFTER, LivenessProber, fingerprint
from app.engines.discover.pool import for_each
from app.engines.model import FetchResult


async def test_both_schemes_are_asked_and_kept_apart(web):
    web.serve("http://www.a.test/", "x")
    found = await LivenessProber(web).probe("www.a.test")
    assert found.http is not None
    assert found.https is None
    assert sorted(web.asked) == ["http://www.a.test/", "https://www.a.test/"]


async def test_an_error_page_is_an_answer_too(web):
    web.serve("https://www.a.test/", "broken", status=503)
    assert (await LivenessProber(web).probe("www.a.test")).https.status == 503


def test_pages_that_differ_in_the_host_name_alone_look_the_same():
    first = FetchResult("", "", 200, body=b"<title>Hello X1.a.test</title> x1.a.test")
    second = FetchResult("", "", 200, body=b"<TITLE >Hello x2.A.test</title> X2.a.test")
    assert fingerprint(first, "x1.a.test").title == fingerprint(second, "x2.a.test").title
    third = FetchResult("", "", 200, body=b"<title>Hello x3.a.test</title> x3.a.test")
    assert fingerprint(first, "x1.a.test") == fingerprint(third, "x3.a.test")


def test_the_target_of_a_redirect_is_part_of_the_look():
    hop = Hop("http://x1.a.test/", 302, "", HopKind.HTTP, "https://x1.a.test/login")
    assert fingerprint(FetchResult("", "", 302, hops=(hop,)), "x1.a.test").location == "https://*/login"


HUNDRED = [f"h{number}.a.test" for number in range(100)]
CLOSED = FetchResult("", "", error=FetchError.CONNECT, unreached=True)
HUNG_UP = FetchResult("", "", error=FetchError.CONNECT)
SILENT = FetchResult("", "", error=FetchError.TIMEOUT, unreached=True)
HUNG = FetchResult("", "", error=FetchError.TIMEOUT)
UNKNOWN = FetchResult("", "", error=FetchError.DNS)


async def probe_all(web, answers, addresses):
    """Which of a hundred names of one address answered http, asked many at once."""
    web.pages |= {f"http://{name}/": answers(name) for name in HUNDRED}
    prober, alive = LivenessProber(web), []

    async def probe(name):
        if await prober.probe_scheme("http", name, frozenset(addresses)) is not None:
            alive.append(name)

    await for_each(HUNDRED, probe, workers=50)
    return alive


@pytest.mark.parametrize("nothing", [CLOSED, SILENT])
async def test_where_nobody_listens_the_first_names_find_out_for_all(web, nothing):
    assert await probe_all(web, lambda name: nothing, ["127.64.0.1"]) == []
    assert len(web.asked) == SILENT_AFTER


async def test_an_address_that_takes_connections_and_never_answers_is_left_alone_later(web):
    assert await probe_all(web, lambda name: HUNG, ["127.64.0.1"]) == []
    assert HUNG_AFTER <= len(web.asked) < HUNG_AFTER + SILENT_AFTER


async def test_a_few_names_that_hang_behind_a_proxy_hide_none_of_the_others(web):
    hung = HUNDRED[: HUNG_AFTER - SILENT_AFTER]
    answers = dict.fromkeys(hung, HUNG)
    alive = await probe_all(web, lambda name: answers.get(name, FetchResult("", "", 200)), ["127.64.0.1"])
    assert sorted(alive) == sorted(set(HUNDRED) - set(hung))


@pytest.mark.parametrize("nothing", [HUNG_UP, UNKNOWN])
async def test_a_connection_that_is_cut_says_nothing_about_other_names(web, nothing):
    alive = await probe_all(
        web, lambda name: FetchResult("", "", 200) if name == "h99.a.test" else nothing, ["127.64.0.1"]
    )
    assert alive == ["h99.a.test"]
    assert len(web.asked) == 100


async def test_one_answer_keeps_an_address_open_for_good(web):
    alive = await probe_all(
        web, lambda name: FetchResult("", "", 200) if name == "h0.a.test" else SILENT, ["127.64.0.1"]
    )
    assert alive == ["h0.a.test"]
    assert len(web.asked) == 100


async def test_schemes_and_addresses_are_judged_by_themselves(web):
    await probe_all(web, lambda name: CLOSED, ["127.64.0.1"])
    web.serve("https://x.a.test/", "x")
    web.serve("http://y.a.test/", "y")
    prober = LivenessProber(web)
    for name in HUNDRED[:10]:
        await prober.probe_scheme("http", name, frozenset({"127.64.0.1"}))
    assert (await prober.probe("x.a.test", ("127.64.0.1",))).https is not None
    assert (await prober.probe("y.a.test", ("127.64.0.2",))).http is not None
