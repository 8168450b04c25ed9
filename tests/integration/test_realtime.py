"""The real-time core over real sockets: connect, follow, resume, notices, refusals, limits."""

import asyncio
import contextlib

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from app.domain.messages import MessageCatalog
from app.domain.translation import said
from app.events.bus.base import AccessHint
from app.events.types import Statistics, TaskProgress, TaskWarning
from tests.support.realtime import Client, Stack, open_client, until, warning


def progress(percent):
    return TaskProgress(
        progress=percent,
        stage="页面爬取",
        message="crawling",
        stage_key="page_crawl",
        stage_index=2,
        stage_progress=percent,
    )


async def test_a_client_written_from_the_seed_alone_works(stack):
    user = stack.add_user("seed")
    task = await stack.add_task(user)
    async with open_client(stack, user) as client:
        await client.send(type="ping")
        assert (await client.until("pong"))["ping_count"] == 1
        await client.send(type="subscribe_task", task_id=task)
        assert (await client.until("subscription_result"))["success"] is True
        await client.until("task_snapshot")
        await stack.say(task, progress(75))
        frame = await client.until("task_progress")
        assert (frame["progress"], frame["stage"], frame["task_id"]) == (75, "页面爬取", task)
        await client.send(type="unsubscribe_task", task_id=task)
        assert (await client.until("subscription_result"))["action"] == "unsubscribe"


async def test_a_subscriber_gets_the_snapshot_then_every_event_once(stack):
    user = stack.add_user("a")
    task = await stack.add_task(user)
    async with open_client(stack, user) as client:
        result = await client.follow(task)
        assert result["seq"] == 2
        for number in range(20):
            last = await stack.say(task, warning(str(number)), stack.lines("one", "two"))
        subscriber = await client.until_seq(task, last)
        assert sorted(subscriber.events) == list(range(3, last + 1))
        assert (subscriber.gaps, subscriber.duplicates) == (0, 0)


async def test_a_resume_replays_what_was_missed_and_nothing_else(stack):
    user = stack.add_user("a")
    task = await stack.add_task(user)
    async with open_client(stack, user) as client:
        await client.follow(task)
    last = [await stack.say(task, warning(str(n))) for n in range(5)][-1]
    async with open_client(stack, user) as client:
        result = await client.follow(task, last_seq=3)
        assert (result["recovered"], result["replayed"], result["seq"]) == (True, last - 3, 3)
        subscriber = await client.until_seq(task, last)
        assert sorted(subscriber.events) == list(range(4, last + 1))
        assert not subscriber.snapshots
        more = await stack.say(task, warning("live"))
        subscriber = await client.until_seq(task, more)
        assert subscriber.gaps == 0


@pytest.mark.parametrize(("last_seq", "reason"), [(99, "ahead_of_log"), (0, "too_much")])
async def test_a_position_that_cannot_be_served_gets_a_snapshot_with_the_reason(tmp_path, last_seq, reason):
    async with Stack(tmp_path, replay_max_events=3).serve() as stack:
        user = stack.add_user("a")
        task = await stack.add_task(user)
        for _ in range(4):
            await stack.say(task, warning())
        async with open_client(stack, user) as client:
            result = await client.follow(task, last_seq=last_seq)
            assert (result["recovered"], result["reason"]) == (False, reason)
            assert (await client.until("task_snapshot"))["seq"] == result["seq"] == 6


async def test_the_resume_command_needs_a_subscription_and_echoes_its_id(stack):
    user = stack.add_user("a")
    task = await stack.add_task(user)
    async with open_client(stack, user) as client:
        await client.send(type="resume", task_id=task, last_seq=0, id="r1")
        result = await client.until("subscription_result")
        assert (result["success"], result["error"]["code"], result["id"]) == (False, "not_subscribed", "r1")
        await client.follow(task)
        await client.until("task_snapshot")
        await client.send(type="resume", task_id=task, last_seq=0, id="r2")
        result = await client.until("subscription_result")
        assert (result["recovered"], result["replayed"], result["id"]) == (True, 2, "r2")
        assert [(await client.receive())["seq"] for _ in range(2)] == [1, 2]


