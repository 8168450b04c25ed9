"""The way to the authority of time stamps: real HTTP to a server that misbehaves."""

import asyncio
import time
from hashlib import sha256

import pytest

from app.core.data_folder import TIME_STAMPS_FOLDER
from app.reports.formats.time_stamp import NoStampReason, NoTimeStamp
from app.tasks.report_process.time_stamp_client import MAX_ANSWER_BYTES, stamp_by_settings
from tests.support.backend import make_settings
from tests.support.logs import captured_log, records
from tests.support.ports import free_port
from tests.support.time_stamp_authority import STAMPED_AT, Chain, authority, stamping

DATA = b"manifest"


@pytest.fixture(scope="module")
def chain():
    return Chain()


@pytest.fixture
def service(chain):
    with authority(chain) as service:
        yield service


@pytest.fixture
def stamp(tmp_path, service, chain):
    def make(*, timeout_s=20.0, **values):
        roots = chain.write_root(tmp_path)
        given = {"report_timestamp_url": service.url, "report_timestamp_ca_file": roots, **values}
        return stamp_by_settings(make_settings(tmp_path, **given), DATA, timeout_s=timeout_s)

    return make


def refused(stamp, **given):
    with pytest.raises(NoTimeStamp) as found:
        stamp(**given)
    return found.value


def test_an_authority_in_the_internal_network_stamps_the_data(stamp, service):
    made = stamp()
    assert (made.time, made.is_trusted) == (STAMPED_AT, True)
    assert service.media_types == ["application/timestamp-query"]
    assert sha256(DATA).digest() in made.response


def test_the_same_data_is_stamped_once_also_when_the_authority_is_away_later(stamp, service):
    first = stamp()
    service.status = 503
    assert stamp() == first
    assert len(service.media_types) == 1


def test_a_kept_stamp_is_not_used_with_other_roots_or_when_its_file_is_damaged(stamp, service, chain, tmp_path):
    made = stamp()
    service.chain = Chain()
    service.behave = stamping(service.chain)
    (tmp_path / "others").mkdir()
    others = service.chain.write_root(tmp_path / "others")
    with captured_log() as log:
        other = stamp(report_timestamp_ca_file=others)
    assert [record["event"] for record in records(log)] == ["time_stamp_not_used_again"]
    assert (other.is_trusted, other == made) == (True, False)
    for path in (tmp_path / TIME_STAMPS_FOLDER).iterdir():
        path.write_bytes(b"damaged")
    assert stamp(report_timestamp_ca_file=others).is_trusted
    assert len(service.media_types) == 3


def test_nothing_is_kept_of_an_authority_that_gave_none(stamp, service, tmp_path):
    service.status = 503
    refused(stamp)
    assert not (tmp_path / TIME_STAMPS_FOLDER).exists()


async def test_a_thread_beside_an_event_loop_gets_one_as_well(stamp):
    """As of `compliance scan --output evidence.zip`."""
    assert (await asyncio.to_thread(stamp)).is_trusted


def test_without_roots_the_signature_is_not_checked(stamp):
    assert not stamp(report_timestamp_ca_file=None).is_trusted


def test_an_authority_that_says_nothing_is_not_waited_for(stamp, service):
    service.behave = service.hang
    began = time.monotonic()
    failure = refused(stamp, timeout_s=0.3)
    assert time.monotonic() - began < 10
    assert (failure.reason, failure.values) == (NoStampReason.TIMEOUT, {"seconds": "0.3"})


def test_without_the_roots_of_the_network_there_is_no_time_stamp_and_no_other_failure(stamp, tmp_path):
    """The file was there at the start."""
    failure = refused(stamp, ca_file=tmp_path / "gone.pem")
    assert (failure.reason, failure.cause) == (NoStampReason.UNREACHABLE, "FileNotFoundError")


def test_an_authority_that_is_away_is_told_with_its_error_for_the_log(stamp):
    failure = refused(stamp, report_timestamp_url=f"http://127.0.0.1:{free_port()}/")
    assert failure.reason is NoStampReason.UNREACHABLE
    assert failure.cause.startswith("connect: ")


@pytest.mark.parametrize("status", [302, 404, 503])
def test_another_status_is_no_answer_and_no_redirect_is_followed(stamp, service, status):
    service.status = status
    failure = refused(stamp)
    assert (failure.reason, failure.values) == (NoStampReason.HTTP_STATUS, {"status": status})


def test_an_answer_without_end_is_cut_off(stamp, service):
    whole = stamping(service.chain)
    service.behave = lambda query: whole(query).ljust(MAX_ANSWER_BYTES, b"\0") + b"\0"
    assert refused(stamp).reason is NoStampReason.TOO_LARGE
    service.behave = lambda query: whole(query).ljust(MAX_ANSWER_BYTES, b"\0")
    assert refused(stamp).reason is NoStampReason.UNREADABLE


def test_the_authority_of_other_roots_is_refused(stamp, service):
    service.behave = stamping(Chain())
    assert refused(stamp).reason is NoStampReason.UNTRUSTED


def test_roots_that_are_gone_since_the_start_are_told(stamp, tmp_path, service):
    failure = refused(stamp, report_timestamp_ca_file=tmp_path / "gone.pem")
    assert (failure.reason, failure.cause) == (NoStampReason.NO_ROOTS, "unreadable")
    assert service.media_types == []
