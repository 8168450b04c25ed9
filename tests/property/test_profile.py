"""What holds for every property, however busy the machine is."""

from hypothesis import HealthCheck, settings


def test_no_example_is_held_against_a_clock():
    assert settings().deadline is None
    assert HealthCheck.too_slow in settings().suppress_health_check
