"""One user asks for everything at once, again and again: the others sign in, look and are told as before."""

import asyncio
import statistics

import pytest

from tests.support.backend import USER_PASSWORD
from tests.support.cpu_time import slowness
from tests.support.flooding import NOWHERE, SECOND, fill, flooding, known_ids, operations_of, p99, waits

AT_ONCE = 100
SAMPLES = 60
# What others may wait for, by the clock, which is that of a busy machine: before reads had turns it was 32 s, beside a
# twenty-fifth of that when nobody flooded.
ALLOWED_S, TIMES = 10.0, 25
# Of the loop's processor time, in the median and at the 99th percentile: before the requests of a session had turns it
# was 54 and 84 ms.
LOOP_S, MOST_LOOP_S = 0.03, 0.1


@pytest.fixture
def filled(run_service):
    with run_service(ws_control_burst=1_000, resolvers=NOWHERE) as service:
        known = known_ids(service, fill(service))
        service.add_user(SECOND)
        yield service, known, service.sign_in(), service.add_user("other")


@pytest.mark.parametrize("methods", [{"GET"}, {"GET", "POST", "PUT", "PATCH", "DELETE"}], ids=["reads", "everything"])
def test_while_one_asks_for_everything_others_are_answered_and_their_sockets_live(filled, methods):
    service, known, attacker, other = filled
    operations = [one for one in operations_of(service) if one.method in methods]
    assert len(operations) > 40
    quiet = asyncio.run(waits(service, other, SAMPLES))
    token = attacker["Authorization"].removeprefix("Bearer ")
    with flooding(service, operations, token, known, at_once=AT_ONCE) as answers:
        loaded = asyncio.run(waits(service, other, SAMPLES))
        service.sign_in("other", USER_PASSWORD)
    for before, during in ((quiet.looks, loaded.looks), (quiet.pings, loaded.pings)):
        assert p99(during) <= max(ALLOWED_S, TIMES * p99(before))
    assert statistics.median(loaded.loop) <= LOOP_S * slowness()
    assert p99(loaded.loop) <= MOST_LOOP_S * slowness()
    assert sum(sum(by_status.values()) for by_status in answers.values()) >= AT_ONCE
    statuses = {status for by_status in answers.values() for status in by_status}
    assert "500" not in statuses, answers
    assert "monitor_paused" not in service.log()  # no round was late
    assert "Traceback" not in service.log()
    assert service.is_healthy()
