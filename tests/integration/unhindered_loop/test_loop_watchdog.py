"""No request whatever holds the event loop: every route and every command, on an application with much in it.

Processor time of the loop's thread between two looks at its sockets (`tests.support.watchdog`), the best of up to three
tries: what the machine or a garbage collection adds does not come three times, what a handler does itself does.
"""

import asyncio
import gc
import json
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx
import pytest
from starlette.routing import BaseRoute
from websockets.sync.client import ClientConnection, connect

from app.api.built_page import ASSETS, ICON
from app.core.heap import settle_heap
from app.domain.notifications import SHOWN_FINDINGS
from app.domain.report_format import OF_ORDERS
from app.factory import create_app
from app.websocket.messages.commands import COMMANDS
from bench.growth_data import LARGE_CONTENT, Grown, Size, build
from tests.support import watchdog
from tests.support.backend import ADMIN_PASSWORD, PAGE_KEY, USER_PASSWORD, make_settings
from tests.support.cpu_time import slowness
from tests.support.feeds import add_notifications
from tests.support.live import go_live
from tests.support.watchdog import HELD_S, Held, watch

SIZE = Size(
    tasks=20_000,
    events=60_000,
    lines=40_000,
    users=2_000,
    long_events=30_000,
    long_lines=20_000,
    long_violations=4_000,
    parties=20_000,
    pages=10_000,
    long_config=10,
)
LIMITS: dict[str, Any] = {
    "max_unfinished_tasks_per_user": 10_000,
    "ws_commands_per_s": 10_000,
    "ws_command_burst": 10_000,
    "ws_pull_bytes_per_s": 1 << 30,
    "ws_handshakes_per_s_per_address": 1_000,
    "ws_max_connections_per_user": 1_000,
}
LOG_TAIL = 1_000
NOTIFICATIONS = 200  # of the administrator
FIRST_PARTY = "farm-00000.example"  # stands on every page


@dataclass
class Site:
    """A server on a watched loop, what is in it, and its administrator, who owns half of it."""

    held: Held
    url: str
    token: str
    http: httpx.Client
    grown: Grown
    numbers: Any = field(default_factory=lambda: count(1))

    @property
    def task(self) -> str:
        return self.grown.long_task

    def ask(self, method: str, path: str, status: int = 200, **more: Any) -> httpx.Response:
        answer = self.http.request(method, path, **more)
        assert answer.status_code == status, (method, path, answer.text[:300])
        return answer

    def add_user(self) -> tuple[str, str]:
        name = f"reader{next(self.numbers)}"
        values = {"username": name, "email": f"{name}@example.com", "password": USER_PASSWORD, "role": "user"}
        return self.ask("POST", "/api/v1/admin/users", 201, json=values).json()["id"], name

    def sign_in(self, name: str, password: str) -> dict[str, Any]:
        body = {"username": name, "password": password}
        return dict(self.ask("POST", "/api/v1/auth/login", json=body).json())

    def add_task(self) -> str:
        starts = [f"https://www.example.com/{number:0>500}" for number in range(100)]
        body = {"target_domain": "example.com", "config": {"start_urls": starts}}
        return str(self.ask("POST", "/api/v1/tasks", 201, json=body).json()["id"])

    def add_order(self) -> str:
        body = {"targets": [f"h{number}.example.com" for number in range(500)]}
        return str(self.ask("POST", "/api/v1/orders", 201, json=body).json()["id"])

    @contextmanager
    def socket(self):
        url = f"{self.url.replace('http', 'ws')}/api/v1/monitor/ws?token={self.token}"
        with connect(url, proxy=None, max_size=None, ping_interval=None) as socket:
            receive(socket, "connection_established")
            yield socket


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def receive(socket: ClientConnection, kind: str, times: int = 1) -> dict[str, Any]:
    """The last of so many frames of a type."""
    frame: dict[str, Any] = {}
    while times:
        frame = json.loads(socket.recv(timeout=30))
        times -= frame["type"] == kind
    return frame


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("watched") / "data"
    with watch(lambda: go_live(folder, **LIMITS)) as held:
        url = held.value.url
        with httpx.Client(base_url=url, timeout=240) as http:
            body = {"username": "admin", "password": ADMIN_PASSWORD}
            token = http.post("/api/v1/auth/login", json=body).json()["access_token"]
            http.headers.update(bearer(token))
            owner = http.get("/api/v1/auth/me").json()["id"]
            found = Site(held, url, token, http, build(folder, SIZE, owner=owner))
            services = held.value.services
            add_notifications(services.db, services.clock, owner, NOTIFICATIONS, findings=SHOWN_FINDINGS)
            settle_heap()  # as a server does at its start: what tests have imported is more than it has
            yield found
            gc.unfreeze()


