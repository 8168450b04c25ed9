import pytest

from app.domain.local_reading import LocalSummary, ModelFault
from app.domain.messages import MessageCatalog
from app.domain.reading import ReadingSummary
from app.services.report_formats.blocks import Facts, Heading, Text, Tone
from app.services.report_formats.readers_section import readers_section

MODEL = ReadingSummary("qwen3:8b", 1, 100, 9, 8, 6, {"timeout": 2}, {"budget": 4}, {"suppressed": 3, "unchanged": 3})
LOCAL = LocalSummary(4, None, 40, {"suppressed": 2, "to_review": 1, "unchanged": 37})


def section(model, local, language="en"):
    return list(readers_section(model, local, MessageCatalog(language)))


def test_where_rules_alone_judged_there_is_no_section():
    assert section(None, None) == []


def test_each_reader_says_what_it_read_and_what_it_changed():
    heading, _, model, local = section(MODEL, LOCAL)
    assert (heading.text, heading.anchor) == ("Who else read the pages", "readers")
    assert model.rows == [
        ("Language model", "qwen3:8b"),
        ("Pages that it was asked about", "8"),
        ("Valid answers", "6"),
        ("Void answers", "2"),
        ("Pages that it was not asked about", "4"),
        ("Pages whose finding it confirmed", "0"),
        ("Pages whose finding it suppressed", "3"),
        ("Pages that it sent to review", "0"),
    ]
    assert local.rows == [
        ("Local reader", "version 4"),
        ("Pages read", "40"),
        ("Pages whose finding it suppressed", "2"),
        ("Pages that it sent to review", "1"),
    ]


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("fault", ModelFault)
def test_a_local_reader_that_could_not_read_says_why(fault, language):
    blocks = section(None, LocalSummary(4, fault.value, 0), language)
    assert [type(block) for block in blocks] == [Heading, Text, Facts, Text]
    assert blocks[-1].tone is Tone.WARNING
    assert "4" in blocks[-1].text
