"""What is kept of a connection: that it opened, how it ended, and whom it was refused."""

from app.domain.close_codes import CloseCode


def rows(desk, action):
    return [row for row in desk.stack.audit.rows if row["action"] == action]


def value(desk, name, **labels):
    return desk.stack.metrics.registry.get_sample_value(name, labels) or 0


async def test_a_connection_is_written_down_when_it_opens_and_when_it_ends(desk):
    user = desk.stack.add_user("a")
    watcher = await desk.connect(user)
    assert [(row["user_id"], row["object_id"]) for row in rows(desk, "ws.connect")] == [
        (user, watcher.connection.connection_id)
    ]
    assert (value(desk, "websocket_open_connections"), value(desk, "active_users_count")) == (1, 1)
    await desk.manager.disconnect(watcher.connection, CloseCode.RESTART)
    (closed,) = rows(desk, "ws.close")
    assert closed["detail"]["code"] == 1012
    assert closed["detail"]["bytes_out"] == watcher.connection.sent_bytes > 0
    assert (value(desk, "websocket_open_connections"), value(desk, "active_users_count")) == (0, 0)
    assert value(desk, "websocket_closes_total", code="1012") == 1
    assert value(desk, "websocket_connection_duration_count") == 1


async def test_an_end_is_written_down_once(desk):
    watcher = await desk.connect(desk.stack.add_user("a"))
    await desk.manager.disconnect(watcher.connection)
    await desk.manager.disconnect(watcher.connection)
    assert len(rows(desk, "ws.close")) == 1


async def test_a_foreign_task_is_written_down_without_its_name(desk):
    owner, other = desk.stack.add_user("a"), desk.stack.add_user("b")
    task = await desk.stack.add_task(owner)
    watcher = await desk.connect(other)
    assert not await desk.manager.subscribe_to_task(watcher.connection, task)
    (denied,) = rows(desk, "ws.subscribe")
    assert (denied["outcome"], denied["user_id"], denied["detail"]) == ("denied", other, None)
    assert task not in str(denied)


async def test_who_was_refused_is_counted_by_reason(desk):
    desk.manager.connection_audit.refused("address_limit", "192.0.2.1")
    assert value(desk, "websocket_refused_total", reason="address_limit") == 1
    assert rows(desk, "ws.connect")[-1]["address"] == "192.0.2.1"