# Routes


def task_route(tail: str, *queries: str):
    return lambda site: [site.ask("GET", f"/api/v1/tasks/{site.task}/{tail}{query}") for query in ("", *queries)]


def list_tasks(site):
    for query in (
        "",
        "?page_size=200",
        "?page=50&page_size=200&sort=target_domain",
        "?domain=corp-9",
        "?status=pending",
    ):
        site.ask("GET", f"/api/v1/tasks{query}")


def lines(site):
    for query in ("", "?limit=1000", "?format=text", "?format=ndjson", "?q=nothing"):
        site.ask("GET", f"/api/v1/monitor/tasks/{site.task}/logs{query}")


def follow(site):
    """A stream from a snapshot, one that goes on, and one that is too far back."""
    for query, enough in (("", 1), (f"?last_event_id={SIZE.long_events - 900}", 100_000), ("?last_event_id=1", 1)):
        with site.http.stream("GET", f"/api/v1/monitor/tasks/{site.task}/events{query}") as answer:
            assert answer.status_code == 200
            read = 0
            for piece in answer.iter_raw():
                read += len(piece)
                if read >= enough:
                    break


def broadcast(site):
    body = {"message": "x" * 2_000, "level": "info", "data": {"items": ["y" * 50] * 1_000}}
    with site.socket(), site.socket():
        site.ask("POST", "/api/v1/monitor/ws/broadcast", json=body)


def refresh(site):
    _, name = site.add_user()
    token = site.sign_in(name, USER_PASSWORD)["refresh_token"]
    site.ask("POST", "/api/v1/auth/refresh", json={"refresh_token": token})


def log_out(site):
    _, name = site.add_user()
    site.ask("POST", "/api/v1/auth/logout", 204, headers=bearer(site.sign_in(name, USER_PASSWORD)["access_token"]))


def log_out_everywhere(site):
    _, name = site.add_user()
    headers = bearer(site.sign_in(name, USER_PASSWORD)["access_token"])
    site.ask("POST", "/api/v1/auth/logout-everywhere", 204, headers=headers)


def use_cookie(site):
    """A page signs in, refreshes and signs out."""
    _, name = site.add_user()
    body = {"username": name, "password": USER_PASSWORD}
    page = {"Origin": site.url, "X-Compliance-Page": PAGE_KEY}
    site.ask("POST", "/api/v1/auth/cookie/login", json=body, headers=page)
    site.ask("POST", "/api/v1/auth/cookie/refresh", headers=page)
    site.ask("POST", "/api/v1/auth/cookie/logout", 204, headers=page)


def change_password(site):
    _, name = site.add_user()
    headers = bearer(site.sign_in(name, USER_PASSWORD)["access_token"])
    body = {"current_password": USER_PASSWORD, "new_password": USER_PASSWORD + "!"}
    site.ask("POST", "/api/v1/auth/password", 204, json=body, headers=headers)


def end_task(site, tail=None):
    """Cancelled; then deleted or tried again."""
    task_id = site.add_task()
    site.ask("POST", f"/api/v1/tasks/{task_id}/cancel", 202)
    if tail == "retry":
        site.ask("POST", f"/api/v1/tasks/{task_id}/retry", 202)
    elif tail == "delete":
        site.ask("DELETE", f"/api/v1/tasks/{task_id}", 204)


