import pytest

from app.api.content_coding import choose_coding


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        (None, None),
        ("", None),
        ("gzip, deflate, br, zstd", "br"),  # browsers
        ("gzip, deflate", "gzip"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("deflate", None),
        ("br;q=0.5, gzip;q=0.8", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0.001", "br"),
        ("br;q=0", None),
        ("*", "br"),
        ("*;q=0", None),
        ("*;q=0, gzip", "gzip"),
        ("br;q=0, *", "gzip"),
        ("identity", None),
        ("identity, gzip;q=0.5", None),
        ("identity;q=0.5, gzip", "gzip"),
        ("gzip, identity", "gzip"),
        ("identity;q=0", None),  # there is nothing else: it is sent all the same
        ("identity;q=0, *", "br"),
        ("gzip;q=nonsense", None),
    ],
)
def test_a_reader_gets_what_it_takes_best(accepted, coding):
    assert choose_coding(accepted) == coding


def test_only_what_there_is_is_chosen():
    assert choose_coding("br, gzip;q=0.1", ["gzip"]) == "gzip"
    assert choose_coding("br", ["gzip"]) is None
    assert choose_coding("br, gzip", []) is None
