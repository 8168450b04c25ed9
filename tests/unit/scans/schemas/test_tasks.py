"""Options in a request: the bounds and defaults of the domain, and nothing beyond them."""

import pytest
from pydantic import ValidationError

from app.domain.scan_options import DEFAULTS, MAX_DEPTH, MAX_PAGES, START_URLS, TIME_LIMIT_S
from app.scans.schemas.tasks import ScanOptions


def test_a_request_without_options_asks_for_the_defaults():
    assert ScanOptions().to_domain() == DEFAULTS


@pytest.mark.parametrize(
    ("name", "bounds"), [("max_pages", MAX_PAGES), ("max_depth", MAX_DEPTH), ("time_limit_s", TIME_LIMIT_S)]
)
def test_a_request_takes_the_bounds_and_nothing_beyond_them(name, bounds):
    for value in bounds:
        assert getattr(ScanOptions(**{name: value}).to_domain(), name) == value
    for value in (bounds.least - 1, bounds.most + 1):
        with pytest.raises(ValidationError):
            ScanOptions(**{name: value})


def test_a_request_takes_no_more_start_urls_than_may_be_stored():
    urls = tuple(f"https://a.example/{number}" for number in range(START_URLS.most + 1))
    assert ScanOptions(start_urls=urls[:-1]).to_domain().start_urls == urls[:-1]
    with pytest.raises(ValidationError):
        ScanOptions(start_urls=urls)
