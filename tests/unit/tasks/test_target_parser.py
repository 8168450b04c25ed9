import pytest

from app.core.errors import InvalidInput
from app.domain.targets import ParsedTarget
from app.tasks.target_parser import EngineTargetParser

PARSER = EngineTargetParser()
TARGET = ParsedTarget("xn--bcher-kva.example", "bücher.example", "xn--bcher-kva.example")


def test_a_target_is_read_as_the_engine_reads_it():
    assert PARSER.parse("Bücher.Example") == TARGET
    assert PARSER.ascii_name("bücher.example") == TARGET.name


@pytest.mark.parametrize("text", ["", "not a name", "127.0.0.1"])
def test_what_is_no_target_is_refused_with_a_code(text):
    with pytest.raises(InvalidInput) as refused:
        PARSER.parse(text)
    assert refused.value.code.startswith("target_")


def test_a_start_url_is_serialised_without_its_fragment():
    url = PARSER.parse_start_url("https://Bücher.example/a b#part", TARGET)
    assert url == "https://xn--bcher-kva.example/a%20b"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("/only/a/path", "start_url_invalid"),
        ("ftp://xn--bcher-kva.example/", "start_url_invalid"),
        ("https://user@xn--bcher-kva.example/", "start_url_invalid"),
        ("https://other.example/", "start_url_outside_target"),
    ],
)
def test_a_start_url_that_is_none_or_elsewhere_is_refused(text, code):
    with pytest.raises(InvalidInput) as refused:
        PARSER.parse_start_url(text, TARGET)
    assert refused.value.code == code
