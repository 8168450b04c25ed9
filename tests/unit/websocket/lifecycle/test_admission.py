"""Who may try: origin, rate and numbers, before anything costs."""

from types import SimpleNamespace

import pytest

from app.websocket.connections.peer_servers import Nowhere
from app.websocket.lifecycle.admission import Admission
from tests.support.backend import make_settings
from tests.support.clock import FakeClock

HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"


class Held(list):
    """Those who are here: a registry and the event streams alike."""

    def count_address(self, address):
        return self.count(address)


class Others(Nowhere):
    """Other servers, where so many connections are."""

    number = 0

    async def count_address(self, address):
        return self.number


@pytest.fixture
def place(tmp_path):
    settings = make_settings(
        tmp_path,
        ws_max_connections=4,
        ws_max_connections_per_address=2,
        ws_handshakes_per_s_per_address=3,
        allowed_origins=["https://page.example"],
    )
    clock, registry, streams, peer_servers = FakeClock(), Held(), Held(), Others()
    admission = Admission(settings=settings, registry=registry, streams=streams, peer_servers=peer_servers, clock=clock)
    return SimpleNamespace(
        admission=admission, registry=registry, streams=streams, peer_servers=peer_servers, clock=clock
    )


async def ask(place, *origins, host="app.example"):
    headers = SimpleNamespace(getlist=lambda _name: list(origins), get=lambda _name, default="": host or default)
    return await place.admission.check(SimpleNamespace(headers=headers), HERE)


@pytest.mark.parametrize("origins", [(), ("https://page.example",), ("https://app.example",), ("http://APP.example",)])
async def test_no_origin_ours_and_those_of_the_settings_may_try(place, origins):
    assert await ask(place, *origins) is None


@pytest.mark.parametrize("origins", [("https://other.example",), ("null",), ("https://app.example",) * 2])
async def test_any_other_origin_may_not(place, origins):
    assert (await ask(place, *origins)).reason == "origin_not_allowed"


async def test_an_address_may_try_so_often_a_second(place):
    answers = [await place.admission.check_address(HERE) for _ in range(4)]
    assert [answer and answer.reason for answer in answers] == [None, None, None, "handshake_rate"]
    place.clock.advance(1)
    assert await place.admission.check_address(HERE) is None


async def test_sockets_and_streams_of_an_address_count_together(place):
    place.registry.append(HERE)
    place.streams.append(HERE)
    assert (await place.admission.check_address(HERE)).reason == "address_limit"
    assert await place.admission.check_address(ELSEWHERE) is None


async def test_all_have_so_many_places_together(place):
    place.registry.extend(["a", "b", "c"])
    place.streams.append("d")
    refusal = await place.admission.check_address(HERE)
    assert (refusal.status, refusal.reason) == (503, "process_limit")
    assert refusal.response().headers["retry-after"] == "30"


async def test_those_on_their_way_in_count_until_they_are_registered(place):
    with place.admission.entering(HERE), place.admission.entering(HERE):
        assert (await place.admission.check_address(HERE)).reason == "address_limit"
    assert await place.admission.check_address(HERE) is None


async def test_connections_at_other_servers_count_too(place):
    place.registry.append(HERE)
    assert await place.admission.check_address(HERE) is None
    place.peer_servers.number = 1
    assert (await place.admission.check_address(HERE)).reason == "address_limit"
