import pytest

from app.domain.discovery import (
    DiscoverySummary,
    NameServerReport,
    SourceReport,
    SourceStatus,
    Transfer,
    Walk,
)
from app.domain.messages import MessageCatalog
from app.reports.formats.blocks import Facts, Heading, Table, Text, Tone
from app.reports.formats.discovery_section import MAX_ROWS, discovery_section
from tests.support.said import said

SUMMARY = DiscoverySummary(
    sources=(SourceReport("crt.sh", SourceStatus.CACHED, 41), SourceReport("otx", SourceStatus.LIMITED)),
    name_servers=(
        NameServerReport("a.test", "ns1.b.test", Transfer.REFUSED, Walk.NONE),
        NameServerReport("a.test", "ns2.b.test", Transfer.OPEN, Walk.NONE, 12),
        NameServerReport("lab.a.test", "ns3.b.test", Transfer.REFUSED, Walk.WHOLE, 2),
    ),
    words_tried=948,
    variations_tried=120,
)


def section(summary, language="en"):
    return list(discovery_section(summary, MessageCatalog(language)))


def test_a_scan_that_has_said_nothing_has_no_section():
    assert section(None) == []


def test_each_way_stands_there_with_what_came_of_it():
    (table,) = [block for block in section(SUMMARY) if isinstance(block, Table)]
    assert table.rows == [
        ["crt.sh", said("source_status.cached"), "41"],
        ["otx", said("source_status.limited"), "0"],
        ["ns1.b.test (a.test)", said("zone_transfer.refused"), "0"],
        ["ns2.b.test (a.test)", said("zone_transfer.open"), "12"],
        ["ns3.b.test (lab.a.test)", said("zone_transfer.walked"), "2"],
    ]


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("status", SourceStatus)
def test_every_outcome_has_a_text(language, status):
    summary = DiscoverySummary(sources=(SourceReport("otx", status),))
    (table,) = [block for block in section(summary, language) if isinstance(block, Table)]
    assert str(status) not in table.rows[0]


def test_guesses_are_counted_also_where_nobody_was_asked():
    blocks = section(DiscoverySummary(words_tried=948))
    assert [type(block) for block in blocks] == [Heading, Text, Facts]
    assert [value for _, value in blocks[-1].rows] == ["948", "0"]


def test_what_is_too_much_is_counted_and_names_of_strangers_stay_one_line():
    reports = tuple(SourceReport(f"x\n{number}", SourceStatus.ASKED) for number in range(MAX_ROWS + 3))
    blocks = section(DiscoverySummary(sources=reports))
    (table,) = [block for block in blocks if isinstance(block, Table)]
    assert len(table.rows) == MAX_ROWS
    assert "\n" not in table.rows[0][0]
    assert (blocks[-1].tone, "3" in blocks[-1].text) == (Tone.NOTE, True)


def test_resolvers_that_lie_are_named():
    blocks = section(DiscoverySummary(resolvers_left_out=("192.0.2.1:53",)))
    assert (blocks[-1].tone, "192.0.2.1:53" in blocks[-1].text) == (Tone.WARNING, True)
