"""`Idempotency-Key` on POST /api/v1/tasks: a request whose answer got lost can be sent again."""

import asyncio

import pytest

from app.events.tables import scan_tasks
from app.scans.idempotent_request import IdempotentRequest
from app.scans.tables import idempotency_keys
from tests.support.backend import Backend

BODY = {"target_domain": "example.com", "config": {"max_pages": 10}}
REPLAYED = "idempotency-replayed"


async def create(backend: Backend, headers, key="k1", body=BODY):
    extra = {} if key is None else {"Idempotency-Key": key}
    return await backend.client.post("/api/v1/tasks", json=body, headers={**headers, **extra})


async def count(backend: Backend, table) -> int:
    return len(await backend.services.db.read(lambda c: c.execute(table.select()).all()))


@pytest.fixture
async def mei(backend):
    return await backend.add_user()


async def test_the_same_request_gets_the_same_answer_and_makes_one_task(backend, mei):
    first = await create(backend, mei)
    again = await create(backend, mei)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert (REPLAYED in first.headers, again.headers[REPLAYED]) == (False, "true")
    assert await count(backend, scan_tasks) == 1
    assert backend.runner.woken == 1
    rows = [row for row in backend.services.audit._waiting if row.action == "task.create"]
    assert len(rows) <= 1


async def test_the_answer_is_that_of_then_whatever_has_become_of_the_task(backend, mei):
    first = await create(backend, mei)
    task_id = first.json()["id"]
    await backend.client.post(f"/api/v1/tasks/{task_id}/cancel", headers=mei)
    assert (await create(backend, mei)).content == first.content
    await backend.client.delete(f"/api/v1/tasks/{task_id}", headers=mei)
    assert (await create(backend, mei)).json()["id"] == task_id


async def test_what_is_kept_of_an_answer_is_small_however_large_the_request_was(backend, mei):
    urls = [f"https://example.com/{number}?{'x' * 1_900}" for number in range(100)]
    body = {"target_domain": "example.com", "config": {"start_urls": urls}}
    first = await create(backend, mei, body=body)
    assert first.status_code == 201
    assert len(first.content) > 190_000
    (row,) = await backend.services.db.read(lambda c: c.execute(idempotency_keys.select()).all())
    assert len(row.response) < 2_000
    assert (await create(backend, mei, body=body)).content == first.content


async def test_the_same_body_may_be_written_differently(backend, mei):
    first = await create(backend, mei)
    raw = b'{"config":{"max_pages":10,"max_depth":null},  "target_domain":"example.com"}'
    headers = {**mei, "Idempotency-Key": "k1", "Content-Type": "application/json"}
    again = await backend.client.post("/api/v1/tasks", content=raw, headers=headers)
    assert again.json()["id"] == first.json()["id"]


@pytest.mark.parametrize(
    ("path", "body"),
    [("tasks", BODY), ("orders", {"targets": ["a.example"], "config": {"max_pages": 10}, "title": "Branches"})],
)
async def test_a_version_with_more_options_knows_the_request_again(backend, mei, path, body):
    """Kept is a hash of what was asked for alone: no option that was not, with a default of this version."""
    await backend.client.post(f"/api/v1/{path}", json=body, headers={**mei, "Idempotency-Key": "k1"})
    (row,) = await backend.services.db.read(lambda c: c.execute(idempotency_keys.select()).all())
    asked = body if path == "tasks" else {"order": body}
    assert row.fingerprint == IdempotentRequest.of(row.user_id, "k1", asked).fingerprint


@pytest.mark.parametrize(
    "body",
    [{**BODY, "target_domain": "example.net"}, {**BODY, "config": {"max_pages": 11}}, {"target_domain": "x.com"}],
)
async def test_a_key_of_another_request_is_refused_and_nothing_is_made(backend, mei, body):
    await create(backend, mei)
    answer = await create(backend, mei, body=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert await count(backend, scan_tasks) == 1


async def test_keys_are_of_one_user_and_without_one_every_request_is_new(backend, mei):
    other = await backend.add_user("li")
    ids = [
        (await create(backend, headers, key)).json()["id"]
        for headers, key in ((mei, "k"), (other, "k"), (mei, None), (mei, None))
    ]
    assert len(set(ids)) == 4


async def test_of_many_at_once_one_is_carried_out(backend, mei):
    answers = await asyncio.gather(*(create(backend, mei) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum(REPLAYED not in answer.headers for answer in answers) == 1
    assert await count(backend, scan_tasks) == 1


async def test_a_request_that_failed_has_used_up_no_key(backend, mei):
    assert (await create(backend, mei, body={"target_domain": "localhost"})).status_code == 422
    assert (await create(backend, mei)).status_code == 201


async def test_a_repeated_request_is_answered_although_the_user_has_too_many_tasks(tmp_path):
    from tests.support.backend import open_backend

    async with open_backend(tmp_path / "data", max_unfinished_tasks_per_user=1) as backend:
        mei = await backend.add_user()
        first = await create(backend, mei)
        assert (await create(backend, mei, "k2")).json()["code"] == "task_limit"
        assert (await create(backend, mei)).content == first.content
        assert await count(backend, idempotency_keys) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "ключ".encode(), b"a\xff"])
async def test_a_key_that_is_none_is_refused(backend, mei, key):
    answer = await create(backend, mei, key)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert await count(backend, scan_tasks) == 0


@pytest.mark.parametrize(
    "key", ["x" * 255, '"quoted, as in the draft"'.replace(" ", "_"), "8e03978e-40d5-43dd-bc93-6894a57f9324"]
)
async def test_any_visible_text_is_a_key(backend, mei, key):
    first = await create(backend, mei, key)
    assert (await create(backend, mei, key)).json() == first.json()


async def test_a_removed_user_takes_the_keys_along(backend, mei):
    admin = await backend.login()
    user_id = (await backend.client.get("/api/v1/auth/me", headers=mei)).json()["id"]
    await create(backend, mei)
    assert (await backend.client.delete(f"/api/v1/admin/users/{user_id}", headers=admin)).status_code == 204
    assert await count(backend, idempotency_keys) == 0
