"""Two scans of the test internet whose world changed in between differ in what the world says, and in nothing else."""

import ssl
from collections import Counter
from contextlib import ExitStack
from dataclasses import asdict

import pytest
import trustme

from testnet.watched import CHANGES
from testnet.worlds import CHANGED, WATCHED
from tests.support.receivers import http_receiver, mail_receiver, verify
from tests.support.watched_scans import Receivers, feed, scanned_again, scanned_in_turn, sent, without_sponsors

FIELDS = ("section", "change", "name", "aspect", "before", "after")
ANY = "*"  # of a value of the world's list: a level that the risk gives


BUSY = (429, {"Retry-After": "0"}, b"slow down")
TAKEN = {
    "dingtalk": b'{"errcode":0,"errmsg":"ok"}',
    "wecom": b'{"errcode":0,"errmsg":"ok"}',
    "feishu": b'{"code":0,"msg":"success"}',
    "slack": b"ok",
}


@pytest.fixture(scope="module")
def receivers(tmp_path_factory):
    """A webhook that fails three times, four robots that are too busy at first, and a mail server."""
    folder = tmp_path_factory.mktemp("authority")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with ExitStack() as stack:
        servers = {kind: stack.enter_context(http_receiver()) for kind in ("webhook", *TAKEN)}
        servers["webhook"].script = [(500, {}, b"no"), (503, {}, b"no"), (404, {}, b"no")]
        for kind, taken in TAKEN.items():
            servers[kind].script = [BUSY, (200, {}, taken)]
        yield Receivers(servers, stack.enter_context(mail_receiver(context)), folder / "ca.pem")


@pytest.fixture(scope="module")
def both(tmp_path_factory, receivers):
    folder = tmp_path_factory.mktemp("watched") / "data"
    with scanned_in_turn(folder, [WATCHED, CHANGED], receivers=receivers) as scans:
        yield scans


def told(document):
    return sorted(tuple(item[name] for name in FIELDS) for item in without_sponsors(document))


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
    items = without_sponsors(after.get("/diff?page_size=200").json())
    assert Counter(item["change"] for item in items if item["section"] == "third_parties") == {
        "new": 1, "gone": 2, "not_seen": 1,
    }  # fmt: skip
    others = document["total"] - len(items)  # of the slot in which advertisers take turns
    assert (document["changes"] - others, document["not_seen"]) == (len(CHANGES) - 1, 1)
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


def test_each_channel_is_told_of_the_changes_once_whatever_its_receiver_does(both, receivers):
    _, after = both
    (told_of,) = [content for content in feed(after) if content["kind"] == "site_changed"]
    texts = [change["text"] for change in told_of["changes"]]
    deliveries = sent(after, len(receivers.http) + 1)
    channels = {item["id"]: item["kind"] for item in after.http.get("/api/v1/channels").json()["items"]}
    assert sorted((channels[item["channel_id"]], item["attempts"]) for item in deliveries) == sorted(
        {"webhook": 4, "email": 1, **dict.fromkeys(TAKEN, 2)}.items()
    )
    tries = receivers.http["webhook"].received
    for request in tries:
        verify(receivers.secrets["webhook"], request)
    assert len({(request.headers["webhook-id"], request.body) for request in tries}) == 1
    (item,) = tries[0].document["data"]["items"]
    codes = [{name: value for name, value in change.items() if name != "text"} for change in told_of["changes"]]
    assert (item["kind"], item["changes"]) == ("site_changed", codes)
    said = {kind: str(receivers.http[kind].received[-1].document).replace("\\", "") for kind in TAKEN}
    (mail,) = receivers.mail.mails
    said["email"] = " ".join(mail.get_body(("plain",)).get_content().split())
    assert [(kind, text) for kind in said for text in texts if text not in said[kind]] == []
    counts = {kind: len(server.received) for kind, server in receivers.http.items()}
    assert counts == {"webhook": 4} | dict.fromkeys(TAKEN, 2)


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
            assert told(document) == []
        assert {content["task_id"] for content in feed(scans[-1])} <= {
            scans[0].task_id
        }  # what is known is not told again
