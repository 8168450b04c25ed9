"""Assignments of findings over the real application: who may, what remembers them, and what lists them."""

import csv
from datetime import timedelta
from io import StringIO

import pytest

from app.domain.violations import ViolationKey
from app.findings.schemas.decisions import AssignmentInfo
from app.findings.schemas.findings import ReviewPage
from app.identity.queries import audit
from tests.integration.test_api_decisions import BOTH, CASINO, SHOP, Scans

SURE = ("sure.test", ViolationKey.GAMBLING, 0.95)  # needs no review
SURE_ID = "gambling.sure.test"


class Assigned(Scans):
    async def me(self):
        return (await self.get("/api/v1/auth/me"))["id"]

    async def assign(self, place, finding=CASINO, *, status=200, headers=None, **body):
        answer = await self.backend.client.put(
            f"{place}/findings/{finding}/assignment", json={"version": 0, **body}, headers=headers or self.headers
        )
        assert answer.status_code == status, answer.text
        return answer.json()

    async def assignment(self, place, finding=CASINO):
        return (await self.get(f"{place}/findings/{finding}"))["assignment"]

    def day(self, days):
        return (self.backend.services.clock.now().date() + timedelta(days=days)).isoformat()


@pytest.fixture
async def mine(backend):
    return Assigned(backend, await backend.add_user("mei"))


@pytest.fixture
async def admin(backend):
    return Assigned(backend, await backend.login())


async def change_user(backend, headers, user_id, **changes):
    answer = await backend.client.patch(f"/api/v1/admin/users/{user_id}", json=changes, headers=headers)
    assert answer.status_code == 200, answer.text


async def test_an_assignment_is_remembered_by_the_next_scan_of_the_target_and_by_no_other(mine):
    first = await mine.scan("a.test", *BOTH)
    assert await mine.assignment(first) is None
    made = await mine.assign(first, assignee_id=await mine.me(), due_on="2026-12-15")
    AssignmentInfo.model_validate(made)
    assert made["assignee"] == {"user_id": await mine.me(), "username": "mei"}
    assert (made["due_on"], made["changed_by"], made["version"]) == ("2026-12-15", "mei", 1)
    again, other = await mine.scan("a.test", *BOTH), await mine.scan("b.test", *BOTH)
    assert await mine.assignment(again) == made
    assert await mine.assignment(again, SHOP) is None
    assert await mine.assignment(other) is None


async def test_every_answer_with_the_finding_has_it(mine):
    place = await mine.scan("a.test", *BOTH)
    made = await mine.assign(place, due_on="2026-12-15")
    listed = (await mine.get(f"{place}/findings"))["items"]
    assert {item["finding_id"]: item["assignment"] for item in listed} == {CASINO: made, SHOP: None}
    assert (await mine.get(f"{place}/third-parties/casino.test"))["findings"][0]["assignment"] == made
    for part in ("violations", "report"):
        told = await mine.get(f"{place}/{part}")
        found = told["items" if part == "violations" else "violations"]
        assert {item["domain"]: item["assignment"] for item in found} == {"casino.test": made, "shop.test": None}
    queue = (await mine.get("/api/v1/review"))["items"]
    assert {item["finding"]["finding_id"]: item["finding"]["assignment"] for item in queue} == {
        CASINO: made,
        SHOP: None,
    }


async def test_a_report_for_people_says_who_and_until_when(mine):
    place = await mine.scan("a.test", *BOTH)
    await mine.assign(place, assignee_id=await mine.me(), due_on="2026-12-15")
    answer = await mine.backend.client.get(f"{place}/report?format=csv&lang=en", headers=mine.headers)
    rows = {row["Domain"]: row for row in csv.DictReader(StringIO(answer.content.decode("utf-8-sig"), newline=""))}
    shown = [[rows[domain][name] for name in ("Assigned to", "Due date")] for domain in ("casino.test", "shop.test")]
    assert shown == [["mei", "2026-12-15"], ["", ""]]
    page = await mine.backend.client.get(f"{place}/report?format=html&lang=en", headers=mine.headers)
    assert "2026-12-15" in page.text


