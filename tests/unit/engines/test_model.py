"""What a fetch answers."""

from app.engines.model import FetchResult


def test_the_first_header_of_a_name_counts():
    result = FetchResult("http://a.test/", "http://a.test/", headers=(("x-a", "1"), ("x-a", "2")))
    assert (result.header("x-a"), result.header("x-b")) == ("1", "")