async def test_topics_filter_and_prev_seq_stays_true(stack):
    user = stack.add_user("a")
    task = await stack.add_task(user)
    async with open_client(stack, user) as client:
        await client.follow(task, topics=["progress"])
        await client.until("task_snapshot")
        await stack.say(task, stack.lines("hidden"), progress(5), stack.lines("hidden"), warning("seen"))
        assert (await client.receive())["prev_seq"] == 2
        frame = await client.receive()
        assert (frame["type"], frame["seq"], frame["prev_seq"]) == ("task_warning", 6, 4)


async def test_the_owner_hears_notices_of_tasks_that_are_not_followed_once(stack):
    user = stack.add_user("a")
    async with open_client(stack, user) as client:
        task = await stack.add_task(user)
        await stack.say(task, progress(5), stack.lines("x"), warning("w"))
        kinds = [(await client.receive())["type"] for _ in range(3)]
        assert kinds == ["task_created", "task_started", "task_warning"]
        assert all("prev_seq" not in frame for frame in client.frames)


async def test_owner_and_subscriber_in_one_connection_receive_an_event_once(stack):
    user = stack.add_user("a")
    task = await stack.add_task(user)
    async with open_client(stack, user) as client:
        await client.follow(task)
        last = await stack.say(task, warning("once"))
        await client.until_seq(task, last)
        await client.send(type="ping")
        await client.until("pong")
        assert sum(frame["type"] == "task_warning" for frame in client.frames) == 1


async def test_notices_begin_above_the_heads_at_connect_and_above_the_position_at_unsubscribe(stack):
    user = stack.add_user("a")
    task = await stack.add_task(user)
    await stack.say(task, warning("before"))
    async with open_client(stack, user) as client:
        await client.follow(task)
        await stack.say(task, warning("followed"))
        await client.until("task_warning")
        await client.send(type="unsubscribe_task", task_id=task)
        await client.until("subscription_result", action="unsubscribe")
        await stack.say(task, warning("as a notice"))
        frame = await client.receive()
        assert (frame["message"], "prev_seq" in frame) == ("as a notice", False)


async def test_closing_one_tab_leaves_the_subscriptions_of_the_others(stack):
    user = stack.add_user("a")
    task = await stack.add_task(user)
    async with open_client(stack, user) as stays:
        await stays.follow(task)
        async with open_client(stack, user) as goes:
            await goes.follow(task)
        last = await stack.say(task, warning("still here"))
        assert (await stays.until_seq(task, last)).gaps == 0


async def test_a_foreign_task_looks_like_a_missing_one(stack):
    owner, other = stack.add_user("owner"), stack.add_user("other")
    task = await stack.add_task(owner)
    async with open_client(stack, other) as client:
        foreign = await client.follow(task)
        missing = await client.follow("no-such-task")
        assert foreign["error"] == missing["error"] == {"code": "not_found", "message": "找不到该扫描。"}
        await stack.say(task, warning("secret"))
        await client.send(type="ping")
        await client.until("pong")
        assert not any(frame["type"] == "task_warning" for frame in client.frames)
    denied = [row for row in stack.audit.rows if row["outcome"] == "denied"]
    assert len(denied) == 2
    assert not any(task in str(row) for row in denied)


async def test_an_administrator_follows_any_task(stack):
    owner = stack.add_user("owner")
    task = await stack.add_task(owner)
    async with open_client(stack, "admin:" + stack.add_user("root")) as client:
        assert (await client.follow(task))["success"] is True


async def test_a_bad_item_of_a_bulk_subscription_fails_alone(stack):
    user = stack.add_user("a")
    tasks = [await stack.add_task(user) for _ in range(2)]
    items = [{"task_id": tasks[0]}, {"task_id": 5}, {"task_id": "missing"}, {"task_id": tasks[1], "last_seq": 0}]
    async with open_client(stack, user) as client:
        await client.send(type="subscribe_tasks", items=items, id="bulk")
        results = [await client.until("subscription_result", id="bulk") for _ in items]
        assert [result["success"] for result in results] == [True, False, False, True]


