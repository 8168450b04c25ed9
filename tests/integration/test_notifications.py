"""Notifications over the real application: from the end of a scan to receivers that speak the real protocols."""

import asyncio
import ssl
from contextlib import asynccontextmanager

import orjson
import pytest
import trustme
from pydantic import SecretStr

from app.domain.notifications import MAX_CHANNELS, MAX_RULES
from app.domain.verdict import Result, Verdict
from app.events.types import Statistics
from app.findings.recorder import Recorder
from app.notifications.adapters.answers import SHOWN
from app.notifications.delivering import NewDelivery, deliver
from app.notifications.tables import channels
from tests.support.backend import Backend, open_backend, problem
from tests.support.receivers import MailReceiver, http_receiver, verify
from tests.support.violations import new_violation, tell

LOOPBACK = ("127.0.0.0/8",)
RULE = {"name": "all", "kinds": ["findings", "scan_completed", "scan_failed", "scan_inconclusive"]}


@asynccontextmanager
async def notifying(folder, **values):
    settings = {"notification_networks": LOOPBACK, "notification_first_retry_s": 0.05, **values}
    async with open_backend(folder / "data", **settings) as opened:
        yield opened


@pytest.fixture
async def backend(tmp_path):
    async with notifying(tmp_path) as opened:
        yield opened


@pytest.fixture
async def mei(backend):
    return await backend.add_user()


@pytest.fixture
def receiver():
    with http_receiver() as running:
        yield running


async def ask(backend: Backend, headers, method, path, status=200, **body):
    answer = await backend.client.request(method, f"/api/v1{path}", headers=headers, json=body or None)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


async def add_channel(backend, headers, **body):
    return await ask(
        backend, headers, "POST", "/channels", 201, **{"name": "c", "kind": "webhook", "language": "en", **body}
    )


async def add_rule(backend, headers, *channel_ids, **body):
    return await ask(backend, headers, "POST", "/rules", 201, **{**RULE, "channel_ids": list(channel_ids), **body})


async def scan(backend, headers, *domains, target="corp.example"):
    """As a worker does that has found something at these domains."""
    services = backend.services
    task_id = await backend.add_task(headers, target)
    await services.event_writer.write(services.lifecycle.claim(task_id, 1, "w", target))
    told = tell(*map(new_violation, domains))
    recorder = Recorder(task_id=task_id, attempt=1, run=1, clock=services.clock)
    if domains:
        await services.event_writer.write(recorder.record(told.events, told.violations, told.changes))
    verdict = Verdict(Result.VIOLATIONS if domains else Result.CLEAN)
    await services.event_writer.write(services.lifecycle.complete(task_id, 1, Statistics(), verdict=verdict))
    return task_id


async def feed(backend, headers, count=0, **query):
    """The feed, when it has so many."""
    async with asyncio.timeout(30):
        while True:
            asked = "&".join(f"{name}={value}" for name, value in query.items())
            page = await ask(backend, headers, "GET", f"/notifications?{asked}")
            if page["last_seq"] >= count:
                return page
            await asyncio.sleep(0.02)


async def until_listed(backend, headers, status, count, *, failed=False):
    """The deliveries with this status, when there are so many; `failed`: and the newest has failed."""
    async with asyncio.timeout(30):
        while True:
            items = (await ask(backend, headers, "GET", f"/deliveries?status={status}&lang=en"))["items"]
            if len(items) >= count and (not failed or items[0]["error"] is not None):
                return items
            await asyncio.sleep(0.02)


async def until_sent(backend, headers, count):
    return await until_listed(backend, headers, "sent", count)


async def test_a_webhook_that_fails_three_times_gets_it_signed_and_under_one_id(backend, mei, receiver):
    receiver.script = [(500, {}, b"no"), (503, {}, b"no"), (404, {}, b"no")]
    channel = await add_channel(backend, mei, url=receiver.url)
    assert channel["leads_to"] == f"http://127.0.0.1:{receiver.port}/…"
    await add_rule(backend, mei, channel["id"], kinds=["findings"])
    task_id = await scan(backend, mei, "bets.example")
    requests = await receiver.until(4)
    for request in requests:
        verify(channel["signing_secret"], request)
    assert len({request.headers["webhook-id"] for request in requests}) == 1
    assert len({request.body for request in requests}) == 1
    document = requests[0].document
    assert (document["type"], document["data"]["total"]) == ("notification", 1)
    (item,) = document["data"]["items"]
    assert (item["kind"], item["task_id"], item["findings"][0]["domain"]) == ("findings", task_id, "bets.example")
    (sent,) = await until_sent(backend, mei, 1)
    assert (sent["id"], sent["attempts"], sent["error"]) == (requests[0].headers["webhook-id"], 4, None)
    listed = (await ask(backend, mei, "GET", "/channels"))["items"]
    assert [(one["failures"], one["last_error"]) for one in listed] == [(0, None)]
    assert "signing_secret" not in listed[0]