def delete_order(site):
    order_id = site.add_order()
    site.ask("POST", f"/api/v1/orders/{order_id}/cancel", 202)
    site.ask("DELETE", f"/api/v1/orders/{order_id}", 204)


def with_user(method, status=200, **more):
    return lambda site: site.ask(method, f"/api/v1/admin/users/{site.add_user()[0]}", status, **more)


def list_users(site):
    for query in ("", "?page_size=200", "?page=9&page_size=200", "?q=r&is_assignable=true"):
        site.ask("GET", f"/api/v1/admin/users{query}")


def decide(site):
    path = f"/api/v1/tasks/{site.task}/findings/gambling.{FIRST_PARTY}"
    decision = site.ask("GET", path).json()["decision"]
    body = {"state": "dismissed", "reason": "r" * 500, "version": 0 if decision is None else decision["version"]}
    site.ask("PUT", f"{path}/decision", json=body)


def assign(site):
    path = f"/api/v1/tasks/{site.task}/findings/gambling.{FIRST_PARTY}"
    known = site.ask("GET", path).json()["assignment"]
    version = 0 if known is None else known["version"]
    site.ask("PUT", f"{path}/assignment", json={"due_on": "2026-12-15", "version": version})


def comment(site):
    path = f"/api/v1/tasks/{site.task}/findings/gambling.{FIRST_PARTY}/comments"
    site.ask("POST", path, 201, json={"text": "c" * 500})
    site.ask("GET", path)


def end_others(site):
    _, name = site.add_user()
    headers = [bearer(site.sign_in(name, USER_PASSWORD)["access_token"]) for _ in range(2)]
    site.ask("DELETE", "/api/v1/auth/sessions", headers=headers[0])


def end_one(site):
    _, name = site.add_user()
    headers = bearer(site.sign_in(name, USER_PASSWORD)["access_token"])
    (own,) = site.ask("GET", "/api/v1/auth/sessions", headers=headers).json()["items"]
    site.ask("DELETE", f"/api/v1/auth/sessions/{own['session_id']}", 204, headers=headers)


def close_connection(site):
    with site.socket():
        found = site.ask("GET", "/api/v1/admin/connections").json()["items"]
        for one in found:
            site.ask("DELETE", f"/api/v1/admin/connections/{one['connection_id']}", 204)


def configure(site, **values):
    """Store these values in place of what is stored."""
    version = site.ask("GET", "/api/v1/admin/configuration").json()["version"]
    return site.ask("PUT", "/api/v1/admin/configuration", json={"version": version, "values": values}).json()["version"]


def configure_much(site):
    """As many names as there may be, and back to none."""
    configure(site, blocked_targets=[f"{number:0>60}.example" for number in range(1_000)])
    site.ask("GET", "/api/v1/admin/configuration")
    configure(site)


def read_versions(site):
    for number in range(3):
        configure(site, blocked_targets=[f"{number}-{entry:0>60}.example" for entry in range(1_000)])
    configure(site)
    site.ask("GET", "/api/v1/admin/configuration/versions")


def restore_version(site):
    newest = configure(site, scans_per_user=3)
    site.ask("POST", "/api/v1/admin/configuration/versions/0/restore", json={"version": newest})


def use_sites(site):
    """A group of many, added from a text, listed, changed, scanned as an order and one by one, and removed."""
    path, number = "/api/v1/sites", next(site.numbers)
    lines = [f"g{number}-{line}.example.com,group {number},a b,0 3 * * *,Asia/Shanghai" for line in range(400)]
    text = "\n".join(["target_domain,group,tags,cron,time_zone", *lines])
    site.ask("POST", f"{path}/import", json={"csv": text})
    site.ask("POST", f"{path}/schedule", json={"cron": "0 3 29 2 *"})
    one = site.ask("POST", path, 201, json={"target_domain": f"one-{number}.example.com"}).json()["id"]
    site.ask("GET", f"{path}?page_size=200")
    site.ask("GET", f"{path}/labels")
    site.ask("PATCH", f"{path}/{one}", json={"schedule": {"every_hours": 6}})
    site.ask("POST", f"{path}/run", 201, json={"group": f"group {number}"})
    site.ask("POST", f"{path}/{one}/run", 201)
    site.ask("GET", f"{path}/{one}")
    site.ask("GET", f"{path}/{one}/scans")
    site.ask("DELETE", f"{path}/{one}", 204)


