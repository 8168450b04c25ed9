"""Issue: nobody may be told of a change that is none. A long run; the same with three scans is in every build."""

from testnet.worlds import WATCHED
from tests.support.watched_scans import feed, scanned_again

SCANS = 30


def test_thirty_scans_of_an_unchanged_restless_world_differ_in_nothing(tmp_path):
    with scanned_again(tmp_path / "data", WATCHED, SCANS) as scans:
        documents = [scan.get("/diff?page_size=200").json() for scan in scans]
        told = feed(scans[-1])
    assert [document["against"]["task_id"] for document in documents[1:]] == [scan.task_id for scan in scans[:-1]]
    assert [(document["changes"], document["items"]) for document in documents[1:]] == [(0, [])] * (SCANS - 1)
    assert {content["task_id"] for content in told} <= {scans[0].task_id}  # what is known is not told again