@pytest.mark.parametrize(("token", "reason"), [("", "missing_token"), ("bad", "invalid_token")])
async def test_a_refused_token_gets_one_error_and_1008_with_the_reason(stack, token, reason):
    async with connect(f"{stack.url}?token={token}", proxy=None) as socket:
        client = Client(socket)
        frame = await client.receive()
        assert (frame["type"], frame["code"], frame["fatal"]) == ("error", reason, True)
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, reason)


async def test_a_foreign_origin_is_refused_before_the_upgrade(stack):
    user = stack.add_user("a")
    with pytest.raises(InvalidStatus) as refused:
        async with connect(f"{stack.url}?token={user}", proxy=None, origin="http://evil.example"):
            pass
    assert refused.value.response.status_code == 403
    async with connect(f"{stack.url}?token={user}", proxy=None, origin=f"http://127.0.0.1:{stack.port}"):
        pass


async def test_too_many_connections_of_an_address_are_refused_with_retry_after(tmp_path):
    async with Stack(tmp_path, ws_max_connections_per_address=1).serve() as stack:
        user = stack.add_user("a")
        async with open_client(stack, user):
            with pytest.raises(InvalidStatus) as refused:
                async with connect(f"{stack.url}?token={user}", proxy=None):
                    pass
        assert (refused.value.response.status_code, refused.value.response.headers["retry-after"]) == (429, "30")


async def test_those_who_come_in_the_same_moment_count_before_they_are_in(tmp_path):
    limits = {"ws_max_connections_per_address": 3, "ws_max_connections_per_user": 20}
    async with Stack(tmp_path, **limits).serve() as stack:
        user, held = stack.add_user("a"), asyncio.Event()
        authenticate = stack.auth.authenticate

        async def slowly(token):
            await held.wait()
            return await authenticate(token)

        stack.auth.authenticate = slowly
        async with contextlib.AsyncExitStack() as exits:
            tries = [
                asyncio.create_task(connect(f"{stack.url}?token={user}", proxy=None).__aenter__()) for _ in range(8)
            ]
            await asyncio.wait(tries, return_when=asyncio.FIRST_EXCEPTION)
            held.set()
            found = await asyncio.gather(*tries, return_exceptions=True)
            sockets = [one for one in found if not isinstance(one, Exception)]
            for socket in sockets:
                exits.push_async_callback(socket.close)
            refused = [one.response.status_code for one in found if isinstance(one, InvalidStatus)]
        assert (len(sockets), refused) == (3, [429] * 5)


async def test_a_full_process_refuses_with_503(tmp_path):
    async with Stack(tmp_path, ws_max_connections=1).serve() as stack:
        async with open_client(stack, stack.add_user("a")):
            with pytest.raises(InvalidStatus) as refused:
                async with connect(f"{stack.url}?token={stack.add_user('b')}", proxy=None):
                    pass
        assert refused.value.response.status_code == 503


async def test_too_many_handshakes_a_second_are_refused(tmp_path):
    async with Stack(tmp_path, ws_handshakes_per_s_per_address=2).serve() as stack:
        user = stack.add_user("a")
        statuses = []
        for _ in range(5):
            try:
                async with connect(f"{stack.url}?token={user}", proxy=None):
                    statuses.append(101)
            except InvalidStatus as refused:
                statuses.append(refused.response.status_code)
        assert 429 in statuses
        assert statuses[:2] == [101, 101]


async def test_the_oldest_connection_of_a_user_gives_way(tmp_path):
    async with Stack(tmp_path, ws_max_connections_per_user=2).serve() as stack:
        user = stack.add_user("a")
        async with open_client(stack, user) as first, open_client(stack, user), open_client(stack, user) as third:
            with pytest.raises(ConnectionClosed) as closed:
                await first.receive()
            assert closed.value.rcvd.code == 4503
            await third.send(type="ping")
            await third.until("pong")