def state(**values):
    return {"last_seq": 3, **values}


async def test_the_feed_can_be_replayed_and_is_read_in_all_tabs(backend, mei):
    await add_rule(backend, mei)
    for number in range(3):
        await scan(backend, mei, target=f"corp{number}.example")
    page = await feed(backend, mei, 3, after=0)
    assert [item["seq"] for item in page["items"]] == [1, 2, 3]
    assert (page["last_seq"], page["unread"]) == (3, 3)
    assert [item["seq"] for item in (await feed(backend, mei, after=1, limit=1))["items"]] == [2]
    assert [item["seq"] for item in (await feed(backend, mei, limit=2))["items"]] == [3, 2]
    assert [item["seq"] for item in (await feed(backend, mei, before=2))["items"]] == [1]
    assert await ask(backend, mei, "POST", "/notifications/read", seqs=[3]) == state(unread=2, read_revision=1)
    assert await ask(backend, mei, "POST", "/notifications/read", up_to=1) == state(unread=1, read_revision=2)
    assert await ask(backend, mei, "POST", "/notifications/read", up_to=1) == state(unread=1, read_revision=2)
    again = await feed(backend, mei, after=0)
    assert [item["read_at"] is None for item in again["items"]] == [False, True, False]
    assert again["read_revision"] == 2
    nothing = {"items": [], "last_seq": 0, "unread": 0, "read_revision": 0}
    assert await feed(backend, await backend.add_user("li")) == nothing


async def test_a_mail_arrives_over_starttls_in_the_readers_language(tmp_path):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server = MailReceiver(context)
    await server.start()
    url = SecretStr(f"smtp://u:p@127.0.0.1:{server.port}")
    async with notifying(
        tmp_path, smtp_url=url, mail_from="scanner@corp.example", ca_file=tmp_path / "ca.pem"
    ) as backend:
        mei = await backend.add_user()
        channel = await add_channel(backend, mei, kind="email", address="li@corp.example", language="zh-CN")
        await add_rule(backend, mei, channel["id"], kinds=["findings"])
        await scan(backend, mei, "bets.example")
        (mail,) = await server.until(1)
        (sent,) = await until_sent(backend, mei, 1)
    await server.close()
    assert (mail["To"], mail["X-Compliance-Delivery"]) == ("li@corp.example", sent["id"])
    assert "corp.example：新增 1 个问题" in mail["Subject"]
    assert "涉赌" in mail.get_body(("plain",)).get_content()


@pytest.mark.parametrize(
    ("kind", "busy", "taken"),
    [
        ("dingtalk", (200, {}, b'{"errcode":0}'), (200, {}, b'{"errcode":0,"errmsg":"ok"}')),
        ("wecom", (429, {"Retry-After": "0"}, b""), (200, {}, b'{"errcode":0,"errmsg":"ok"}')),
        ("feishu", (429, {"Retry-After": "0"}, b""), (200, {}, b'{"code":0,"msg":"success"}')),
        ("slack", (429, {"Retry-After": "0"}, b""), (200, {}, b"ok")),
    ],
)
async def test_a_robot_that_is_too_busy_gets_it_later(backend, mei, receiver, kind, busy, taken):
    receiver.script = [(429, {"Retry-After": "0"}, b"slow down") if kind == "dingtalk" else busy, taken]
    channel = await add_channel(backend, mei, kind=kind, url=f"{receiver.url}?key=SECRETKEY")
    await add_rule(backend, mei, channel["id"], kinds=["findings"])
    await scan(backend, mei, "bets.example")
    requests = await receiver.until(2)
    assert [request.path for request in requests] == ["/hook?key=SECRETKEY"] * 2
    assert "bets.example" in requests[1].body.decode().replace("\\\\", "")
    (sent,) = await until_sent(backend, mei, 1)
    assert sent["attempts"] == 2
    assert "SECRETKEY" not in orjson.dumps(await ask(backend, mei, "GET", "/channels")).decode()
    stored = await backend.services.db.read(lambda c: c.execute(channels.select()).all())
    assert all("SECRETKEY" not in str(value) for row in stored for value in row)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://nowhere.test/x", "dns"),
        ("http://10.0.0.1/x", "refused_address"),
        ("http://169.254.169.254/latest/meta-data", "refused_address"),
        ("http://[::ffff:10.0.0.1]/x", "refused_address"),
        ("http://127.0.0.1:1/x", "connect"),
    ],
)
async def test_the_test_button_says_what_went_wrong(tmp_path, url, code):
    async with notifying(tmp_path, static_hosts=("elsewhere.test=127.0.0.1",), resolvers=("127.0.0.1:9",)) as backend:
        mei = await backend.add_user()
        channel = await add_channel(backend, mei, url=url)
        result = await ask(backend, mei, "POST", f"/channels/{channel['id']}/test?lang=en")
    assert not result["sent"]
    expected = {"dns_unreachable", "dns"} if code == "dns" else {code}
    assert result["error"]["code"] in expected
    assert result["error"]["detail"] not in result["error"]["message"]
    assert ("COMPLIANCE_NOTIFICATION_NETWORKS" in result["error"]["message"]) == (code == "refused_address")