async def test_an_assignment_is_removed_as_a_whole_and_both_are_in_the_audit_log(mine, backend):
    place = await mine.scan("a.test", *BOTH)
    me = await mine.me()
    await mine.assign(place, assignee_id=me, due_on="2026-12-15")
    removed = await mine.assign(place, version=1)
    assert [removed[name] for name in ("assignee", "due_on", "version")] == [None, None, 2]
    await backend.services.audit.flush()
    rows = [
        row
        for action in ("finding.assign", "finding.unassign")
        for row in await backend.services.db.read(lambda c, action=action: audit.newest(c, 10, action=action))
    ]
    assert [row.detail for row in rows] == [
        {"finding": CASINO, "assignee": me, "due_on": "2026-12-15", "version": 1},
        {"finding": CASINO, "assignee": None, "due_on": None, "version": 2},
    ]
    assert {row.object_id for row in rows} == {place.rpartition("/")[2]}


async def test_of_two_who_assign_the_second_is_told(mine):
    place = await mine.scan("a.test", *BOTH)
    await mine.assign(place, due_on="2026-12-15")
    assert (await mine.assign(place, status=409, due_on="2026-12-16"))["code"] == "assignment_changed"
    assert (await mine.assignment(place))["due_on"] == "2026-12-15"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"assignee_id": "nobody"}, "assignee_unknown"),
        ({"assignee_id": ""}, "invalid_input"),
        ({"assignee_id": "x" * 37}, "invalid_input"),
        ({"due_on": "2026-02-30"}, "invalid_input"),
        ({"due_on": "2026-12-15T00:00:00Z"}, "invalid_input"),
        ({"due_on": 1796688000}, "invalid_input"),
        ({"due_on": "1999-12-31"}, "invalid_input"),
        ({"due_on": "2200-01-01"}, "invalid_input"),
        ({"comment": "x"}, "invalid_input"),
        ({"version": "0"}, "invalid_input"),
    ],
)
async def test_what_cannot_be_assigned_is_refused(mine, body, code):
    place = await mine.scan("a.test", *BOTH)
    assert (await mine.assign(place, status=422, **body))["code"] == code
    assert await mine.assignment(place) is None


async def test_users_assign_to_themselves_and_learn_nothing_of_others(mine, admin, backend):
    place = await mine.scan("a.test", *BOTH)
    stranger = Assigned(backend, await backend.add_user("li"))
    for other in (await stranger.me(), await admin.me(), "019b7a30-0000-7000-8000-000000000001"):
        assert (await mine.assign(place, status=422, assignee_id=other))["code"] == "assignee_unknown"
    assert (await stranger.assign(place, status=404))["code"] == "not_found"
    assert (await mine.assign(place, "gambling.other.test", status=404))["code"] == "not_found"


async def test_administrators_assign_to_all_who_may_see_the_scan_and_the_owner_keeps_that(mine, admin, backend):
    place = await mine.scan("a.test", *BOTH)
    stranger = Assigned(backend, await backend.add_user("li"))
    refused = await admin.assign(place, status=422, assignee_id=await stranger.me())
    assert refused["code"] == "assignee_unknown"
    assert (await admin.assign(place, assignee_id=await mine.me()))["assignee"]["username"] == "mei"
    assert (await admin.assign(place, SHOP, assignee_id=await admin.me()))["assignee"]["username"] == "admin"
    kept = await mine.assign(place, SHOP, assignee_id=await admin.me(), due_on="2026-12-15", version=1)
    assert (kept["assignee"]["username"], kept["changed_by"]) == ("admin", "mei")