def use_key(site):
    """Made, listed, used, and revoked: one, and all."""
    _, name = site.add_user()
    headers = bearer(site.sign_in(name, USER_PASSWORD)["access_token"])
    body = {"name": "k" * 60, "scopes": ["read", "scan", "review"]}
    made = [site.ask("POST", "/api/v1/auth/keys", 201, json=body, headers=headers).json() for _ in range(2)]
    site.ask("GET", "/api/v1/tasks", headers=bearer(made[0]["key"]))
    site.ask("GET", "/api/v1/auth/keys", headers=headers)
    site.ask("DELETE", f"/api/v1/auth/keys/{made[0]['key_id']}", 204, headers=headers)
    site.ask("DELETE", "/api/v1/auth/keys", headers=headers)


def use_link(site):
    """Made, listed, used, and revoked."""
    path = f"/api/v1/tasks/{site.task}/links"
    made = site.ask("POST", path, 201, json={"expires_in_s": 604_800}).json()
    site.ask("GET", path)
    site.ask("GET", f"/api/v1/tasks/{site.task}/findings", headers=bearer(made["token"]))
    site.ask("DELETE", f"{path}/{made['link_id']}", 204)


def compare(site):
    """A scan without results with itself: what is in stores is read and compared in threads of its own."""
    ended = site.ask("GET", "/api/v1/tasks?status=completed&page_size=1").json()["items"][0]["id"]
    site.ask("GET", f"/api/v1/tasks/{ended}/diff?against={ended}&page_size=200", 503)


def notify(site):
    """A user's channel and rule, with all that is asked of them and of the feed. Nobody answers at the channel."""
    _, name = site.add_user()
    headers = bearer(site.sign_in(name, USER_PASSWORD)["access_token"])

    def ask(method, path, status=200, body=None):
        return site.ask(method, f"/api/v1/{path}", status, headers=headers, json=body)

    channel = {"name": "c", "kind": "webhook", "language": "en", "url": "https://127.0.0.1:9/x"}
    channel_id = ask("POST", "channels", 201, channel).json()["id"]
    rule = {"name": "r" * 60, "kinds": ["findings", "scan_failed"], "channel_ids": [channel_id]}
    rule_id = ask("POST", "rules", 201, rule).json()["id"]
    for listed in ("channels", "rules", "deliveries?page_size=200", "notifications?limit=200"):
        ask("GET", listed)
    ask("POST", f"channels/{channel_id}/test")
    ask("PATCH", f"channels/{channel_id}", body={"enabled": False})
    ask("PUT", f"rules/{rule_id}", body=rule)
    ask("POST", "notifications/read", body={"up_to": 1})
    ask("POST", "deliveries/nothing/resend", 404)
    ask("DELETE", f"rules/{rule_id}", 204)
    ask("DELETE", f"channels/{channel_id}", 204)


def connect_once(site):
    with site.socket():
        pass


def read_order_reports(site):
    order = site.add_order()
    for kind in OF_ORDERS:
        site.ask("GET", f"/api/v1/orders/{order}/report?format={kind}")