async def test_without_leave_of_an_administrator_no_internal_address_is_asked(tmp_path, receiver):
    async with notifying(tmp_path, notification_networks=()) as backend:
        mei = await backend.add_user()
        channel = await add_channel(backend, mei, url=receiver.url)
        result = await ask(backend, mei, "POST", f"/channels/{channel['id']}/test")
        assert result["error"]["code"] == "refused_address"
    assert receiver.received == []


async def test_a_name_is_judged_by_the_address_that_is_dialled_and_no_redirect_is_followed(tmp_path, receiver):
    """The scanner's own networks count for scans alone."""
    hosts = (f"rebinding.test=127.0.0.1:{receiver.port}",)
    async with notifying(tmp_path, notification_networks=(), allow_networks=LOOPBACK, static_hosts=hosts) as backend:
        mei = await backend.add_user()
        channel = await add_channel(backend, mei, url="http://rebinding.test/x")
        result = await ask(backend, mei, "POST", f"/channels/{channel['id']}/test")
        assert result["error"]["code"] == "refused_address"
    async with notifying(tmp_path / "second") as backend:
        mei = await backend.add_user()
        receiver.script = [(302, {"Location": receiver.url}, b"")]
        channel = await add_channel(backend, mei, url=receiver.url)
        result = await ask(backend, mei, "POST", f"/channels/{channel['id']}/test?lang=en")
        assert result["error"]["code"] == "redirect"
        assert "302" in result["error"]["message"]
    assert len(receiver.received) == 1


async def test_a_test_message_says_that_it_is_one_and_is_signed(backend, mei, receiver):
    channel = await add_channel(backend, mei, url=receiver.url)
    assert await ask(backend, mei, "POST", f"/channels/{channel['id']}/test") == {"sent": True, "error": None}
    (request,) = receiver.received
    verify(channel["signing_secret"], request)
    assert request.document["type"] == "test"
    receiver.script = [(500, {}, b"out of order" + b"x" * 100_000)]
    result = await ask(backend, mei, "POST", f"/channels/{channel['id']}/test?lang=en")
    assert result["error"]["code"] == "http_status"
    assert "500" in result["error"]["message"]
    assert result["error"]["detail"].startswith("out of order")
    assert len(result["error"]["detail"]) <= SHOWN


async def test_the_result_of_a_test_stays_with_the_channel_and_among_the_deliveries(backend, mei, receiver):
    channel = await add_channel(backend, mei, url=receiver.url)
    assert channel["last_test"] is None
    receiver.script = [(500, {}, b"out of order")]
    await ask(backend, mei, "POST", f"/channels/{channel['id']}/test")
    ((listed,), (delivery,)) = [
        (await ask(backend, mei, "GET", path))["items"] for path in ("/channels", "/deliveries")
    ]
    assert (listed["last_test"]["status"], listed["last_test"]["error"]["code"]) == ("dead", "http_status")
    assert listed["last_test"]["tested_at"] == delivery["created_at"]
    assert (delivery["is_test"], delivery["status"], delivery["items"], delivery["total"]) == (True, "dead", [], 0)
    assert delivery["error"] == listed["last_test"]["error"]
    await ask(backend, mei, "POST", f"/channels/{channel['id']}/test")
    renamed = await ask(backend, mei, "PATCH", f"/channels/{channel['id']}", name="other")
    assert (renamed["last_test"]["status"], renamed["last_test"]["error"]) == ("sent", None)
    moved = await ask(backend, mei, "PATCH", f"/channels/{channel['id']}", url=f"{receiver.url}/other")
    assert moved["last_test"] is None  # which says nothing of the new URL


