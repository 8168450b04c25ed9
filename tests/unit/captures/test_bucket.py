"""What only object storage does: its faults, and objects by day."""

import time
from datetime import UTC, datetime, timedelta

import obstore
import pytest

from app.captures.contents import Contents, pack
from app.captures.port import ContentDamaged, ContentMissing, ContentsUnavailable
from tests.support.s3_server import bucket_at

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Days:
    def __init__(self):
        self.now = NOON.timestamp()

    def __call__(self):
        return self.now

    def pass_by(self, days):
        self.now += days * 86_400


@pytest.fixture
def days():
    return Days()


@pytest.fixture
def dated(s3, days):
    return bucket_at(s3.url, now=days)


def names(storage):
    return sorted(one["path"] for chunk in obstore.list(storage._store) for one in chunk)


def test_the_day_on_which_it_was_put_is_in_the_name(dated):
    digest = Contents(dated).put(b"one")
    assert names(dated) == [f"{digest[:2]}/{digest}/20261120.zst"]


def test_a_content_that_is_put_on_another_day_has_two_objects_until_it_is_tidied_up(dated, days):
    contents = Contents(dated)
    digest = contents.put(b"one")
    days.pass_by(4)
    contents.put(b"one")
    assert len(names(dated)) == 2
    assert contents.get(digest) == b"one"
    assert list(dated.list_old((NOON + timedelta(days=3)).timestamp())) == []
    assert names(dated) == [f"{digest[:2]}/{digest}/20261124.zst"]


def test_of_what_is_old_only_the_newest_stays_and_is_a_candidate(dated, days):
    contents = Contents(dated)
    digest = contents.put(b"one")
    days.pass_by(1)
    contents.put(b"one")
    days.pass_by(5)
    assert list(dated.list_old(days.now - 86_400)) == [digest]
    assert names(dated) == [f"{digest[:2]}/{digest}/20261121.zst"]


@pytest.mark.parametrize(("hours", "is_old"), [(35, False), (36, True)])
def test_it_is_old_a_day_after_the_end_of_its_day(dated, days, hours, is_old):
    """It was put at noon: what `before` means is the end of that day."""
    digest = Contents(dated).put(b"one")
    later = (NOON + timedelta(hours=hours)).timestamp()
    assert bool(list(dated.list_old(later - 86_400))) is is_old
    assert bool(dated.remove(digest, later - 86_400)) is is_old


def test_a_removal_that_comes_late_or_twice_does_not_mean_what_was_put_since(s3, proxy, days):
    """The answer to the removal is lost, a scan puts the content again, and the removal is sent once more."""
    behind, direct = bucket_at(proxy.url, now=days), bucket_at(s3.url, now=days)
    digest = Contents(direct).put(b"one")
    days.pass_by(4)

    def lose_the_first(method, path):
        if method != "DELETE":
            return None
        proxy.fault = lambda *_: None
        Contents(direct).put(b"one")
        return "lost"

    proxy.fault = lose_the_first
    behind.remove(digest, days.now - 86_400)
    assert [method for method, _ in proxy.requests].count("DELETE") == 2
    assert Contents(direct).get(digest) == b"one"


def test_what_is_tidied_up_between_listing_and_reading_is_found_under_its_newer_name(s3, proxy, days):
    behind, direct = bucket_at(proxy.url, now=days), bucket_at(s3.url, now=days)
    digest = Contents(direct).put(b"one")
    days.pass_by(4)

    def tidy_up(method, path):
        if digest in path and "list-type" not in path:
            proxy.fault = lambda *_: None
            Contents(direct).put(b"one")
            list(direct.list_old(days.now - 86_400))

    proxy.fault = tidy_up
    assert Contents(behind).get(digest) == b"one"


def test_names_that_are_none_of_ours_are_left_alone(dated, days):
    digest = Contents(dated).put(b"one")
    for name in ("readme.txt", f"{digest[:2]}/{digest}/99999999.zst", f"{digest[:2]}/{digest}/x", "ab/cd/20200101.zst"):
        obstore.put(dated._store, name, b"?")
    days.pass_by(10)
    assert [found for found, _ in dated.list_all()] == [digest]
    assert list(dated.list_old(days.now)) == []  # of a day that is none nothing is known
    assert len(names(dated)) == 4


@pytest.mark.parametrize("fault", ["error", "away"])
def test_one_failure_is_tried_again_and_not_seen(proxy, fault):
    storage = bucket_at(proxy.url)
    digest = Contents(storage).put(b"one")
    failed = set()

    def first_of_each(method, path):
        if (method, path) in failed:
            return None
        failed.add((method, path))
        return fault

    proxy.fault = first_of_each
    assert Contents(storage).get(digest) == b"one"
    assert storage.renew(digest)
    assert len(failed) >= 2


@pytest.mark.parametrize("fault", ["error", "away"])
def test_a_server_that_goes_on_failing_is_unavailable_and_nothing_is_taken_for_missing(proxy, fault):
    storage = bucket_at(proxy.url)
    digest = Contents(storage).put(b"one")
    proxy.fault = lambda *_: fault
    calls = [
        lambda: storage.read(digest),
        lambda: storage.renew(digest),
        lambda: storage.write(digest, pack(b"one")),
        lambda: storage.remove(digest, time.time() + 1e6),
        lambda: list(storage.list_all()),
        lambda: list(storage.list_old(time.time())),
    ]
    for call in calls:
        with pytest.raises(ContentsUnavailable):
            call()
    proxy.fault = lambda *_: None
    assert Contents(storage).get(digest) == b"one"


def test_a_bucket_that_is_not_there_is_unavailable_and_its_contents_are_not_missing(s3):
    storage = bucket_at(s3.url)
    s3._ask("DELETE", "/evidence")
    with pytest.raises(ContentsUnavailable):
        storage.read("0" * 64)
    with pytest.raises(ContentsUnavailable):
        storage.write("0" * 64, b"x")


def test_nobody_waits_for_a_slow_server_longer_than_the_limit(proxy):
    storage = bucket_at(proxy.url, request_timeout_s=0.5)
    proxy.slow_s = 1.5
    proxy.fault = lambda *_: "slow"
    began = time.monotonic()
    with pytest.raises(ContentsUnavailable):
        storage.write("0" * 64, b"x")
    assert time.monotonic() - began < 5


def test_an_answer_that_ends_early_is_no_content(proxy):
    storage = bucket_at(proxy.url)
    digest = Contents(storage).put(bytes(range(256)) * 4_000)
    proxy.fault = lambda method, path: "cut" if path.endswith(".zst") else None
    with pytest.raises((ContentsUnavailable, ContentDamaged)):
        Contents(storage).get(digest)


def test_other_bytes_than_were_put_are_damage(proxy):
    storage = bucket_at(proxy.url)
    digest = Contents(storage).put(b"one")
    proxy.fault = lambda method, path: "wrong" if path.endswith(".zst") else None
    with pytest.raises(ContentDamaged):
        Contents(storage).get(digest)


def test_what_is_said_of_a_failure_holds_no_secret(proxy):
    storage = bucket_at(proxy.url)
    proxy.fault = lambda *_: "error"
    with pytest.raises(ContentsUnavailable) as failure:
        storage.read("0" * 64)
    said = str(failure.value) + repr(failure.value) + repr(failure.value.__cause__) + repr(storage)
    assert "test-secret" not in said
    assert "test-access" not in said
    assert "list-type" not in said  # nor any other query


def test_nothing_is_there_before_anything_was_put(dated):
    assert list(dated.list_all()) == list(dated.list_old(time.time())) == []
    with pytest.raises(ContentMissing):
        dated.read("0" * 64)