ROUTES = {
    "GET /openapi.json": lambda site: [site.ask("GET", f"/openapi.json{query}") for query in ("", "?lang=zh")],
    "GET /asyncapi.json": lambda site: [site.ask("GET", f"/asyncapi.json{query}") for query in ("", "?lang=zh")],
    "GET /asyncapi": lambda site: site.ask("GET", "/asyncapi"),
    "GET /docs": lambda site: site.ask("GET", "/docs"),
    "GET /": lambda site: site.ask("GET", "/"),
    "GET /app": lambda site: site.ask("GET", "/app", 307),
    "GET /app/": lambda site: site.ask("GET", "/app/", 307),
    "/static": lambda site: (site.ask("GET", "/static/dom.js"), site.ask("GET", "/static/none", 404)),
    "/api/v1/monitor/ws": connect_once,
    "POST /api/v1/monitor/ws/ticket": lambda site: site.ask("POST", "/api/v1/monitor/ws/ticket"),
    "GET /api/v1/monitor/ws/stats": lambda site: site.ask("GET", "/api/v1/monitor/ws/stats"),
    "POST /api/v1/monitor/ws/broadcast": broadcast,
    "GET /api/v1/monitor/tasks/{task_id}/status": lambda site: site.ask(
        "GET", f"/api/v1/monitor/tasks/{site.task}/status"
    ),
    "GET /api/v1/monitor/tasks/{task_id}/logs": lines,
    "GET /api/v1/monitor/tasks/{task_id}/events": follow,
    "POST /api/v1/auth/login": lambda site: site.sign_in("admin", ADMIN_PASSWORD),
    "POST /api/v1/auth/refresh": refresh,
    "POST /api/v1/auth/logout": log_out,
    "POST /api/v1/auth/logout-everywhere": log_out_everywhere,
    "POST /api/v1/auth/cookie/login": use_cookie,
    "POST /api/v1/auth/cookie/refresh": use_cookie,
    "POST /api/v1/auth/cookie/logout": use_cookie,
    "POST /api/v1/auth/password": change_password,
    "GET /api/v1/auth/me": lambda site: site.ask("GET", "/api/v1/auth/me"),
    "POST /api/v1/tasks": lambda site: site.add_task(),
    "POST /api/v1/orders": lambda site: site.add_order(),
    "GET /api/v1/orders": lambda site: site.ask("GET", "/api/v1/orders?page_size=200"),
    "GET /api/v1/orders/{order_id}": lambda site: site.ask("GET", f"/api/v1/orders/{site.add_order()}"),
    "DELETE /api/v1/orders/{order_id}": delete_order,
    "POST /api/v1/orders/{order_id}/cancel": lambda site: site.ask(
        "POST", f"/api/v1/orders/{site.add_order()}/cancel", 202
    ),
    "GET /api/v1/orders/{order_id}/report": read_order_reports,
    "GET /api/v1/overview": lambda site: site.ask("GET", "/api/v1/overview"),
    "GET /api/v1/search": lambda site: [site.ask("GET", f"/api/v1/search?q={text}") for text in ("farm", "example")],
    "GET /api/v1/tasks": list_tasks,
    "GET /api/v1/tasks/{task_id}": lambda site: site.ask("GET", f"/api/v1/tasks/{site.task}"),
    "DELETE /api/v1/tasks/{task_id}": lambda site: end_task(site, "delete"),
    "POST /api/v1/tasks/{task_id}/cancel": end_task,
    "POST /api/v1/tasks/{task_id}/retry": lambda site: end_task(site, "retry"),
    "PUT /api/v1/tasks/{task_id}/hold": lambda site: site.ask(
        "PUT", f"/api/v1/tasks/{site.add_task()}/hold", json={"reason": "x" * 500}
    ),
    "DELETE /api/v1/tasks/{task_id}/hold": lambda site: site.ask("DELETE", f"/api/v1/tasks/{site.task}/hold", 204),
    "PUT /api/v1/tasks/{task_id}/priority": lambda site: site.ask(
        "PUT", f"/api/v1/tasks/{site.add_task()}/priority", json={"priority": 3}
    ),
    "GET /api/v1/tasks/{task_id}/attempts": task_route("attempts", "?page_size=200"),
    "GET /api/v1/tasks/{task_id}/subdomains": task_route("subdomains", "?page_size=200&page=20", "?q=h09"),
    "GET /api/v1/tasks/{task_id}/pages": task_route("pages", "?page_size=200&page=20", "?q=Page%20123"),
    "GET /api/v1/tasks/{task_id}/third-parties": task_route("third-parties", "?page_size=200", "?outcome=examined"),
    "GET /api/v1/tasks/{task_id}/violations": task_route("violations", "?page_size=200", "?risk_level=high&q=farm-03"),
    "GET /api/v1/tasks/{task_id}/findings": task_route("findings", "?page_size=200", "?risk_level=high&q=farm-03"),
    "GET /api/v1/tasks/{task_id}/findings/{finding_id}": task_route(f"findings/gambling.{FIRST_PARTY}"),
    "PUT /api/v1/tasks/{task_id}/findings/{finding_id}/decision": decide,
    "PUT /api/v1/tasks/{task_id}/findings/{finding_id}/assignment": assign,
    "GET /api/v1/tasks/{task_id}/findings/{finding_id}/comments": comment,
    "POST /api/v1/tasks/{task_id}/findings/{finding_id}/comments": comment,
    "GET /api/v1/review": lambda site: [
        site.ask("GET", f"/api/v1/review?{query}") for query in ("limit=1", "limit=100", "sort=due&limit=100")
    ],
    "GET /api/v1/tasks/{task_id}/third-parties/{domain}": task_route(f"third-parties/{FIRST_PARTY}", "?lang=en"),
    "GET /api/v1/tasks/{task_id}/pages/{page_id}": task_route("pages/1", "?page_size=200"),
    "GET /api/v1/tasks/{task_id}/references": task_route(
        "references", "?page_size=200&page=20", f"?domain={FIRST_PARTY}&page_size=200", "?format=csv"
    ),
    "GET /api/v1/tasks/{task_id}/diff": compare,
    "GET /api/v1/third-parties": lambda site: [
        site.ask("GET", f"/api/v1/third-parties{query}") for query in ("", "?page_size=200", "?q=farm")
    ],
    "GET /api/v1/third-party-services": lambda site: site.ask("GET", "/api/v1/third-party-services?page_size=200"),
    "GET /api/v1/third-party-services/sites": lambda site: site.ask(
        "GET", "/api/v1/third-party-services/sites?service=Maps"
    ),
    "GET /api/v1/third-parties/{domain}": lambda site: site.ask("GET", "/api/v1/third-parties/nowhere.example", 404),
    "GET /api/v1/tasks/{task_id}/captures/{sha256}": task_route(f"captures/{LARGE_CONTENT}"),
    "GET /api/v1/tasks/{task_id}/report": task_route("report", "?format=csv"),  # all formats: test_report_stream.py
    "GET /api/v1/sites": use_sites,
    "POST /api/v1/sites": use_sites,
    "GET /api/v1/sites/labels": use_sites,
    "POST /api/v1/sites/import": use_sites,
    "POST /api/v1/sites/run": use_sites,
    "POST /api/v1/sites/schedule": use_sites,
    "GET /api/v1/sites/{site_id}": use_sites,
    "PATCH /api/v1/sites/{site_id}": use_sites,
    "DELETE /api/v1/sites/{site_id}": use_sites,
    "POST /api/v1/sites/{site_id}/run": use_sites,
    "GET /api/v1/sites/{site_id}/scans": use_sites,
    "GET /api/v1/channels": notify,
    "POST /api/v1/channels": notify,
    "PATCH /api/v1/channels/{channel_id}": notify,
    "DELETE /api/v1/channels/{channel_id}": notify,
    "POST /api/v1/channels/{channel_id}/test": notify,
    "GET /api/v1/rules": notify,
    "POST /api/v1/rules": notify,
    "PUT /api/v1/rules/{rule_id}": notify,
    "DELETE /api/v1/rules/{rule_id}": notify,
    "GET /api/v1/deliveries": notify,
    "POST /api/v1/deliveries/{delivery_id}/resend": notify,
    "GET /api/v1/notifications": notify,
    "POST /api/v1/notifications/read": notify,
    "GET /api/v1/auth/keys": use_key,
    "POST /api/v1/auth/keys": use_key,
    "DELETE /api/v1/auth/keys": use_key,
    "DELETE /api/v1/auth/keys/{key_id}": use_key,
    "GET /api/v1/tasks/{task_id}/links": use_link,
    "POST /api/v1/tasks/{task_id}/links": use_link,
    "DELETE /api/v1/tasks/{task_id}/links/{link_id}": use_link,
    "GET /api/v1/auth/sessions": lambda site: site.ask("GET", "/api/v1/auth/sessions"),
    "DELETE /api/v1/auth/sessions": end_others,
    "DELETE /api/v1/auth/sessions/{session_id}": end_one,
    "GET /api/v1/admin/audit": lambda site: [
        site.ask("GET", f"/api/v1/admin/audit?{query}")
        for query in ("limit=200", "actor=admin&limit=200", "format=csv", "format=ndjson")
    ],
    "GET /api/v1/admin/connections": lambda site: site.ask("GET", "/api/v1/admin/connections"),
    "DELETE /api/v1/admin/connections/{connection_id}": close_connection,
    "GET /api/v1/tasks/defaults": lambda site: site.ask("GET", "/api/v1/tasks/defaults"),
    "GET /api/v1/admin/configuration": lambda site: site.ask("GET", "/api/v1/admin/configuration"),
    "PUT /api/v1/admin/configuration": configure_much,
    "GET /api/v1/admin/configuration/versions": read_versions,
    "POST /api/v1/admin/configuration/versions/{number}/restore": restore_version,
    "POST /api/v1/admin/configuration/reading-model/test": lambda site: site.ask(
        "POST", "/api/v1/admin/configuration/reading-model/test", 409
    ),
    "GET /api/v1/admin/local-reader": lambda site: site.ask("GET", "/api/v1/admin/local-reader"),
    "PUT /api/v1/admin/local-reader": lambda site: site.ask(
        "PUT", "/api/v1/admin/local-reader", 404, json={"version": 7}
    ),
    "GET /api/v1/admin/local-reader/versions/{number}": lambda site: site.ask(
        "GET", "/api/v1/admin/local-reader/versions/7", 404
    ),
    "GET /api/v1/admin/lists": lambda site: site.ask("GET", "/api/v1/admin/lists"),
    "POST /api/v1/admin/lists/{name}/take-shrunk": lambda site: site.ask(
        "POST", "/api/v1/admin/lists/gone/take-shrunk", 404, json={"entries": 7}
    ),
    "GET /api/v1/admin/metrics": lambda site: site.ask("GET", "/api/v1/admin/metrics"),
    "GET /api/v1/admin/workers": lambda site: site.ask("GET", "/api/v1/admin/workers"),
    "GET /api/v1/admin/users": list_users,
    "POST /api/v1/admin/users": lambda site: site.add_user(),
    "GET /api/v1/admin/users/{user_id}": with_user("GET"),
    "PATCH /api/v1/admin/users/{user_id}": with_user("PATCH", json={"is_active": False}),
    "DELETE /api/v1/admin/users/{user_id}": with_user("DELETE", 204),
    "GET /api/v1/monitor/ws": lambda site: site.ask("GET", "/api/v1/monitor/ws", 426),
    "GET /livez": lambda site: site.ask("GET", "/livez"),
    "GET /readyz": lambda site: site.ask("GET", "/readyz"),
    "GET /metrics": lambda site: site.ask("GET", "/metrics"),
}

