from app.identity.queries import audit
from app.identity.tables import audit_log


def row(clock, action):
    clock.advance(1)
    return {"at": clock.now(), "action": action, "outcome": "ok", "user_id": "u1", "detail": {"n": 1}}


def test_rows_are_added_and_the_newest_come_first(run, clock):
    run(audit.add_all, [row(clock, "login"), row(clock, "ws.connect"), row(clock, "login")])
    assert [found.action for found in run(audit.newest, 2)] == ["login", "ws.connect"]
    assert len(run(audit.newest, 10, action="login")) == 2
    assert run(audit.newest, 1)[0].detail == {"n": 1}


def test_the_probe_leaves_nothing_behind(run, clock):
    run(audit.prove_writable, clock.now())
    assert run(lambda c: c.execute(audit_log.select()).all()) == []