async def test_subscriptions_are_limited(tmp_path):
    async with Stack(tmp_path, ws_max_subscriptions=1).serve() as stack:
        user = stack.add_user("a")
        first, second = await stack.add_task(user), await stack.add_task(user)
        async with open_client(stack, user) as client:
            assert (await client.follow(first))["success"] is True
            assert (await client.follow(second))["error"]["code"] == "subscription_limit"
            assert (await client.follow(first))["success"] is True


async def test_bad_frames_get_one_error_each_and_the_third_strike_closes(stack):
    async with open_client(stack, stack.add_user("a")) as client:
        await client.socket.send("{")
        assert (await client.receive())["code"] == "bad_json"
        await client.socket.send(b"binary")
        assert (await client.receive())["code"] == "binary_not_supported"
        await client.send(type="launch", id="x")
        frame = await client.receive()
        assert (frame["code"], frame["id"], frame["fatal"], frame["retry_after_ms"]) == (
            "unknown_type",
            "x",
            True,
            60_000,
        )
        with pytest.raises(ConnectionClosed) as closed:
            await client.receive()
        assert closed.value.rcvd.code == 4029


async def test_not_found_is_no_strike(stack):
    async with open_client(stack, stack.add_user("a")) as client:
        for _ in range(5):
            assert (await client.follow("missing"))["success"] is False
        await client.send(type="ping")
        await client.until("pong")


async def test_commands_above_the_rate_are_refused_with_one_error_a_second(tmp_path):
    limits = {"ws_command_burst": 5, "ws_commands_per_s": 1}
    async with Stack(tmp_path, **limits).serve() as stack, open_client(stack, stack.add_user("a")) as client:
        for _ in range(20):
            await client.send(type="ping")
        frame = await client.until("error")
        assert frame["code"] == "rate_limited"
        assert 0 < frame["retry_after_ms"] <= 1_001
        assert client.frames[-2]["ping_count"] == 5


async def test_a_frame_above_64_kib_closes_with_1009(stack):
    async with open_client(stack, stack.add_user("a")) as client:
        await client.socket.send("x" * 70_000)
        with pytest.raises(ConnectionClosed) as closed:
            await client.receive()
        assert closed.value.rcvd.code == 1009


async def test_a_silent_connection_is_closed_with_4010_but_control_pongs_keep_it(tmp_path):
    timings = {"ws_idle_timeout_s": 3.0, "ws_check_interval_s": 0.05, "ws_ping_after_s": 1.0}
    async with Stack(tmp_path, **timings).serve() as stack:
        user = stack.add_user("a")
        async with open_client(stack, user) as alive:  # the library answers control pings by itself
            reader, writer = await asyncio.open_connection("127.0.0.1", stack.port)
            writer.write(
                f"GET /ws?token={user} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
            )
            async with asyncio.timeout(90):
                await reader.readuntil(b"\x0f\xaa")  # the close code 4010
            writer.close()
            await alive.until("ping")
            await alive.send(type="ping")
            await alive.until("pong")


async def test_an_expired_token_closes_with_4001(tmp_path):
    async with Stack(tmp_path, ws_check_interval_s=0.05).serve() as stack:
        stack.auth.expires_in_s = 1.0  # not before it was warned
        async with open_client(stack, stack.add_user("a")) as client:
            assert (await client.receive())["type"] == "token_expiring"
            with pytest.raises(ConnectionClosed) as closed:
                await client.receive()
        assert closed.value.rcvd.code == 4001


@pytest.mark.parametrize(("reason", "code"), [("logged_out", 4500), ("user_disabled", 4501)])
async def test_a_session_that_ended_closes_the_socket(stack, reason, code):
    user = stack.add_user("a")
    async with open_client(stack, user) as client:
        stack.auth.endings[user] = reason
        stack.bus.publish(AccessHint(user))
        with pytest.raises(ConnectionClosed) as closed:
            await client.receive()
    assert closed.value.rcvd.code == code


