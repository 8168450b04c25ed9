"""Two scans of the test internet whose world changed in between differ in what the world says, and in nothing else."""

from dataclasses import asdict

import pytest

from testnet.watched import CHANGES
from testnet.worlds import CHANGED, WATCHED
from tests.support.watched_scans import feed, scanned_again, scanned_in_turn

FIELDS = ("section", "change", "name", "aspect", "before", "after")
ANY = "*"  # of a value of the world's list: a level that the risk gives


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    with scanned_in_turn(tmp_path_factory.mktemp("watched") / "data", [WATCHED, CHANGED]) as scans:
        yield scans


def told(document):
    return sorted(tuple(item[name] for name in FIELDS) for item in document["items"])


def listed():
    return sorted(tuple(asdict(change).values()) for change in CHANGES)


def matches(found, wanted):
    return all(want in (ANY, value) for value, want in zip(found, wanted, strict=True))


def test_the_difference_is_the_list_of_the_world(both):
    _, after = both
    found, wanted = told(after.get("/diff?page_size=200").json()), listed()
    assert [row[:4] for row in found] == [row[:4] for row in wanted]
    assert [row for row, want in zip(found, wanted, strict=True) if not matches(row, want)] == []


def test_the_first_of_all_is_what_became_of_known_third_parties(both):
    _, after = both
    document = after.get("/diff").json()
    assert [item["name"] for item in document["items"][:3]] == ["quay-partner.test"] * 2 + ["tide-widget.test"]
    assert document["scan"]["conclusive"] is True
    assert document["counts"]["third_parties"] == {"new": 1, "gone": 2, "not_seen": 1}
    assert (document["changes"], document["not_seen"]) == (len(CHANGES) - 1, 1)
    assert document["against"]["task_id"] == both[0].task_id


def test_who_wants_to_be_told_of_it_is_told_once_and_in_words(both):
    _, after = both
    told_of = feed(after)
    (changed,) = [content for content in told_of if content["kind"] == "site_changed"]
    items = after.get("/diff?section=content").json()["items"]
    facts = [item for item in items if item["aspect"] != "judgement"]  # of which the findings tell
    assert [change["text"] for change in changed["changes"]] == [item["text"] for item in facts]
    assert (changed["task_id"], changed["total"]) == (
        after.task_id,
        len({item["name"] for item in facts}),
    )
    assert [content["kind"] for content in told_of if content["kind"] not in ("findings", "site_changed")] == []
    new = {item["name"] for item in after.get("/diff?section=findings&change=new").json()["items"]}
    found = [
        found["domain"]
        for content in told_of
        if content.get("task_id") == after.task_id
        for found in content.get("findings") or ()
    ]
    assert new <= set(found)
    assert len(found) == len(set(found))


def test_the_first_scan_has_nothing_to_be_compared_with(both):
    before, _ = both
    document = before.get("/diff").json()
    assert (document["against"], document["items"], document["total"]) == (None, [], 0)


def test_the_other_way_round_new_is_gone(both):
    before, after = both
    there = after.get("/diff?page_size=200&section=third_parties").json()["items"]
    back = before.get(f"/diff?page_size=200&section=third_parties&against={after.task_id}").json()["items"]
    assert {item["name"] for item in there if item["change"] == "new"} == {
        item["name"] for item in back if item["change"] in ("gone", "not_seen")
    }


def test_scans_of_an_unchanged_restless_world_do_not_differ(tmp_path):
    with scanned_again(tmp_path / "data", WATCHED, 3) as scans:
        for scan in scans[1:]:
            document = scan.get("/diff?page_size=200").json()
            assert document["against"] is not None
            assert (document["changes"], told(document)) == (0, [])
        assert {content["task_id"] for content in feed(scans[-1])} <= {
            scans[0].task_id
        }  # what is known is not told again
