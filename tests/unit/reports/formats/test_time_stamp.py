"""What an archive says about its time stamp, in words."""

from datetime import UTC, datetime

import pytest

from app.domain.messages import Language, MessageCatalog
from app.reports.formats.time_stamp import NoStampReason, NoTimeStamp, TimeStamp, no_stamp_line, stamp_lines

MADE_AT = datetime(2026, 1, 2, 3, 4, 6, 900_000, tzinfo=UTC)
VALUES = {
    NoStampReason.TIMEOUT: {"seconds": "10"},
    NoStampReason.HTTP_STATUS: {"status": 502},
    NoStampReason.TOO_LARGE: {"most": 64},
    NoStampReason.REJECTED: {"status": 2},
}


@pytest.mark.parametrize("language", Language)
def test_the_time_has_its_zone_and_the_command_stands_there(language):
    (line,) = stamp_lines(TimeStamp(b"", MADE_AT, "CN=TSA", is_trusted=True), MessageCatalog(language))
    assert "2026-01-02 03:04:06 UTC" in line
    assert "CN=TSA" in line
    assert line.endswith("openssl ts -verify -data manifest.json -in manifest.json.tsr -CAfile roots.pem")


@pytest.mark.parametrize("language", Language)
def test_a_signature_that_nobody_has_checked_is_told(language):
    texts = MessageCatalog(language)
    _, unchecked = stamp_lines(TimeStamp(b"", MADE_AT, "CN=TSA", is_trusted=False), texts)
    assert unchecked == texts("report.time_stamp_unchecked")


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("reason", NoStampReason)
def test_every_reason_has_its_words(reason, language):
    values = VALUES.get(reason, {})
    line = no_stamp_line(NoTimeStamp(reason, cause="for the log", **values), MessageCatalog(language))
    assert "manifest.json" in line
    assert "for the log" not in line
    assert all(str(value) in line for value in values.values())
