import pytest

from app.domain.local_reading import LocalSummary, ModelFault
from app.domain.messages import MessageCatalog
from app.domain.reading import ReadingSummary
from app.reports.formats.blocks import Facts, Heading, Text, Tone
from app.reports.formats.readers_section import readers_section
from tests.support.said import said

MODEL = ReadingSummary("qwen3:8b", 1, 100, 9, 8, 6, {"timeout": 2}, {"budget": 4}, {"suppressed": 3, "unchanged": 3})
LOCAL = LocalSummary(4, None, 40, {"suppressed": 2, "to_review": 1, "unchanged": 37})


def section(model, local, language="en"):
    return list(readers_section(model, local, MessageCatalog(language)))


def test_where_rules_alone_judged_there_is_no_section():
    assert section(None, None) == []


def test_each_reader_says_what_it_read_and_what_it_changed():
    heading, _, model, local = section(MODEL, LOCAL)
    assert (heading.text, heading.anchor) == (said("report.readers"), "readers")
    assert model.rows == [
        (said("report.reader.model"), "qwen3:8b"),
        (said("report.reader.asked"), "8"),
        (said("report.reader.answered"), "6"),
        (said("report.reader.void"), "2"),
        (said("report.reader.left_out"), "4"),
        (said("report.reader.confirmed"), "0"),
        (said("report.reader.suppressed"), "3"),
        (said("report.reader.to_review"), "0"),
    ]
    assert local.rows == [
        (said("report.reader.local"), said("report.reader.version", version=4)),
        (said("report.reader.read"), "40"),
        (said("report.reader.suppressed"), "2"),
        (said("report.reader.to_review"), "1"),
    ]


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("fault", ModelFault)
def test_a_local_reader_that_could_not_read_says_why(fault, language):
    blocks = section(None, LocalSummary(4, fault.value, 0), language)
    assert [type(block) for block in blocks] == [Heading, Text, Facts, Text]
    assert blocks[-1].tone is Tone.WARNING
    assert "4" in blocks[-1].text