@pytest.mark.parametrize("how", ["disabled", "deleted", "no_administrator", "viewer"])
async def test_who_is_gone_or_may_see_it_no_longer_has_nothing_assigned(mine, admin, backend, how):
    place = await mine.scan("a.test", *BOTH)
    second = Assigned(backend, await backend.add_user("boss", role="admin"))
    second_id = await second.me()
    own = await second.scan("own.test", *BOTH)
    await admin.assign(place, assignee_id=second_id, due_on="2026-12-15")
    await second.assign(own, assignee_id=second_id)
    if how == "deleted":
        answer = await backend.client.delete(f"/api/v1/admin/users/{second_id}", headers=admin.headers)
        assert answer.status_code == 204
    else:
        changes = {"disabled": {"is_active": False}, "no_administrator": {"role": "user"}, "viewer": {"role": "viewer"}}
        await change_user(backend, admin.headers, second_id, **changes[how])
    left = await mine.assignment(place)
    assert [left[name] for name in ("assignee", "due_on", "changed_by", "version")] == [None, "2026-12-15", None, 2]
    if how != "deleted":
        assert ((await admin.assignment(own))["assignee"] is None) == (how != "no_administrator")
    if how == "viewer":
        await admin.assign(own, status=422, assignee_id=second_id, version=2)
    refused = await admin.assign(place, status=422, assignee_id=second_id, version=2)
    assert refused["code"] == "assignee_unknown"
    await backend.services.audit.flush()
    (row,) = await backend.services.db.read(lambda c: audit.newest(c, 10, action="finding.unassign"))
    assert (row.object_id, row.detail) == (second_id, {"findings": 1 if how == "no_administrator" else 2})


async def test_a_reviewer_judges_what_others_have_scanned_and_is_assigned_it(mine, admin, backend):
    place = await mine.scan("a.test", *BOTH)
    judge = Assigned(backend, await backend.add_user("li", role="reviewer"))
    judge_id = await judge.me()
    await admin.assign(place, assignee_id=judge_id)
    await judge.assign(place, SHOP, assignee_id=judge_id, due_on="2026-12-15")
    refused = await judge.assign(place, SHOP, status=422, assignee_id=await admin.me(), version=1)
    assert refused["code"] == "assignee_unknown"
    client, body = backend.client, {"state": "confirmed", "version": 0}
    decided = await client.put(f"{place}/findings/{CASINO}/decision", json=body, headers=judge.headers)
    assert (decided.status_code, decided.json()["decided_by"]) == (200, "li")
    said = await client.post(f"{place}/findings/{CASINO}/comments", json={"text": "seen"}, headers=judge.headers)
    assert said.status_code == 201
    assert (await mine.get(f"{place}/findings/{CASINO}"))["decision"]["state"] == "confirmed"
    listed = await admin.get("/api/v1/admin/users?is_assignable=true")
    assert {item["username"] for item in listed["items"]} == {"admin", "li"}
    # Who looks at own scans alone keeps nothing of others; who becomes a reviewer again keeps what they have.
    await change_user(backend, admin.headers, judge_id, role="user")
    assert (await mine.assignment(place))["assignee"] is None
    own = await judge.scan("own.test", *BOTH)
    await judge.assign(own, assignee_id=judge_id)
    await change_user(backend, admin.headers, judge_id, role="reviewer")
    assert (await admin.assignment(own))["assignee"]["username"] == "li"


async def test_a_key_needs_the_scope_of_the_review(mine, backend):
    place = await mine.scan("a.test", *BOTH)
    for scopes, status in ((["review"], 200), (["read", "scan"], 403)):
        made = await backend.client.post(
            "/api/v1/auth/keys", json={"name": "k", "scopes": scopes}, headers=mine.headers
        )
        assert made.status_code == 201, made.text
        headers = {"Authorization": f"Bearer {made.json()['key']}"}
        version = 0 if status == 200 else 1
        await mine.assign(place, status=status, headers=headers, due_on="2026-12-15", version=version)


# The review


async def test_the_review_is_filtered_by_assignee(mine, admin):
    place = await mine.scan("a.test", *BOTH, SURE)
    me, boss = await mine.me(), await admin.me()
    assert (await mine.queue(assignee="me"))[0] == []
    assert (await mine.queue(assignee="none"))[0] == [("a.test", CASINO), ("a.test", SHOP)]
    await mine.assign(place, assignee_id=me)
    await mine.assign(place, SURE_ID, assignee_id=me, due_on=mine.day(3))  # listed though it needs no review
    await admin.assign(place, SHOP, assignee_id=boss)
    assert (await mine.queue(assignee="me"))[0] == [("a.test", SURE_ID), ("a.test", CASINO)]
    assert (await mine.queue(assignee=boss))[0] == (await admin.queue(assignee="me"))[0] == [("a.test", SHOP)]
    assert (await mine.queue(assignee="none"))[0] == []
    assert (await mine.queue())[0] == [("a.test", CASINO), ("a.test", SHOP)]
    await mine.decide(place)
    assert (await mine.queue(assignee="me"))[0] == [("a.test", SURE_ID)]
    assert (await mine.queue(assignee="me", decision="confirmed"))[0] == [("a.test", CASINO)]


