"""One observation that counts many times is exported like as many single ones."""

from prometheus_client import CollectorRegistry, Histogram, generate_latest

from app.core.metrics import WeightedHistogram


def exported(registry):
    return [line for line in generate_latest(registry).decode().splitlines() if "_created" not in line]


def test_a_weighted_observation_equals_as_many_single_ones():
    one, other = CollectorRegistry(), CollectorRegistry()
    single = Histogram("latency", "Seconds", buckets=(1, 2, 4), registry=one)
    weighted = WeightedHistogram("latency", "Seconds", buckets=(1, 2, 4), registry=other)
    for amount, times in ((0.5, 3), (1, 2), (3, 1), (9, 5)):
        weighted.observe_times(amount, times)
        for _ in range(times):
            single.observe(amount)
    assert exported(one) == exported(other)
