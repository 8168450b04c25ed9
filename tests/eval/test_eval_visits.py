"""The comparison of visits finds what the set says, accuses nobody else, and the table counts each server once."""

import pytest

from app.domain.tampering import visitor_of
from tests.eval.cloaking.visits import Visit, cloaking_servers, noisy_servers
from tests.eval.eval_visits import ServerOutcome, judge_servers, print_servers

OF_KIND = {
    Visit.ROBOT: "robot",
    Visit.SEARCH: "search",
    Visit.PHONE: "phone",
    Visit.NO_COOKIES: "newcomer",
    Visit.NIGHT: "browser",
}


@pytest.fixture(scope="module")
def outcomes():
    return judge_servers()


def test_every_server_that_cloaks_is_found_in_each_of_its_kinds_with_its_place_quoted(outcomes):
    cloaking = {outcome.server.id: outcome for outcome in outcomes if outcome.server.cloaks}
    assert set(cloaking) == {server.id for server in cloaking_servers()}
    for outcome in cloaking.values():
        assert outcome.accused, outcome.server.id
        assert outcome.quoted, outcome.server.id
        told = {visitor_of(sign.kind).value for sign in outcome.signs}
        assert told == {OF_KIND[kind] for kind in outcome.server.kinds}


def test_no_server_that_merely_differs_is_accused_by_day_or_at_night(outcomes):
    noise = [outcome for outcome in outcomes if not outcome.server.cloaks]
    assert {outcome.server.id for outcome in noise} == {server.id for server in noisy_servers()}
    assert [outcome.server.id for outcome in noise if outcome.signs] == []


def test_the_table_counts_what_was_found_and_errors_are_named(capsys):
    (robot, *_), (noise, *_) = cloaking_servers(), noisy_servers()
    print_servers([ServerOutcome(robot, ()), ServerOutcome(noise, ())], errors=True)
    said = capsys.readouterr().out
    assert "| robot | 1 | 0 | 0 |" in said
    assert "| noise | 1 | 0 | 0 |" in said
    assert f"{robot.id}: missed" in said
    assert noise.id not in said
