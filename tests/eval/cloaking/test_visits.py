"""The set of cloaking servers is what it says: five kinds, noise that looks like it, and nothing real."""

import re

import pytest

from app.engines.urls import host_of
from tests.eval.cloaking.visits import KINDS, Visit, cloaking_servers, noisy_servers

SERVERS = (*cloaking_servers(), *noisy_servers())


def test_every_kind_of_cloaking_is_there_twice():
    assert all(sum(kind in server.kinds for server in cloaking_servers()) >= 2 for kind in KINDS)


def test_at_least_six_sorts_of_noise():
    assert len(noisy_servers()) >= 6


def test_ids_and_addresses_are_unique_among_servers():
    assert len({server.id for server in SERVERS}) == len(SERVERS)
    assert len({server.url for server in cloaking_servers()}) == len(cloaking_servers())


@pytest.mark.parametrize("server", cloaking_servers(), ids=lambda server: server.id)
def test_what_is_cloaked_is_shown_to_its_visitors_and_to_nobody_else(server):
    for visit in Visit:
        assert (server.answer(visit) != server.answer(Visit.PLAIN)) is (visit in server.kinds)


@pytest.mark.parametrize("server", cloaking_servers(), ids=lambda server: server.id)
def test_two_plain_visits_get_the_same_and_the_quote_stands_in_the_cloaked_answer_alone(server):
    assert server.answer(Visit.PLAIN) == server.answer(Visit.PLAIN_AGAIN)
    shown = {visit: server.answer(visit).location + server.answer(visit).decoded for visit in Visit}
    assert all((server.quote in shown[visit]) is (visit in server.kinds) for visit in Visit)


@pytest.mark.parametrize("server", noisy_servers(), ids=lambda server: server.id)
def test_noise_differs_between_visits_and_is_nobodys_intent(server):
    assert len({server.answer(visit) for visit in Visit}) >= 2
    assert server.kinds == ()
    assert server.quote == ""


@pytest.mark.parametrize("server", SERVERS, ids=lambda server: server.id)
def test_hosts_are_reserved_for_examples_and_the_author_is_named(server):
    for visit in Visit:
        answer = server.answer(visit)
        hosts = {host_of(url) for url in re.findall(r"https?://[^\"'<> ]+", answer.html)} - {"www.w3.org"}
        hosts |= {host_of(answer.location)} if answer.location else set()
        assert all(host.endswith(".example") for host in hosts), hosts
    assert re.fullmatch(r"2\d{3}-\d\d-\d\d", server.provenance.batch)
    assert "before the rules were touched" in server.provenance.origin
