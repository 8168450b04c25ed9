"""The test internet's registry speaks as real ones do: our own reader understands it."""

from app.engines.identify.rdap import read_answer
from app.engines.identify.registries import read_registries
from app.engines.model import FetchResult
from testnet.registry import HOST, LIST_PATH


def ask(world, path):
    answer = world.hosts[HOST].fallback(path)
    return FetchResult(f"http://{HOST}{path}", "", answer.status, body=answer.body)


def test_the_list_leads_to_it(world):
    registries = read_registries(ask(world, LIST_PATH).body)
    assert registries.server_for("gone-partner.test") == f"http://{HOST}/"


def test_it_knows_every_party_but_the_dead_ones(world):
    for domain, party in world.parties.items():
        found = read_answer(ask(world, f"/domain/{domain}"), domain, today="2026-11-26")
        assert (found.state == "unregistered") is party.dead
        assert party.dead or (found.registered_on, found.statuses) == (party.registered_on, party.statuses)


def test_other_paths_are_unknown(world):
    assert world.hosts[HOST].fallback("/entity/1") is None
