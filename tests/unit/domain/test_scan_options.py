"""Options of a scan: as a row keeps them, and as the engine takes them."""

import json
from dataclasses import dataclass

import pytest

from app.domain import scan_options
from app.domain.scan_options import ScanOptions, Scheme, source_of
from app.engines.model import ScanConfig


def test_what_was_left_out_or_is_null_has_its_default():
    stored = {"max_pages": None, "start_urls": ["https://corp.example/a"], "screenshots": False}
    config = ScanConfig.from_json(stored, target="corp.example")
    assert (config.target, config.max_pages, config.start_urls) == ("corp.example", 5_000, ("https://corp.example/a",))
    assert config.screenshots is False


def test_an_option_that_does_not_exist_is_an_error():
    with pytest.raises(TypeError):
        ScanConfig.from_json({"resolver": "127.0.0.1"}, target="corp.example")


def test_a_row_gives_back_what_it_was_given():
    options = ScanOptions(
        scheme=Scheme.HTTP, max_pages=7, max_depth=0, start_urls=("https://a.example/",), use_passive_sources=False
    )
    assert ScanOptions.from_json(json.loads(json.dumps(options.to_json()))) == options


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterOptions(ScanOptions):
    """As a later version has them."""

    robots: bool = True


def test_what_was_chosen_is_the_same_in_a_version_with_more_options(monkeypatch):
    chosen = {"max_pages": 7, "start_urls": ("https://a.example/",)}
    assert ScanOptions(**chosen).chosen() == chosen
    assert ScanOptions(max_depth=None, screenshots=True).chosen() == {}
    monkeypatch.setattr(scan_options, "DEFAULTS", LaterOptions())
    assert LaterOptions(**chosen).chosen() == chosen
    assert LaterOptions(**chosen, robots=False).chosen() == {**chosen, "robots": False}


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ("https://log.test/?q=1", ("ct", "https://log.test/?q=1")),
        ("ct=https://log.test/", ("ct", "https://log.test/")),
        ("shodan=https://api.test/?key=a=b", ("shodan", "https://api.test/?key=a=b")),
        ("shodan=", ("ct", "shodan=")),
    ],
)
def test_a_source_is_named_or_a_certificate_log(entry, found):
    assert source_of(entry) == found