async def test_a_test_that_is_sent_again_is_one_again(backend, mei, receiver):
    receiver.script = [(410, {}, b"gone")]
    channel = await add_channel(backend, mei, url=receiver.url)
    await ask(backend, mei, "POST", f"/channels/{channel['id']}/test")
    (dead,) = await until_listed(backend, mei, "dead", 1)
    await ask(backend, mei, "POST", f"/deliveries/{dead['id']}/resend", 202)
    (sent,) = await until_sent(backend, mei, 1)
    assert [request.document["type"] for request in receiver.received] == ["test", "test"]
    (listed,) = (await ask(backend, mei, "GET", "/channels"))["items"]
    assert (sent["is_test"], listed["last_test"]["status"]) == (True, "sent")


async def test_a_robots_own_error_is_shown(backend, mei, receiver):
    receiver.script = [(200, {}, b'{"errcode":310000,"errmsg":"keywords not in content"}')]
    channel = await add_channel(backend, mei, kind="dingtalk", url=receiver.url, secret="SEC1")
    result = await ask(backend, mei, "POST", f"/channels/{channel['id']}/test?lang=en")
    assert result["error"]["code"] == "rejected"
    assert result["error"]["detail"] == "errcode 310000: keywords not in content"


async def test_tests_are_not_without_limit(backend, mei, receiver):
    channel = await add_channel(backend, mei, url=receiver.url)
    path = f"/api/v1/channels/{channel['id']}/test"
    answers = [(await backend.client.post(path, headers=mei)).status_code for _ in range(11)]
    assert answers == [200] * 10 + [429]


async def test_a_dead_letter_is_seen_and_sent_again(backend, mei, receiver):
    receiver.script = [(410, {}, b"gone")]
    channel = await add_channel(backend, mei, url=receiver.url)
    await add_rule(backend, mei, channel["id"], kinds=["scan_completed"])
    await scan(backend, mei)
    await receiver.until(1)
    dead = await until_listed(backend, mei, "dead", 1)
    assert (dead[0]["error"]["code"], dead[0]["next_at"]) == ("http_status", None)
    again = await ask(backend, mei, "POST", f"/deliveries/{dead[0]['id']}/resend", 202)
    assert again["status"] == "waiting"
    (sent,) = await until_sent(backend, mei, 1)
    assert sent["id"] == dead[0]["id"]
    assert {request.headers["webhook-id"] for request in receiver.received} == {sent["id"]}


async def test_what_waits_is_not_resent(backend, mei, receiver):
    receiver.script = [(503, {"Retry-After": "3600"}, b"")]
    channel = await add_channel(backend, mei, url=receiver.url)
    await add_rule(backend, mei, channel["id"], kinds=["scan_completed"])
    await scan(backend, mei)
    await receiver.until(1)
    items = await until_listed(backend, mei, "waiting", 1, failed=True)
    answer = await backend.client.post(f"/api/v1/deliveries/{items[0]['id']}/resend", headers=mei)
    assert (answer.status_code, problem(answer)["code"]) == (409, "delivery_waiting")
    # A new URL of the channel is tried at once for what is new, and what waits keeps its time.
    changed = await ask(backend, mei, "PATCH", f"/channels/{channel['id']}", url=receiver.url, name="new")
    assert (changed["failures"], changed["name"]) == (0, "new")


async def test_deliveries_are_paged(backend, mei, receiver):
    channel = await add_channel(backend, mei, url=receiver.url)
    await add_rule(backend, mei, channel["id"], kinds=["scan_completed"])
    for number in range(3):
        await scan(backend, mei, target=f"corp{number}.example")
    await until_sent(backend, mei, 3)
    first = await ask(backend, mei, "GET", f"/deliveries?page_size=2&channel_id={channel['id']}")
    rest = await ask(backend, mei, "GET", f"/deliveries?page_size=2&cursor={first['next_cursor']}")
    assert (len(first["items"]), len(rest["items"]), rest["next_cursor"]) == (2, 1, None)
    assert len({item["id"] for item in (*first["items"], *rest["items"])}) == 3
    answer = await backend.client.get("/api/v1/deliveries?cursor=nonsense", headers=mei)
    assert (answer.status_code, problem(answer)["code"]) == (422, "invalid_cursor")


