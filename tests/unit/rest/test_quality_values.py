import pytest

from app.rest.quality_values import MAX_CHOICES, weigh


@pytest.mark.parametrize(
    ("header", "choices"),
    [
        ("", []),
        ("a, b", [("a", 1.0), ("b", 1.0)]),
        ("a;q=0.5, b", [("b", 1.0), ("a", 0.5)]),
        ("a ; q=0.2 , b;Q=0.4,", [("b", 0.4), ("a", 0.2)]),
        ("a;q=0, b;q=none, c;q=7, d;q=-1", [("c", 1.0), ("a", 0.0), ("b", 0.0), ("d", 0.0)]),
        ("a;v=1", [("a", 1.0)]),
    ],
)
def test_the_best_choice_comes_first_and_of_equal_ones_the_first(header, choices):
    assert weigh(header) == choices


def test_of_a_header_without_end_only_the_beginning_is_looked_at():
    assert len(weigh("a," * 10_000)) == MAX_CHOICES
