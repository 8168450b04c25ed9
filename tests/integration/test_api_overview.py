"""The overview and the search, over the real application."""

from app.domain.verdict import Result, Verdict
from app.events.types import Statistics
from app.overview.schemas.overview import Overview, SearchResult


async def scan(backend, headers, domain):
    answer = await backend.client.post("/api/v1/tasks", json={"target_domain": domain}, headers=headers)
    return answer.json()["id"]


async def end(backend, task_id, domain, result):
    life, writer = backend.services.lifecycle, backend.services.event_writer
    await writer.write(life.claim(task_id, 1, "w", domain))
    await writer.write(life.complete(task_id, 1, Statistics(), verdict=Verdict(result, ())))


async def ask(backend, path, headers):
    answer = await backend.client.get(f"/api/v1{path}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_an_administrator_sees_everything_and_the_service_and_a_user_their_own(backend):
    admin, mei = await backend.login(), await backend.add_user()
    ended, waiting = await scan(backend, mei, "ended.com"), await scan(backend, admin, "waiting.com")
    await end(backend, ended, "ended.com", Result.INCONCLUSIVE)
    everything, own = await ask(backend, "/overview", admin), await ask(backend, "/overview", mei)
    Overview.model_validate(everything)
    assert [site["verdict"]["result"] for site in everything["sites"]] == ["inconclusive"]
    assert [task["id"] for task in everything["unfinished"]] == [waiting]
    assert everything["service"]["workers"] == {"alive": 1, "silent": 0, "concurrency": 2, "running": 0}
    assert everything["service"]["checks"]["database"] == "ok"
    assert [site["task_id"] for site in own["sites"]] == [ended]
    assert (own["unfinished"], own["service"]) == ([], None)


async def test_a_search_stays_among_what_one_may_see(backend):
    admin, mei = await backend.login(), await backend.add_user()
    task_id = await scan(backend, admin, "secret.com")
    found = await ask(backend, "/search?q=SECRET", admin)
    SearchResult.model_validate(found)
    assert [one["task_id"] for one in found["scans"]] == [task_id]
    assert await ask(backend, "/search?q=secret", mei) == {"scans": [], "sites": [], "findings": []}
    assert (await backend.client.get("/api/v1/search?q=", headers=admin)).status_code == 422
    assert (await backend.client.get("/api/v1/search?q=%00", headers=admin)).status_code == 422


async def test_what_one_has_done_is_seen_at_the_next_look_although_the_overview_is_kept(backend):
    mei = await backend.add_user()
    looks = []
    for domain in ("one.com", "two.com"):
        task_id = await scan(backend, mei, domain)
        looks.append((await ask(backend, "/overview", mei))["total_unfinished"])
    await backend.client.post(f"/api/v1/tasks/{task_id}/cancel", headers=mei)
    looks.append((await ask(backend, "/overview", mei))["total_unfinished"])
    assert looks == [1, 2, 1]
