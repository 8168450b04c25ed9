import pytest

from app.captures.port import ContentDamaged, ContentMissing, ContentsUnavailable
from app.core.errors import Unavailable
from app.findings.evidence.kept_contents import REST_S, KeptContents


class Contents:
    def __init__(self, outcome):
        self.outcome, self.asked = outcome, 0

    def get(self, sha256):
        self.asked += 1
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize("lost", [ContentMissing("x"), ContentDamaged("x")])
def test_what_is_lost_is_none_and_the_storage_is_asked_again(lost):
    contents = Contents(lost)
    kept = KeptContents(contents)
    assert kept.read("x") is kept.read("x") is None
    assert contents.asked == 2


@pytest.mark.parametrize("failure", [ContentsUnavailable("no"), PermissionError(13, "no")])
def test_what_cannot_be_had_now_is_not_taken_for_lost(failure):
    with pytest.raises(Unavailable) as refused:
        KeptContents(Contents(failure)).read("x")
    assert refused.value.code == "captures_unavailable"
    assert KeptContents(Contents(failure)).read_if_possible("x") is None


def test_a_storage_that_did_not_answer_is_left_alone_for_a_while():
    """A finding shows many places in sources: one of them waits, the others do not."""
    contents, clock = Contents(ContentsUnavailable("no")), Clock()
    kept = KeptContents(contents, monotonic=clock)
    assert [kept.read_if_possible("x") for _ in range(20)] == [None] * 20
    assert contents.asked == 1
    contents.outcome = b"back"
    clock.now += REST_S
    assert kept.read("x") == b"back"