async def test_with_the_bus_dead_the_sweep_delivers_followed_events_and_notices(tmp_path):
    async with Stack(tmp_path, sweep_interval_s=0.1).serve() as stack:
        user = stack.add_user("a")
        followed = await stack.add_task(user)
        async with open_client(stack, user) as client:
            await client.follow(followed)
            stack.bus.publish = lambda hint: None
            last = await stack.say(followed, warning("one"), warning("two"))
            assert (await client.until_seq(followed, last)).gaps == 0
            fresh = await stack.add_task(user)
            notice = await client.until("task_created")
            assert (notice["task_id"], notice["seq"]) == (fresh, 1)
            place = await stack.event_writer.write(stack.lifecycle.complete(fresh, 1, Statistics()))
            assert (await client.until("task_completed", task_id=fresh))["seq"] == place.last_seq


async def test_a_deleted_task_ends_with_its_event(stack):
    user = stack.add_user("a")
    task = await stack.add_task(user)
    async with open_client(stack, user) as client:
        await client.follow(task)
        await stack.event_writer.write(stack.lifecycle.complete(task, 1, Statistics()))
        await stack.event_writer.write(stack.lifecycle.delete(task, by="a"))
        assert (await client.until("task_deleted"))["by"] == "a"
        assert (await client.follow(task))["error"]["code"] == "not_found"


async def test_get_status_lists_the_subscriptions(stack):
    user = stack.add_user("a")
    task = await stack.add_task(user)
    async with open_client(stack, user) as client:
        await client.follow(task)
        await client.send(type="get_status", id="s")
        frame = await client.until("status")
        assert frame["subscriptions"] == [{"task_id": task, "seq": 2, "topics": ["logs", "progress"]}]


async def test_broadcasts_reach_everybody_some_users_or_the_subscribers_of_a_task(stack):
    one, two = stack.add_user("one"), stack.add_user("two")
    task = await stack.add_task(one)
    async with open_client(stack, one) as first, open_client(stack, two) as second:
        await first.follow(task)
        assert (await stack.manager.broadcast(message="all", sender="root"))["delivered"] == 2
        assert (await stack.manager.broadcast(message="two", sender="root", user_ids=[two, two]))["delivered"] == 1
        assert (await stack.manager.broadcast(message="task", sender="root", task_id=task))["delivered"] == 1
        assert [(await first.until("admin_broadcast"))["message"] for _ in range(2)] == ["all", "task"]
        assert [(await second.until("admin_broadcast"))["message"] for _ in range(2)] == ["all", "two"]


async def test_broadcasts_while_users_come_and_go_reach_everybody_who_stays_once_and_in_order(tmp_path):
    limits = {"ws_handshakes_per_s_per_address": 1_000, "ws_max_connections_per_address": 200}
    async with Stack(tmp_path, **limits).serve() as stack, contextlib.AsyncExitStack() as stay:
        staying = [await stay.enter_async_context(open_client(stack, stack.add_user(f"s{n}"))) for n in range(10)]
        passing = [stack.add_user(f"p{n}") for n in range(10)]
        over = asyncio.Event()
        visits = 0

        async def come_and_go(user):
            nonlocal visits
            while not over.is_set():
                async with open_client(stack, user) as client:
                    visits += 1
                    if visits % 2:
                        client.socket.transport.abort()

        async with asyncio.TaskGroup() as group:
            for user in passing:
                group.create_task(come_and_go(user))
            for number in range(200):
                said = await stack.manager.broadcast(message=f"{number}", sender="root")
                assert len(staying) <= said["delivered"] <= len(staying) + len(passing)
                await asyncio.sleep(0)
                while visits < number // 4:  # noqa: ASYNC110 - they come and go as fast as they can
                    await asyncio.sleep(0.001)
            over.set()
        for client in staying:
            heard = [(await client.until("admin_broadcast"))["message"] for _ in range(200)]
            assert heard == [str(number) for number in range(200)]
        assert visits >= 50


@pytest.mark.parametrize("client_time", [1767225600123, 17.25, "2026-01-01T00:00:00Z", "", 0])
async def test_a_pong_gives_back_the_time_of_its_ping(stack, client_time):
    async with open_client(stack, stack.add_user("a")) as client:
        await client.send(type="ping", client_time=client_time, id="p")
        pong = await client.until("pong", id="p")
        assert pong["client_time"] == client_time
        assert type(pong["client_time"]) is type(client_time)
        await client.send(type="ping")
        assert "client_time" not in await client.until("pong")