# Answers that say no, and may not cost more for it.
REFUSALS = {
    "no such route": lambda site: site.ask("GET", "/nothing/here", 404),
    "another method": lambda site: site.ask("PUT", "/api/v1/tasks", 405),
    "fields without number": lambda site: site.ask(
        "POST", "/api/v1/tasks", 422, json={"target_domain": "example.com", **{f"f{n}": n for n in range(5_000)}}
    ),
    "deep nesting": lambda site: site.ask(
        "POST", "/api/v1/tasks", 400, content=b"[" * 100_000, headers={"Content-Type": "application/json"}
    ),
}


def routes_of(routes: list[BaseRoute], prefix: str = ""):
    """The names of ROUTES, as the application has them."""
    for route in routes:
        if hasattr(route, "effective_route_contexts"):
            for found in route.effective_route_contexts():
                yield from routes_of([found if found.path else found.starlette_route])
            continue
        methods = getattr(route, "methods", None) or {""}
        for method in sorted(set(methods) - {"HEAD"}):
            yield f"{method} {route.path}".strip()


def test_every_route_is_asked(tmp_path):
    found = set(routes_of(create_app(make_settings(tmp_path / "data")).routes))
    assert set(ROUTES) == found - {f"/{ASSETS}", f"GET /{ICON}"}  # files, once they are built