async def test_the_review_is_filtered_and_sorted_by_due_date(mine):
    days = {"late": -1, "today": 0, "week": 7, "later": 8}
    place = await mine.scan("a.test", *((f"{name}.test", ViolationKey.GAMBLING, 0.7) for name in (*days, "never")))
    for name, day in days.items():
        await mine.assign(place, f"gambling.{name}.test", due_on=mine.day(day))

    async def names(**query):
        return [finding.split(".")[1] for _, finding in (await mine.queue(**query))[0]]

    assert await names(due="overdue") == ["late"]
    assert await names(due="week") == ["today", "week"]
    assert await names(sort="due") == ["late", "today", "week", "later", "never"]
    assert await names(sort="due", assignee="none") == ["late", "today", "week", "later", "never"]
    assert await names(due="overdue", assignee="me") == []
    assert await names(due="overdue", assignee="none") == ["late"]


async def test_what_a_later_scan_does_not_find_is_not_listed(mine):
    await mine.assign(await mine.scan("a.test", *BOTH), due_on=mine.day(0))
    await mine.scan("a.test", BOTH[1])
    assert (await mine.queue(due="week"))[0] == []
    await mine.scan("a.test", *BOTH)
    assert (await mine.queue(due="week"))[0] == [("a.test", CASINO)]


async def test_the_list_by_due_date_is_read_page_by_page_without_a_gap_or_a_repetition(mine):
    for number, target in enumerate(("a.test", "b.test", "c.test")):
        place = await mine.scan(target, *((f"{n}.test", ViolationKey.GAMBLING, 0.7) for n in range(4)))
        for n in range(3):
            await mine.assign(place, f"gambling.{n}.test", due_on=mine.day(n * 2 + number % 2))
    whole, rest = await mine.queue(sort="due", limit=100)
    assert (len(whole), rest) == (12, None)
    for limit in (1, 3, 4, 5):
        read, cursor = [], ""
        while cursor is not None:
            some, cursor = await mine.queue(sort="due", limit=limit, **({"cursor": cursor} if cursor else {}))
            assert len(some) <= limit
            read += some
        assert read == whole


async def test_everybody_has_their_own_list_and_an_administrator_that_of_all(mine, admin, backend):
    await mine.assign(await mine.scan("a.test", *BOTH), due_on=mine.day(0))
    theirs = Assigned(backend, await backend.add_user("li"))
    await theirs.assign(await theirs.scan("a.test", *BOTH), due_on=mine.day(0))
    assert [len((await one.queue(due="week"))[0]) for one in (mine, theirs, admin)] == [1, 1, 2]


@pytest.mark.parametrize("query", ["assignee=", "assignee=mei", "due=soon", "sort=risk", "due=week&cursor=WyJkdWUiXQ"])
async def test_a_list_that_cannot_be_asked_for_is_refused(mine, query):
    await mine.get(f"/api/v1/review?{query}", 422)


async def test_a_cursor_of_another_list_is_refused(mine):
    await mine.assign(await mine.scan("a.test", *BOTH), due_on=mine.day(0))
    await mine.assign(await mine.scan("b.test", *BOTH), due_on=mine.day(0))
    _, of_queue = await mine.queue(limit=1)
    _, of_due = await mine.queue(sort="due", limit=1)
    await mine.get(f"/api/v1/review?due=week&cursor={of_queue}", 422)
    await mine.get(f"/api/v1/review?cursor={of_due}", 422)
    ReviewPage.model_validate(await mine.get(f"/api/v1/review?due=week&cursor={of_due}"))