async def test_a_server_that_stops_says_when_to_come_back_and_closes_with_1012(tmp_path):
    async with Stack(tmp_path).serve() as stack, open_client(stack, stack.add_user("a")) as client:
        await stack.manager.stop()
        assert (await client.receive())["type"] == "reconnect_advice"
        with pytest.raises(ConnectionClosed) as closed:
            await client.receive()
        assert closed.value.rcvd.code == 1012


async def test_nothing_is_left_of_connections_that_are_gone(stack):
    user = stack.add_user("a")
    task = await stack.add_task(user)
    for number in range(20):
        async with open_client(stack, user) as client:
            await client.follow(task)
            if number % 2:
                client.socket.transport.abort()
    await until(lambda: not len(stack.manager.registry))
    assert stack.manager.registry.users() == []
    assert stack.manager.dispatcher.channels == {}
    assert stack.metrics.open_connections._value.get() == 0
    assert stack.metrics.active_users._value.get() == 0
    assert stack.metrics.connections._value.get() == 20
    assert [row["action"] for row in stack.audit.rows].count("ws.close") == 20


async def test_a_command_above_its_size_and_one_nested_too_deeply_are_refused(tmp_path):
    limits = {"ws_max_command_bytes": 300, "ws_max_nesting": 3}
    async with Stack(tmp_path, **limits).serve() as stack, open_client(stack, stack.add_user("a")) as client:
        await client.send(type="ping", client_time="x" * 300)
        assert (await client.receive())["code"] == "too_large"
        await client.send(type="subscribe_tasks", items=[{"a": [1]}])
        assert (await client.receive())["code"] == "bad_json"


async def test_the_number_of_strikes_is_a_setting(tmp_path):
    async with Stack(tmp_path, ws_strikes=1).serve() as stack, open_client(stack, stack.add_user("a")) as client:
        await client.socket.send("{")
        assert (await client.receive())["fatal"] is True
        with pytest.raises(ConnectionClosed) as closed:
            await client.receive()
        assert closed.value.rcvd.code == 4029


async def test_a_snapshot_stays_below_its_size_and_the_tail_gives_way(tmp_path):
    async with Stack(tmp_path, snapshot_max_bytes=16_384).serve() as stack:
        user = stack.add_user("a")
        task = await stack.add_task(user)
        await stack.say(task, stack.lines(*["x" * 500] * 100))
        async with open_client(stack, user) as client:
            await client.follow(task, log_tail=1_000)
            snapshot = await client.until("task_snapshot")
        assert 0 < len(snapshot["logs"]) < 32
        assert snapshot["logs"][-1]["log_seq"] == 100


async def test_each_connection_has_events_and_notices_in_its_own_language(stack):
    user = stack.add_user("a")
    task = await stack.add_task(user)
    said_in = {"": "zh-CN", "&lang=en": "en", "&lang=xx": "zh-CN"}
    async with contextlib.AsyncExitStack() as opened:
        clients = {name: await opened.enter_async_context(open_client(stack, f"{user}{name}")) for name in said_in}
        unasked = await opened.enter_async_context(open_client(stack, f"{user}&lang=en"))
        for client in clients.values():
            await client.follow(task)
        text = stack.texts("queued", position=3)
        last = await stack.say(task, TaskWarning(code="queued", **said(text)), stack.lines(text))
        for name, language in said_in.items():
            subscriber = await clients[name].until_seq(task, last)
            wanted = MessageCatalog(language)("queued", position=3)
            assert subscriber.events[last - 1]["message"] == subscriber.events[last]["logs"][0]["message"] == wanted
            assert (subscriber.gaps, subscriber.duplicates) == (0, 0)
        notice = await unasked.until("task_warning")
        assert (notice["message"], notice["lang"]) == (MessageCatalog("en")("queued", position=3), "en")
        assert "prev_seq" not in notice