@pytest.mark.parametrize("name", [*ROUTES, *REFUSALS])
def test_no_request_holds_the_loop(site, name):
    ask = {**ROUTES, **REFUSALS}[name]
    assert site.held.held_by(lambda: ask(site)) < HELD_S


# The watchdog itself


def test_a_handler_that_computes_on_the_loop_is_seen_each_time(site, monkeypatch):
    machine = slowness()  # one figure for both: on a busy machine it changes from one look to the next
    monkeypatch.setattr(watchdog, "slowness", lambda: machine)

    async def compute():
        until = time.thread_time() + 2 * HELD_S * machine
        while time.thread_time() < until:
            pass

    assert site.held.held_by(lambda: site.held.run(compute())) >= HELD_S


def test_what_threads_and_the_network_take_is_not_the_loops(site):
    async def wait():
        await asyncio.to_thread(time.sleep, 2 * HELD_S)

    assert site.held.held_by(lambda: site.held.run(wait())) < HELD_S


# Commands


def send(socket: ClientConnection, kind: str, **fields: Any) -> None:
    socket.send(json.dumps({"type": kind, **fields}))


def ping(_site, socket):
    send(socket, "ping", client_time=1)
    receive(socket, "pong")


def subscribe(site, socket, **fields):
    send(socket, "subscribe_task", task_id=site.task, log_tail=LOG_TAIL, **fields)
    receive(socket, "task_snapshot")


