"""Versions of the local reader over the real application: shown, switched on and off, by administrators alone."""

import pytest
from sqlalchemy import select, update

from app.configuration.queries import local_readers as repository
from app.configuration.tables import local_readers
from app.core.clock import SystemClock
from app.identity.tables import audit_log
from tests.support.local_reader import model_data, stored
from tests.support.said import said

URL = "/api/v1/admin/local-reader"
BINS: list[dict[str, float]] = []
REPORT = {
    "about": "0.1.0, scikit-learn 1.7.0",
    "format": 1,
    "violating": 120,
    "clean": 140,
    "domains": 90,
    "left_out": {"repeated": 3, "not_kept": 0},
    "heads": {
        "violation": {"pages": 120, "precision": 0.95, "recall": 0.9, "brier": 0.0412, "bins": BINS},
        "gambling": {"pages": 60, "precision": None, "recall": 0.0, "brier": 0.1, "bins": BINS},
    },
    "changes": {
        "suppressed": {"to_review": 130, "dismissed": 70, "confirmed": 1, "confirmed_domains": ["shop.example"]},
        "raised": {"confirmed": 50, "other_class": 2, "dismissed": 1},
    },
}


def add_version(backend, data=None):
    model = stored(data or model_data())
    values = {"made_at": SystemClock().now(), "data": model.data, "sha256": model.sha256, "report": REPORT}
    return backend.services.db.write_sync(lambda c: repository.add(c, values))


async def switch(backend, headers, version):
    return await backend.client.put(URL, json={"version": version}, headers=headers)


async def test_nothing_is_there_before_somebody_has_taught_it(backend):
    answer = await backend.client.get(URL, headers=await backend.login())
    assert (answer.status_code, answer.json()) == (200, {"enabled": None, "items": [], "total": 0})


async def test_a_version_is_shown_reported_switched_on_and_off_and_the_log_says_by_whom(backend):
    admin, version = {**await backend.login(), "Accept-Language": "en"}, add_version(backend)
    (shown,) = (await backend.client.get(URL, headers=admin)).json()["items"]
    assert (shown["version"], shown["violating"], shown["is_reported"]) == (version, 120, False)
    early = await switch(backend, admin, version)
    assert (early.status_code, early.json()["code"]) == (409, "reader_unreported")
    report = (await backend.client.get(f"{URL}/versions/{version}", headers=admin)).json()
    assert report["left_out"] == [
        {"reason": "repeated", "reason_text": said("reader.left_out.repeated", count=3), "count": 3}
    ]
    assert [(head["name"], head["title"], head["precision"]) for head in report["heads"]] == [
        ("violation", "Any violation", 0.95),
        ("gambling", "Gambling", None),
    ]
    assert (report["suppressed"]["confirmed_domains"], report["raised"]["other_class"]) == (["shop.example"], 2)
    on = (await switch(backend, admin, version)).json()
    assert (on["enabled"], on["items"][0]["is_reported"]) == (version, True)
    assert backend.services.db.read_sync(repository.find_enabled).version == version
    assert (await switch(backend, admin, None)).json()["enabled"] is None
    me = (await backend.client.get("/api/v1/auth/me", headers=admin)).json()["id"]
    await backend.services.audit.flush()
    done = select(audit_log.c.action, audit_log.c.user_id, audit_log.c.address).where(
        audit_log.c.action.startswith("reader.")
    )
    rows = backend.services.db.read_sync(lambda c: c.execute(done.order_by(audit_log.c.id)).all())
    assert [(row.action, row.user_id) for row in rows] == [("reader.enable", me), ("reader.disable", me)]
    assert all(row.address for row in rows)


async def test_switching_to_another_version_takes_the_first_off(backend):
    admin = await backend.login()
    for version in (add_version(backend), add_version(backend)):
        await backend.client.get(f"{URL}/versions/{version}", headers=admin)
        assert (await switch(backend, admin, version)).json()["enabled"] == version
    assert (await switch(backend, admin, 1)).json()["enabled"] == 1


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_a_damaged_version_is_not_switched_on_and_it_is_said_why(backend, language):
    admin, version = {**await backend.login(), "Accept-Language": language}, add_version(backend)
    await backend.client.get(f"{URL}/versions/{version}", headers=admin)
    backend.services.db.write_sync(lambda c: c.execute(update(local_readers).values(data=b"{}")) and None)
    answer = await switch(backend, admin, version)
    assert (answer.status_code, answer.json()["code"]) == (409, "reader_unusable")
    assert said("model_fault.checksum", language) in answer.json()["detail"]
    assert (await backend.client.get(URL, headers=admin)).json()["enabled"] is None


async def test_a_version_that_there_is_not_is_not_found(backend):
    admin = await backend.login()
    assert (await switch(backend, admin, 7)).status_code == 404
    assert (await backend.client.get(f"{URL}/versions/7", headers=admin)).status_code == 404


async def test_others_than_administrators_see_and_switch_nothing(backend):
    user = await backend.add_user("mei")
    for answer in (await backend.client.get(URL, headers=user), await switch(backend, user, None)):
        assert (answer.status_code, answer.json()["code"]) == (403, "admin_only")
