import pytest

from app.core.config import Settings
from app.tasks.worker.capture_quota import FREE_SPACE_READ_S, LimitedCaptureQuota, free_bytes

LIMITS = {
    "capture_max_bytes_per_scan": 1_000,
    "capture_max_bytes_per_user": 10_000,
    "capture_max_bytes": 100_000,
    "capture_reserve_bytes": 500,
}


class Disk:
    """Free space and a clock that the test moves."""

    def __init__(self):
        self.free = 10_000
        self.now = 100.0


@pytest.fixture
def disk():
    return Disk()


@pytest.fixture
def room(tmp_path, disk):
    settings = Settings(data_dir=tmp_path, **LIMITS)
    return LimitedCaptureQuota(folder=tmp_path, settings=settings, free=lambda _: disk.free, monotonic=lambda: disk.now)


def test_a_scan_keeps_up_to_its_limit_and_nothing_more_afterwards(room):
    assert room.take(1_000)
    assert not room.take(1)
    assert room.refusal == "scan"
    assert not room.take(0)


def test_what_an_earlier_attempt_kept_belongs_to_the_limit_and_is_not_reported_again(room):
    room.resume(900)
    assert room.unreported() == 0
    assert not room.take(101)


@pytest.mark.parametrize(
    ("usage", "refusal"), [((9_950, 9_950), "user"), ((0, 99_950), "all"), ((9_950, 99_950), "user")]
)
def test_what_others_keep_counts_for_the_limits_of_a_user_and_of_all(room, usage, refusal):
    room.reported(0, *usage)
    assert room.take(50)
    assert not room.take(1)
    assert room.refusal == refusal


def test_what_is_reported_is_not_counted_twice(room):
    room.reported(0, 9_000, 9_000)
    assert room.take(600)
    assert room.unreported() == 600
    room.reported(600, 9_600, 9_600)
    assert room.unreported() == 0
    assert room.take(400)


def test_below_the_reserve_nothing_is_kept(room, disk):
    assert room.take(1)
    disk.free = 499
    assert room.take(1)  # the disk is looked at once a second
    disk.now += FREE_SPACE_READ_S
    assert not room.take(1)
    assert room.refusal == "disk"


def test_a_disk_without_reserve_is_noticed_before_the_first_content(room, disk):
    disk.free = 0
    assert not room.take(1)


def test_the_free_space_is_the_systems(tmp_path):
    assert free_bytes(tmp_path) > 0


def test_what_could_not_be_stored_counts_nowhere(room):
    assert room.take(900)
    room.give_back(900)
    assert room.unreported() == 0
    assert room.take(1_000)


def test_contents_that_lie_elsewhere_ask_for_no_room_on_this_disk():
    elsewhere = LimitedCaptureQuota(folder=None, settings=Settings(**LIMITS), free=lambda _: 0)
    assert elsewhere.take(100)
