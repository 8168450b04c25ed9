"""One observation that counts many times is exported like as many single ones."""

from prometheus_client import CollectorRegistry, Histogram, generate_latest

from app.core.metrics import Metrics, WeightedHistogram


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


def test_a_comparison_is_counted_by_outcome_and_its_differences_by_subject_and_change():
    metrics = Metrics()
    metrics.note_comparison({"third_parties": {"new": 2, "gone": 1}, "hosts": {"new": 1}})
    metrics.note_comparison({})
    metrics.note_comparison(None)
    value = metrics.registry.get_sample_value
    assert [value("scan_comparisons_total", {"outcome": outcome}) for outcome in ("made", "failed")] == [2, 1]
    assert value("scan_differences_total", {"section": "third_parties", "change": "new"}) == 2
    assert value("scan_differences_total", {"section": "third_parties", "change": "gone"}) == 1
    assert value("scan_differences_total", {"section": "hosts", "change": "new"}) == 1