def unsubscribe(site, socket):
    subscribe(site, socket)
    send(socket, "unsubscribe_task", task_id=site.task)
    receive(socket, "subscription_result")


def subscribe_many(site, socket):
    items = [{"task_id": task_id} for task_id in site.grown.task_ids[-150:-50]]
    send(socket, "subscribe_tasks", items=items, log_tail=LOG_TAIL)
    receive(socket, "task_snapshot", len(items))


def resume(site, socket):
    """From a place that can be served, and from one that cannot."""
    subscribe(site, socket)
    send(socket, "resume", task_id=site.task, last_seq=SIZE.long_events - 900)
    replayed = receive(socket, "subscription_result")["replayed"]
    while replayed:
        replayed -= "prev_seq" in json.loads(socket.recv(timeout=30))
    send(socket, "resume", task_id=site.task, last_seq=1)
    receive(socket, "task_snapshot")


def follow_feed(_site, socket):
    """From its beginning: it has several pages of notifications, as large as they are."""
    send(socket, "subscribe", topic="notifications", last_seq=0)
    receive(socket, "notification", NOTIFICATIONS)
    receive(socket, "notification_state")


def leave_feed(site, socket):
    follow_feed(site, socket)
    send(socket, "unsubscribe", topic="notifications")
    receive(socket, "topic_result")


def renew(site, socket):
    send(socket, "auth", token=site.sign_in("admin", ADMIN_PASSWORD)["access_token"])
    receive(socket, "auth_result")


def status(site, socket):
    subscribe_many(site, socket)
    send(socket, "get_status")
    receive(socket, "status")


TALK = {
    "ping": ping,
    "pong": lambda site, socket: (send(socket, "pong"), ping(site, socket)),
    "subscribe_task": subscribe,
    "unsubscribe_task": unsubscribe,
    "subscribe_tasks": subscribe_many,
    "resume": resume,
    "subscribe": follow_feed,
    "unsubscribe": leave_feed,
    "auth": renew,
    "get_status": status,
}


def test_every_command_is_given():
    assert sorted(TALK) == sorted(COMMANDS)


@pytest.mark.parametrize("name", TALK)
def test_no_command_holds_the_loop(site, name):
    def talk():
        with site.socket() as socket:
            TALK[name](site, socket)

    assert site.held.held_by(talk) < HELD_S
