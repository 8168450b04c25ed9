"""Comments on findings over the real application: they only grow, later scans have them, reports say who and when."""

import csv
import json
from io import StringIO

import pytest
from sqlalchemy import insert

from app.core.clock import to_wire
from app.domain.assignments import NO_DUE_DATE
from app.domain.findings import MAX_COMMENTS
from app.findings.queries import comments as rows
from app.findings.schemas.comments import CommentInfo, CommentList
from app.findings.tables import assignments
from app.identity.queries import audit
from tests.integration.test_api_assignments import Assigned
from tests.integration.test_api_decisions import BOTH, CASINO, SHOP


class Commented(Assigned):
    async def comment(self, place, text, finding=CASINO, *, status=201):
        answer = await self.backend.client.post(
            f"{place}/findings/{finding}/comments", json={"text": text}, headers=self.headers
        )
        assert answer.status_code == status, answer.text
        return answer.json()

    async def comments(self, place, finding=CASINO):
        found = await self.get(f"{place}/findings/{finding}/comments")
        CommentList.model_validate(found)
        return found["items"]

    async def has_note(self, place, text, *, changed_by="mei"):
        """Write an assignment as the version before wrote it, with a note of its own."""
        task = await self.get(place)
        key = {"target_domain": task["target_domain"], "domain": "casino.test", "cause": "gambling"}
        now = self.backend.services.clock.now()
        values = {
            "due_on": NO_DUE_DATE,
            "comment": text,
            "changed_by_name": changed_by,
            "changed_at": now,
            "version": 1,
        }
        user_id = await self.me()
        statement = insert(assignments).values(
            user_id=user_id, assignee_id=user_id, assignee_name="mei", **key, **values
        )
        await self.backend.services.db.write(lambda c: c.execute(statement) and None)
        return now


@pytest.fixture
async def mine(backend):
    return Commented(backend, await backend.add_user("mei"))


async def test_a_second_comment_leaves_the_first_and_the_next_scan_of_the_target_has_both(mine, backend):
    first = await mine.scan("a.test", *BOTH)
    assert await mine.comments(first) == []
    made = await mine.comment(first, "  told the owner by phone\nthree days to remove it ")
    CommentInfo.model_validate(made)
    assert (made["author"], made["text"]) == ("mei", "told the owner by phone\nthree days to remove it")
    admin = Commented(backend, await backend.login())
    second = await admin.comment(first, "they have removed it")
    again, other = await mine.scan("a.test", *BOTH), await mine.scan("b.test", *BOTH)
    assert await mine.comments(again) == [made, second]
    assert await mine.comments(again, SHOP) == await mine.comments(other) == []


async def test_every_answer_with_the_finding_says_how_many_there_are_and_the_finding_has_all(mine):
    place = await mine.scan("a.test", *BOTH)
    made = [await mine.comment(place, text) for text in ("one", "two")]
    found = await mine.get(f"{place}/findings/{CASINO}")
    assert (found["comment_count"], found["last_comment"], found["comments"]) == (2, made[1], made)
    listed = (await mine.get(f"{place}/findings"))["items"]
    assert {item["finding_id"]: (item["comment_count"], item["last_comment"]) for item in listed} == {
        CASINO: (2, made[1]),
        SHOP: (0, None),
    }
    queue = (await mine.get("/api/v1/review"))["items"]
    assert {item["finding"]["finding_id"]: item["finding"]["comment_count"] for item in queue} == {CASINO: 2, SHOP: 0}
    for part in ("violations", "report"):
        told = await mine.get(f"{place}/{part}")
        shown = told["items" if part == "violations" else "violations"]
        assert {item["domain"]: item["comments"] for item in shown} == {"casino.test": made, "shop.test": []}


