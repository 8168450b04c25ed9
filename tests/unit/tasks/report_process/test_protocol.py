"""There and back: orders, settings, frames and failures."""

from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from app.core.db import DatabaseUnavailable
from app.core.db_backend import Failure
from app.core.errors import NotFound, Unavailable
from app.scans.ports import ReportOrder
from app.tasks.report_process.protocol import (
    HEADER,
    MAX_PIECE_BYTES,
    REPORT_SETTINGS,
    SIZE,
    BrokenFrame,
    Kind,
    failure,
    frame,
    order_message,
    read_failure,
    read_header,
    read_order,
    read_settings,
    settings_message,
)
from tests.support.backend import make_settings


def test_an_order_arrives_as_it_was_given():
    order = ReportOrder(
        task_id="t",
        attempt=2,
        site="corp.test",
        kind="pdf",
        language="zh-CN",
        made_at=datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC),
        made_by="梅",
        domain="casino.test",
        findings=("gambling.casino.test",),
    )
    message = order_message(order)
    assert SIZE.unpack(message[: SIZE.size])[0] == len(message) - SIZE.size
    assert read_order(message[SIZE.size :]) == order


def test_of_the_settings_go_those_alone_that_a_report_reads(tmp_path):
    settings = make_settings(tmp_path, log_level="DEBUG", secret_key=SecretStr("s" * 40))
    message = settings_message(settings, {"AWS_SECRET_ACCESS_KEY": "a" * 40})
    assert b"s" * 40 not in message
    assert b"a" * 40 not in message
    read, storage = read_settings(message[SIZE.size :])
    assert storage == {}
    assert [getattr(read, name) for name in REPORT_SETTINGS] == [getattr(settings, name) for name in REPORT_SETTINGS]
    assert (read.secret_key, read.admin_password) == (None, None)


def test_what_opens_object_storage_goes_to_reports_whose_captures_lie_there(tmp_path):
    settings, variables = make_settings(tmp_path, captures_url="s3://bucket"), {"AWS_REGION": "eu"}
    read, storage = read_settings(settings_message(settings, variables)[SIZE.size :])
    assert (read.captures_url, storage) == ("s3://bucket", variables)


def test_a_frame_says_its_kind_and_its_size():
    made = frame(Kind.PIECE, b"abc")
    assert read_header(made[: HEADER.size]) == (Kind.PIECE, 3)
    assert made[HEADER.size :] == b"abc"


@pytest.mark.parametrize("head", [HEADER.pack(9, 1), HEADER.pack(Kind.PIECE, MAX_PIECE_BYTES + 1)])
def test_what_is_no_frame_is_refused_before_it_is_read(head):
    with pytest.raises(BrokenFrame):
        read_header(head)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (NotFound(text="no_such_third_party"), NotFound),
        (Unavailable(code="results_unavailable", retry_after_s=2), Unavailable),
        (DatabaseUnavailable(Failure.FULL), Unavailable),
    ],
)
def test_a_failure_is_raised_as_what_it_was(error, kind):
    read = read_failure(failure(error)[HEADER.size :])
    assert type(read) is kind
    assert (read.code, read.text_key, read.retry_after_s) == (error.code, error.text_key, error.retry_after_s)
