import heapq
import random

from hypothesis import given
from hypothesis import strategies as st

from app.engines.crawl.host_queues import HostQueues


def pop(heap):
    return heapq.heappop(heap) if heap else None


def host_queues(hosts, per_address=2):
    """`hosts`: by name, its address and how many places it has."""
    made = HostQueues(per_address)
    for host, (address, count) in hosts.items():
        made.open(host, address)
        for number in range(count):
            made.push(host, number + 1)
    return made


def taken_from(made, hosts):
    """By identity of the heap it is known whose place it was."""
    names = []
    while (
        host := made.take(lambda heap: pop(heap) and next(h for h in hosts if made._queues[h].heap is heap))
    ) is not None:
        names.append(host)
    return names


def test_hosts_of_one_address_take_turns_within_its_limit():
    hosts = {"a": ("1", 5), "b": ("1", 5), "c": ("1", 5)}
    made, seen = host_queues(hosts, per_address=1), []
    while taken := taken_from(made, hosts):
        assert len(taken) == 1
        seen += taken
        made.release(taken[0])
    assert seen == ["a", "b", "c"] * 5
    assert made.is_idle


def test_a_paused_host_gives_nothing_and_takes_nobodys_turn():
    hosts = {"a": ("1", 3), "b": ("1", 3)}
    made = host_queues(hosts, per_address=1)
    made.pause("a", awaited=True)
    for _ in range(3):
        assert taken_from(made, hosts) == ["b"]
        made.release("b")
    assert taken_from(made, hosts) == []
    assert not made.is_idle
    made.pause("a", awaited=False)
    assert made.is_idle
    made.resume("a", one_at_a_time=True)
    assert taken_from(made, hosts) == ["a"]


def test_a_host_that_comes_back_gives_one_at_a_time_until_it_is_well():
    hosts = {"a": ("1", 9)}
    made = host_queues(hosts, per_address=4)
    made.resume("a", one_at_a_time=True)
    assert len(taken_from(made, hosts)) == 1
    made.resume("a", one_at_a_time=False)
    assert len(taken_from(made, hosts)) == 3


@given(
    counts=st.lists(st.tuples(st.sampled_from("123"), st.integers(0, 6)), min_size=1, max_size=6),
    per_address=st.integers(1, 3),
    seed=st.integers(0, 10_000),
)
def test_whatever_is_paused_and_resumed_everything_is_given_once_and_no_address_gets_too_much(
    counts, per_address, seed
):
    rng = random.Random(seed)
    hosts = {f"h{number}": place for number, place in enumerate(counts)}
    made, flying, given_out = host_queues(hosts, per_address), [], dict.fromkeys(hosts, 0)
    for _ in range(2_000):
        for host in taken_from(made, hosts):
            flying.append(host)
            given_out[host] += 1
        for address in "123":
            assert sum(hosts[host][0] == address for host in flying) <= per_address
        if made.is_idle and not flying:
            break
        action, host = rng.choice(["release", "release", "pause", "resume", "slowly"]), rng.choice(list(hosts))
        if action == "release" and flying:
            made.release(flying.pop(rng.randrange(len(flying))))
        elif action == "pause":
            made.pause(host, awaited=True)
        else:
            made.resume(host, one_at_a_time=action == "slowly")
    assert given_out == {host: count for host, (_, count) in hosts.items()}