async def test_reports_for_people_show_all_with_author_and_time(mine):
    place = await mine.scan("a.test", *BOTH)
    one, two = [await mine.comment(place, text) for text in ("=call", "they removed it")]
    client, headers = mine.backend.client, mine.headers
    table = await client.get(f"{place}/report?format=csv&lang=en", headers=headers)
    cells = {row["Domain"]: row for row in csv.DictReader(StringIO(table.content.decode("utf-8-sig"), newline=""))}
    times = [made["created_at"][:19].replace("T", " ") + " UTC" for made in (one, two)]
    wanted = [f"mei, {times[0]}: =call", f"mei, {times[1]}: they removed it"]
    assert cells["casino.test"]["Comments"].splitlines() == wanted
    assert cells["shop.test"]["Comments"] == ""
    page = (await client.get(f"{place}/report?format=html&lang=en", headers=headers)).text
    assert all(line in page for line in wanted)


async def test_a_comment_is_audited_without_its_text(mine, backend):
    place = await mine.scan("a.test", *BOTH)
    await mine.comment(place, "ask mr li")
    await backend.services.audit.flush()
    (row,) = await backend.services.db.read(lambda c: audit.newest(c, 10, action="finding.comment"))
    assert (row.object_id, row.detail) == (place.rpartition("/")[2], {"finding": CASINO})
    assert "mr li" not in json.dumps(row.detail)


@pytest.mark.parametrize("text", ["", "  \n", "x" * 501, "x\0", None, 7])
async def test_what_is_no_comment_is_refused(mine, text):
    place = await mine.scan("a.test", *BOTH)
    assert (await mine.comment(place, text, status=422))["code"] == "invalid_input"
    assert await mine.comments(place) == []


async def test_a_finding_that_is_not_there_has_no_comments_and_gets_none(mine):
    place = await mine.scan("a.test", *BOTH)
    assert (await mine.comment(place, "x", "gambling.none.test", status=404))["code"] == "not_found"
    answer = await mine.backend.client.get(f"{place}/findings/gambling.none.test/comments", headers=mine.headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_nobody_comments_on_what_they_may_not_see(mine, backend):
    place = await mine.scan("a.test", *BOTH)
    other = Commented(backend, await backend.add_user("other"))
    assert (await other.comment(place, "x", status=404))["code"] == "not_found"


async def test_a_finding_has_a_bounded_number_of_comments(mine, backend):
    place = await mine.scan("a.test", *BOTH)
    key = (await mine.me(), "a.test", "casino.test", "gambling")
    values = {"author_name": "mei", "created_at": backend.services.clock.now(), "text": "x"}

    def fill(connection):
        for _ in range(MAX_COMMENTS):
            rows.add(connection, key, values)

    await backend.services.db.write(fill)
    assert (await mine.comment(place, "one more", status=409))["code"] == "comment_limit"
    assert len(await mine.comments(place)) == MAX_COMMENTS


async def test_the_note_of_an_assignment_is_the_first_comment_and_stays_when_the_assignment_changes(mine):
    place = await mine.scan("a.test", *BOTH)
    at = await mine.has_note(place, "the agency knows")
    note = {"author": "mei", "created_at": to_wire(at), "text": "the agency knows"}
    assert await mine.comments(place) == [note]
    await mine.assign(place, version=1, due_on="2026-12-15")
    made = await mine.comment(place, "they removed it")
    assert await mine.comments(place) == [note, made]
    assert (await mine.assignment(place))["due_on"] == "2026-12-15"


async def test_the_note_stays_when_the_account_of_the_assignee_ends(mine, backend):
    place = await mine.scan("a.test", *BOTH)
    at = await mine.has_note(place, "the agency knows", changed_by=None)
    admin = Commented(backend, await backend.login())
    answer = await backend.client.patch(
        f"/api/v1/admin/users/{await mine.me()}", json={"is_active": False}, headers=admin.headers
    )
    assert answer.status_code == 200
    assert await admin.comments(place) == [{"author": None, "created_at": to_wire(at), "text": "the agency knows"}]
