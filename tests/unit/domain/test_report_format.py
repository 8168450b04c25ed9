"""Which format is meant."""

import pytest

from app.domain.report_format import MEDIA_TYPES, ReportFormat, content_type, format_of_accept, format_of_suffix


def test_every_format_has_a_media_type_of_its_own():
    assert set(MEDIA_TYPES) == set(ReportFormat)
    assert len(set(MEDIA_TYPES.values())) == len(ReportFormat)
    assert content_type(ReportFormat.HTML) == "text/html; charset=utf-8"
    assert content_type(ReportFormat.JSON) == "application/json"
    assert content_type(ReportFormat.STIX) == "application/stix+json;version=2.1"


@pytest.mark.parametrize("kind", ReportFormat)
def test_a_file_is_named_by_its_format(kind):
    assert format_of_suffix(f"a.b/report.{kind.upper()}") is kind


@pytest.mark.parametrize("name", ["report", "report.", "report.exe", "html", ""])
def test_another_ending_names_none(name):
    assert format_of_suffix(name) is None


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("", ReportFormat.JSON),
        ("*/*", ReportFormat.JSON),
        ("application/json, text/html", ReportFormat.JSON),
        ("image/png, TEXT/HTML;q=0.9", ReportFormat.HTML),
    ],
)
def test_a_header_names_the_first_that_it_knows(header, kind):
    assert format_of_accept(header) is kind