async def test_of_a_digest_the_list_of_deliveries_has_the_first_notification_and_the_number(backend, mei, receiver):
    channel = await add_channel(backend, mei, url=receiver.url)
    user_id = (await ask(backend, mei, "GET", "/auth/me"))["id"]
    items = [{"kind": "site_overdue", "target_domain": f"corp{number}.example"} for number in range(100)]
    new = [NewDelivery(channel["id"], "digest", {"items": items, "total": 250})]
    services = backend.services
    await services.db.write(lambda c: deliver(c, user_id, new, services.clock.now()))
    services.notifications.sender.wake()
    (sent,) = await until_sent(backend, mei, 1)
    assert ([item["target_domain"] for item in sent["items"]], sent["total"]) == (["corp0.example"], 250)
    assert len(receiver.received[0].document["data"]["items"]) == 100
    again = await ask(backend, mei, "POST", f"/deliveries/{sent['id']}/resend", 202)
    assert (again["items"], again["total"]) == (sent["items"], 250)


async def test_rules_are_written_as_a_whole_and_checked(backend, mei):
    channel = await add_channel(backend, mei, kind="slack", url="https://hooks.slack.example/x")
    body = {
        **RULE,
        "min_risk": "medium",
        "targets": ["CORP.example."],
        "channel_ids": [channel["id"]],
        "time_zone": "Asia/Shanghai",
        "digest": "weekly",
        "digest_time": "09:30",
        "digest_weekday": 4,
        "quiet_from": "22:00",
        "quiet_until": "07:30",
    }
    rule = await ask(backend, mei, "POST", "/rules", 201, **body)
    known = {name: rule[name] for name in body}
    assert known == {**body, "targets": ["corp.example"]}
    assert (await ask(backend, mei, "GET", "/rules"))["items"] == [rule]
    changed = await ask(backend, mei, "PUT", f"/rules/{rule['id']}", **{**RULE, "enabled": False})
    assert (changed["enabled"], changed["digest"], changed["quiet_from"], changed["channel_ids"]) == (
        False,
        "none",
        None,
        [],
    )
    await ask(backend, mei, "PUT", f"/rules/{rule['id']}", **body)
    await ask(backend, mei, "DELETE", f"/channels/{channel['id']}", 204)
    assert (await ask(backend, mei, "GET", "/rules"))["items"][0]["channel_ids"] == []
    await ask(backend, mei, "DELETE", f"/rules/{rule['id']}", 204)
    assert (await ask(backend, mei, "GET", "/rules"))["items"] == []


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"time_zone": "Mars/Base"}, "body.time_zone", "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "body.time_zone", "time_zone"),
        ({"quiet_from": "22:00"}, "body", "quiet_hours"),
        ({"channel_ids": ["x"]}, "body.channel_ids.0", "unknown_channel"),
        ({"targets": ["not a domain"]}, "body.targets.0", "domain_names"),
        ({"kinds": []}, "body.kinds", "too_short"),
        ({"digest_time": "25:00"}, "body.digest_time", "string_pattern_mismatch"),
    ],
)
async def test_a_rule_that_makes_no_sense_is_refused(backend, mei, changes, field, code):
    answer = await backend.client.post("/api/v1/rules", headers=mei, json={**RULE, **changes})
    assert answer.status_code == 422, answer.text
    assert [(one["field"], one["code"]) for one in answer.json()["errors"]] == [(field, code)]


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"kind": "webhook"}, "body.url", "missing"),
        ({"kind": "email", "url": "https://x.example/"}, "body.address", "missing"),
        ({"kind": "slack", "url": "https://x.example/", "secret": "s"}, "body.secret", "extra_forbidden"),
        ({"kind": "webhook", "url": "https://x.example/", "secret": "s"}, "body.secret", "extra_forbidden"),
        ({"kind": "email", "address": "a@b.example\nBcc: c@d.example"}, "body.address", "string_pattern_mismatch"),
        ({"kind": "email", "address": "jürgen@b.example"}, "body.address", "email_address"),
        ({"kind": "email", "address": "john..doe@b.example"}, "body.address", "email_address"),
        ({"kind": "email", "address": "a@b..example"}, "body.address", "email_address"),
        ({"kind": "webhook", "url": "ftp://x.example/"}, "body.url", "string_pattern_mismatch"),
        ({"kind": "webhook", "url": "http://[x"}, "body.url", "http_address"),
        ({"kind": "slack", "url": "http://x.example:99999/"}, "body.url", "http_address"),
        ({"kind": "slack", "url": "http://:80/"}, "body.url", "http_address"),
    ],
)
async def test_a_channel_that_makes_no_sense_is_refused(backend, mei, body, field, code):
    answer = await backend.client.post("/api/v1/channels", headers=mei, json={"name": "x", "language": "en", **body})
    assert answer.status_code == 422, answer.text
    assert (field, code) in [(one["field"], one["code"]) for one in answer.json()["errors"]]


