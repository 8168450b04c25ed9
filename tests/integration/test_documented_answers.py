"""A running server is asked for every status and code that docs/errors.md promises of REST, and answers with it."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
import pytest_asyncio

from app.api.errors import MEDIA_TYPE
from app.core.errors import Conflict, NotFound, Unavailable
from app.core.ids import new_id
from app.events.types import Statistics
from app.scans.result_reader import unreadable
from app.scanstore.errors import StoreLocked, StoreMismatch, StoreUnavailable
from tests.docs.markdown import ROOT, read, rows, section
from tests.support.backend import OWN_PAGE, USER_PASSWORD
from tests.support.live import Live, go_live

on_one_server = pytest.mark.asyncio(loop_scope="module")

TITLE = "Answers of REST"
SAID = {code.strip("`"): int(status) for code, status, _ in rows(section(read("docs/errors.md"), TITLE))}
# What needs a fault, results or a page of a list: these tests bring them about, and ask as well.
BROUGHT_ABOUT = {
    "captures_unavailable": "tests/integration/whole_scans/test_object_storage.py",
    "channel_limit": "tests/integration/test_notifications.py",
    "assignee_unknown": "tests/integration/test_api_assignments.py",
    "assignment_changed": "tests/integration/test_api_assignments.py",
    "comment_limit": "tests/integration/test_api_comments.py",
    "content_lost": "tests/integration/test_api_findings.py",
    **dict.fromkeys(
        (
            "csv_cells",
            "csv_columns",
            "csv_lines",
            "csv_unreadable",
            "group_too_large",
            "owner_disabled",
            "site_busy",
            "site_exists",
            "site_limit",
        ),
        "tests/integration/test_api_sites.py",
    ),
    "database_damaged": "tests/integration/test_damaged_database.py",
    "database_unavailable": "tests/integration/test_api_monitor.py",
    "decision_changed": "tests/integration/test_api_decisions.py",
    "insufficient_scope": "tests/integration/test_api_keys.py",
    "delivery_waiting": "tests/integration/test_notifications.py",
    "internal": "tests/integration/test_api_bad_input.py",
    "key_limit": "tests/integration/test_api_keys.py",
    "lifetime_too_long": "tests/integration/test_api_keys.py",
    "link_limit": "tests/integration/test_links.py",
    "list_not_shrunk": "tests/integration/test_lists.py",
    "read_only": "tests/integration/test_viewers.py",
    "reader_unreported": "tests/integration/test_api_local_reader.py",
    "reader_unusable": "tests/integration/test_api_local_reader.py",
    "reason_missing": "tests/integration/test_api_decisions.py",
    "expiry_passed": "tests/integration/test_api_decisions.py",
    "expiry_without_dismissal": "tests/integration/test_api_decisions.py",
    "report_limit": "tests/integration/unhindered_loop/test_report_stream.py",
    "results_unavailable": "tests/integration/test_api_reports.py",
    "rule_limit": "tests/integration/test_notifications.py",
    "scan_store_damaged": "tests/integration/test_api_reports.py",
    "session_required": "tests/integration/test_api_keys.py",
    "unavailable": "tests/integration/test_streams.py",
}
TARGETS = {
    "target_empty": "",
    "target_control_characters": "exa\u200bmple.com",
    "target_is_url": "https://example.com/",
    "target_ip_address": "192.0.2.1",
    "target_too_long": ".".join(["a" * 60] * 5) + ".com",
    "target_label_too_long": "a" * 64 + ".com",
    "target_not_a_domain": "exa mple",
    "target_local_name": "localhost",
    "target_public_suffix": "com.cn",
    "target_not_allowed": "www.blocked.example",
}


class Site:
    """The server with an administrator, a user, and a task of the user that runs."""

    def __init__(self, live: Live, admin: str, user: str, user_id: str, running: str, ended: str) -> None:
        self.live = live
        self.admin = admin
        self.user = user
        self.user_id = user_id
        self.running = running
        self.ended = ended

    async def ask(self, method: str, path: str, token: str | None = None, **options: Any) -> httpx.Response:
        return await self.live.ask(method, path, token or self.user, **options)

    async def post(self, path: str, **options: Any) -> httpx.Response:
        """Of nobody who has signed in."""
        return await self.live.http.post(f"/api/v1{path}", **options)

    async def create(self, domain: str, **config: Any) -> httpx.Response:
        return await self.ask("POST", "/tasks", json={"target_domain": domain, "config": config})


async def add_task(live: Live, user_id: str, *, ended: bool, target: str = "example.org") -> str:
    task_id = new_id()
    lifecycle, writer = live.services.lifecycle, live.services.event_writer
    await writer.write(lifecycle.create(task_id, user_id=user_id, target_domain=target, config={}))
    await writer.write(lifecycle.claim(task_id, 1, "w", target))
    if ended:
        await writer.write(lifecycle.complete(task_id, 1, Statistics()))
    return task_id


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("documented") / "data"
    limits = {"max_unfinished_tasks_per_user": 3, "sse_max_streams_per_user": 1, "max_body_bytes": 50_000}
    async with go_live(folder, blocked_targets=("blocked.example",), **limits) as live:
        user_id = await live.add_user()
        admin, user = await live.sign_in(), await live.sign_in("mei", USER_PASSWORD)
        tasks = [await add_task(live, user_id, ended=ended) for ended in (False, True)]
        yield Site(live, admin["access_token"], user["access_token"], user_id, *tasks)


# REST


async def bad_json(site: Site) -> httpx.Response:
    headers = {"Authorization": f"Bearer {site.user}", "Content-Type": "application/json"}
    return await site.post("/tasks", headers=headers, content=b"{")


async def expired(site: Site) -> httpx.Response:
    site.live.clock.turned_s += 4_000
    try:
        return await site.ask("GET", "/auth/me")
    finally:
        site.live.clock.turned_s = 0


async def disabled(site: Site) -> httpx.Response:
    user_id = await site.live.add_user("disabled")
    token = (await site.live.sign_in("disabled", USER_PASSWORD))["access_token"]
    await site.live.services.users.update(user_id, {"is_active": False}, by="test")
    return await site.ask("GET", "/auth/me", token)


async def repeated(site: Site) -> httpx.Response:
    headers = {"Idempotency-Key": "k", "Authorization": f"Bearer {site.user}"}
    await site.post("/tasks", headers=headers, json={"target_domain": "example.com"})
    return await site.post("/tasks", headers=headers, json={"target_domain": "example.net"})


async def of_another_target(site: Site) -> httpx.Response:
    other = await add_task(site.live, site.user_id, ended=True, target="example.net")
    return await site.ask("GET", f"/tasks/{site.ended}/diff?against={other}")


async def held(site: Site) -> httpx.Response:
    task_id = await add_task(site.live, site.user_id, ended=True)
    await site.ask("PUT", f"/tasks/{task_id}/hold", site.admin, json={"reason": "Case 1"})
    return await site.ask("DELETE", f"/tasks/{task_id}")


async def owner_of_held(site: Site) -> httpx.Response:
    user_id = await site.live.add_user("held")
    task_id = await add_task(site.live, user_id, ended=True)
    await site.ask("PUT", f"/tasks/{task_id}/hold", site.admin, json={"reason": "Case 2"})
    return await site.ask("DELETE", f"/admin/users/{user_id}", site.admin)


async def too_many_tasks(site: Site) -> httpx.Response:
    answers = [await site.create("example.com") for _ in range(4)]
    return answers[-1]


async def too_many_streams(site: Site) -> httpx.Response:
    address = f"/api/v1/monitor/tasks/{site.running}/events"
    headers = {"Authorization": f"Bearer {site.user}"}
    async with site.live.http.stream("GET", address, headers=headers) as first:
        assert first.status_code == 200
        return await site.live.http.get(address, headers=headers)


async def too_many_sign_ins(site: Site) -> httpx.Response:
    tries = [site.post("/auth/login", json={"username": "nobody", "password": "wrong password"}) for _ in range(40)]
    return max(await asyncio.gather(*tries), key=lambda answer: answer.status_code)


async def remove_last_admin(site: Site) -> httpx.Response:
    own = (await site.ask("GET", "/auth/me", site.admin)).json()["id"]
    return await site.ask("PATCH", f"/admin/users/{own}", site.admin, json={"is_active": False})


def refusing(owner: str, name: str, error: Exception) -> Callable[[Site], Awaitable[httpx.Response]]:
    """Ask while a service of the running server fails with an error that takes a fault of the machine, or luck."""

    async def ask(site: Site) -> httpx.Response:
        async def refuse(*_: object, **__: object) -> None:
            raise error

        service = getattr(site.live.services, owner)
        setattr(service, name, refuse)
        try:
            method, path = REFUSING[owner]
            return await site.ask(method, path.format(site.ended))
        finally:
            delattr(service, name)

    return ask


REFUSING = {
    "scans": ("POST", "/tasks/{}/cancel"),
    "evidence": ("GET", "/tasks/{}/findings"),
    "report_files": ("GET", "/tasks/{}/report"),
}


def user_named(**fields: str) -> dict[str, str]:
    return {"username": "li", "email": "li@example.com", "password": USER_PASSWORD, "role": "user", **fields}


PROVOKED: dict[str, Callable[[Site], Awaitable[httpx.Response]]] = {
    "bad_json": bad_json,
    "missing_token": lambda site: site.live.http.get("/api/v1/tasks"),
    "invalid_token": lambda site: site.ask("GET", "/tasks", "nonsense"),
    "expired_token": expired,
    "invalid_credentials": lambda site: site.post("/auth/login", json={"username": "mei", "password": "x" * 9}),
    "user_disabled": disabled,
    "admin_only": lambda site: site.ask("GET", "/admin/users"),
    "origin_not_allowed": lambda site: site.post("/auth/cookie/refresh", headers={"Origin": "https://else.test"}),
    "page_outdated": lambda site: site.post(
        "/auth/cookie/refresh", headers={"Origin": site.live.url, "X-Compliance-Page": "1"}
    ),
    "wrong_password": lambda site: site.ask(
        "POST", "/auth/password", json={"current_password": "wrong password", "new_password": "another password"}
    ),
    "not_found": lambda site: site.ask("GET", "/tasks/nothing"),
    "attempt_not_found": lambda site: site.ask("GET", f"/tasks/{site.ended}/findings?attempt=9"),
    "no_such_route": lambda site: site.ask("GET", "/nothing"),
    "method_not_allowed": lambda site: site.ask("PATCH", "/tasks"),
    "upgrade_required": lambda site: site.live.http.get("/api/v1/monitor/ws?token=t"),
    "task_finished": lambda site: site.ask("POST", f"/tasks/{site.ended}/cancel"),
    "task_running": lambda site: site.ask("DELETE", f"/tasks/{site.running}"),
    "scan_not_ended": lambda site: site.ask("GET", f"/tasks/{site.running}/diff"),
    "against_other_target": of_another_target,
    "task_held": held,
    "task_not_waiting": lambda site: site.ask(
        "PUT", f"/tasks/{site.running}/priority", site.admin, json={"priority": 1}
    ),
    "username_taken": lambda site: site.ask(
        "POST", "/admin/users", site.admin, json=user_named(username="mei", email="other@example.com")
    ),
    "email_taken": lambda site: site.ask("POST", "/admin/users", site.admin, json=user_named(email="mei@example.com")),
    "last_admin": remove_last_admin,
    "configuration_changed": lambda site: site.ask(
        "PUT", "/admin/configuration", site.admin, json={"version": 99, "values": {}}
    ),
    "reading_model_missing": lambda site: site.ask("POST", "/admin/configuration/reading-model/test", site.admin),
    "user_has_held_scans": owner_of_held,
    "user_has_running_tasks": lambda site: site.ask("DELETE", f"/admin/users/{site.user_id}", site.admin),
    "too_large": lambda site: site.ask("POST", "/tasks", json={"target_domain": "x" * 60_000}),
    "unsupported_media_type": lambda site: site.ask("POST", "/tasks", data={"target_domain": "example.com"}),
    "invalid_input": lambda site: site.ask("GET", "/tasks?colour=red"),
    "own_domains_too_long": lambda site: site.create(
        "example.com", own_domains=[".".join(["a" * 60, "b" * 60, "c" * 60, f"d{n}", "com"]) for n in range(150)]
    ),
    "idempotency_key_reused": repeated,
    "invalid_level": lambda site: site.ask("GET", f"/monitor/tasks/{site.ended}/logs?level=LOUD"),
    "invalid_cursor": lambda site: site.ask("GET", "/admin/audit?cursor=nonsense", site.admin),
    "invalid_sort": lambda site: site.ask("GET", "/tasks?sort=colour"),
    "start_url_invalid": lambda site: site.create("example.com", start_urls=["ftp://example.com/"]),
    "start_url_outside_target": lambda site: site.create("example.com", start_urls=["https://example.net/"]),
    "contended": refusing("scans", "cancel", Conflict(code="contended")),
    "results_removed": refusing("evidence", "findings", NotFound(code="results_removed")),
    "report_failed": refusing("report_files", "open", Unavailable(code="report_failed", retry_after_s=1)),
    "reports_busy": refusing("report_files", "open", Unavailable(code="reports_busy", retry_after_s=1)),
    "scan_store_unavailable": refusing("evidence", "findings", unreadable(StoreUnavailable())),
    "scan_store_locked": refusing("evidence", "findings", unreadable(StoreLocked())),
    "scan_store_mismatch": refusing("evidence", "findings", unreadable(StoreMismatch())),
    "task_limit": too_many_tasks,
    "stream_limit": too_many_streams,
    "rate_limited": too_many_sign_ins,  # the last one: nobody signs in from this address for a while
} | {code: (lambda site, domain=domain: site.create(domain)) for code, domain in TARGETS.items()}


def test_every_code_of_the_document_is_asked_for():
    assert set(PROVOKED) | set(BROUGHT_ABOUT) == set(SAID)
    assert not set(PROVOKED) & set(BROUGHT_ABOUT)


@pytest.mark.parametrize("code", sorted(BROUGHT_ABOUT))
def test_what_takes_more_than_a_question_is_brought_about_by_the_test_that_is_named(code):
    assert f'"{code}"' in (ROOT / BROUGHT_ABOUT[code]).read_text("utf-8")


@pytest.mark.parametrize("code", PROVOKED)
@on_one_server
async def test_the_server_answers_with_the_status_and_the_code_that_the_document_promises(site, code):
    answer = await PROVOKED[code](site)
    assert answer.headers["content-type"] == MEDIA_TYPE, answer.text
    assert (answer.status_code, answer.json()["code"]) == (SAID[code], code)
    assert answer.headers["content-language"]
    needed = {401: "www-authenticate", 405: "allow", 426: "upgrade", 429: "retry-after", 503: "retry-after"}
    assert needed.get(answer.status_code, "content-type") in answer.headers


@on_one_server
async def test_the_fields_of_a_problem_are_those_of_the_example(site):
    example = re.search(r"```json\n(\{.*?\n\})\n```", section(read("docs/errors.md"), TITLE), re.DOTALL)
    assert example is not None
    answer = await site.ask("DELETE", f"/tasks/{site.running}?lang=en")
    said, given = httpx.Response(200, text=example[1]).json(), answer.json()
    assert {**said, "trace_id": given["trace_id"]} == given


# Before the application


async def speak(live: Live, request: bytes) -> bytes:
    host, _, port = live.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(request)
        async with asyncio.timeout(60):
            return await reader.read()
    finally:
        writer.close()


REFUSED = {
    "bad_request": b"NONSENSE\r\n\r\n",
    "upgrade_with_body": (
        b"POST /livez HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc"
    ),
    "head_too_large": b"GET /livez HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
}
CROWDED = {"address_limit": "http_max_connections_per_address", "process_limit": "http_max_connections"}
SLOW = {
    "head_timeout",
    "body_timeout",
    "unread",
}  # tests/integration/unhindered_loop/test_slow_requests.py brings them about


def refused_before() -> dict[str, str]:
    return {
        reason.strip("`"): status
        for reason, status, _ in rows(section(read("docs/errors.md"), "Refused before the application"))
    }


def test_every_reason_to_refuse_before_the_application_is_asked_for():
    assert {*REFUSED, *CROWDED, *SLOW, "body_limit"} == set(refused_before())
    slow = (ROOT / "tests/integration/unhindered_loop/test_slow_requests.py").read_text("utf-8")
    assert [reason for reason in SLOW if f'"{reason}"' not in slow] == []


def check_refusal(live: Live, reason: str, answer: bytes) -> None:
    head, _, _body = answer.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {refused_before()[reason]} ".encode())
    assert b"content-type: text/plain" in head.lower()
    assert b"connection: close" in head.lower()
    assert live.services.metrics.http_cut.labels(reason)._value.get() == 1


@on_one_server
@pytest.mark.parametrize("reason", REFUSED)
async def test_what_is_no_request_is_refused_in_plain_text_with_the_status_of_the_document(site, reason):
    check_refusal(site.live, reason, await speak(site.live, REFUSED[reason]))


@pytest.mark.parametrize("reason", CROWDED)
async def test_a_connection_too_many_is_refused_with_the_status_of_the_document(tmp_path, reason):
    async with go_live(tmp_path / "data", **{CROWDED[reason]: 1}) as live:
        assert (await live.http.get("/livez")).status_code == 200  # and stays open
        check_refusal(live, reason, await speak(live, b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"))


async def test_bodies_that_take_too_much_together_are_refused_with_the_status_of_the_document(tmp_path):
    head = b"POST /api/v1/tasks HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 200000\r\n\r\n"
    async with go_live(tmp_path / "data", http_max_kept_body_bytes=65_536) as live:
        check_refusal(live, "body_limit", await speak(live, head + b"x" * 100_000))


# Own pages


@on_one_server
async def test_the_page_s_own_requests_are_let_in(site):
    """What `origin_not_allowed` says: a request of this program's own page is asked for its cookie instead."""
    answer = await site.post("/auth/cookie/refresh", headers={**OWN_PAGE, "Origin": site.live.url})
    assert (answer.status_code, answer.json()["code"]) == (401, "missing_token")