async def test_a_user_has_no_more_channels_and_rules_than_the_limits_say(backend, mei):
    slack = {"name": "c", "kind": "slack", "language": "en", "url": "https://hooks.slack.example/x"}
    for path, body, most, code in (
        ("channels", slack, MAX_CHANNELS, "channel_limit"),
        ("rules", RULE, MAX_RULES, "rule_limit"),
    ):
        answers = [await backend.client.post(f"/api/v1/{path}", headers=mei, json=body) for _ in range(most + 1)]
        assert [answer.status_code for answer in answers] == [201] * most + [429]
        assert problem(answers[-1])["code"] == code


async def test_what_is_of_others_looks_missing(backend, mei, receiver):
    channel = await add_channel(backend, mei, url=receiver.url)
    rule = await add_rule(backend, mei, channel["id"], kinds=["scan_completed"])
    await scan(backend, mei)
    (sent,) = await until_sent(backend, mei, 1)
    for headers in (await backend.add_user("li"), await backend.login()):
        for method, path in (
            ("PATCH", f"/channels/{channel['id']}"),
            ("DELETE", f"/channels/{channel['id']}"),
            ("POST", f"/channels/{channel['id']}/test"),
            ("PUT", f"/rules/{rule['id']}"),
            ("DELETE", f"/rules/{rule['id']}"),
            ("POST", f"/deliveries/{sent['id']}/resend"),
        ):
            body = RULE if method == "PUT" else {"name": "x"} if method == "PATCH" else None
            answer = await backend.client.request(method, f"/api/v1{path}", headers=headers, json=body)
            assert answer.status_code == 404, (method, path, answer.text)
        assert (await ask(backend, headers, "GET", "/channels"))["items"] == []
    answer = await backend.client.post("/api/v1/rules", headers=mei, json={**RULE, "all_users": True})
    assert (answer.status_code, problem(answer)["code"]) == (403, "admin_only")


async def test_a_user_that_is_deleted_takes_all_of_it_along(backend, mei, receiver):
    channel = await add_channel(backend, mei, url=receiver.url)
    await add_rule(backend, mei, channel["id"])
    await scan(backend, mei, "bets.example")
    await until_sent(backend, mei, 2)
    users = (await ask(backend, await backend.login(), "GET", "/admin/users"))["items"]
    user_id = next(user["id"] for user in users if user["username"] == "mei")
    await backend.services.users.delete(user_id, by="test")
    left = await backend.services.db.read(lambda c: c.execute(channels.select()).all())
    assert left == []


async def test_what_was_done_is_in_the_audit_log(backend, mei, receiver):
    channel = await add_channel(backend, mei, url=receiver.url)
    await ask(backend, mei, "PATCH", f"/channels/{channel['id']}", enabled=False)
    await ask(backend, mei, "POST", f"/channels/{channel['id']}/test")
    rule = await add_rule(backend, mei)
    await ask(backend, mei, "DELETE", f"/rules/{rule['id']}", 204)
    await ask(backend, mei, "DELETE", f"/channels/{channel['id']}", 204)
    admin = await backend.login()
    async with asyncio.timeout(30):
        while True:
            rows = (await ask(backend, admin, "GET", "/admin/audit?limit=100"))["items"]
            actions = [row["action"] for row in rows]
            if "channel.delete" in actions:
                break
            await asyncio.sleep(0.02)
    assert {"channel.create", "channel.update", "channel.test", "channel.delete", "rule.create", "rule.delete"} <= set(
        actions
    )
    assert receiver.url not in orjson.dumps(rows).decode()
