"""Another service on the browser's host: cookies know no ports, so it receives the page's cookie and can replace it."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from tests.support.backend import ADMIN_PASSWORD, USER_PASSWORD
from tests.support.service import PATIENCE_S, Service

COOKIE_ROUTES = "/api/v1/auth/cookie"
VICTIMS_KEY, NEIGHBOURS_KEY = "v" * 43, "n" * 43
COOKIE = f"compliance-refresh-{sha256(VICTIMS_KEY.encode()).hexdigest()[:12]}"


class Neighbour(BaseHTTPRequestHandler):
    """Keeps what browsers send it, and sets a cookie when it has one to set."""

    received: str = ""
    planted: str = ""

    def do_GET(self) -> None:
        type(self).received = self.headers.get("Cookie", "")
        self.send_response(200)
        if self.planted:
            self.send_header("Set-Cookie", self.planted)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name of the base class
        """Say nothing."""


@contextmanager
def neighbour() -> Iterator[tuple[type[Neighbour], str]]:
    kind = type("One", (Neighbour,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield kind, f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class Browser:
    """One jar of cookies for all ports of a host, as browsers have it; a key for each origin."""

    def __init__(self, service: Service) -> None:
        self.origin = f"http://127.0.0.1:{service.port}"
        self.http = httpx.Client(timeout=PATIENCE_S, trust_env=False)

    def ask(self, route: str, *, key: str = VICTIMS_KEY, **more: object) -> httpx.Response:
        headers = {"Origin": self.origin, "X-Compliance-Page": key, "Sec-Fetch-Site": "same-origin"}
        return self.http.post(f"{self.origin}{COOKIE_ROUTES}/{route}", headers=headers, **more)

    def sign_in(self) -> None:
        answer = self.ask("login", json={"username": "admin", "password": ADMIN_PASSWORD})
        assert answer.status_code == 200, answer.text

    def who(self) -> str:
        """Whom the page goes on as after a reload, or why it does not."""
        answer = self.ask("refresh").json()
        return str(answer.get("username") or answer["code"])


@pytest.fixture
def browser(service: Service) -> Iterator[Browser]:
    browser = Browser(service)
    with closing(browser.http):
        browser.sign_in()
        yield browser


def test_what_another_port_receives_is_good_for_nothing(service, browser):
    with neighbour() as (kind, url):
        browser.http.get(f"{url}{COOKIE_ROUTES}/pixel.png")
    name, _, token = kind.received.partition("=")
    assert (name, token.count(".")) == (COOKIE, 2)  # it has it
    thief = Browser(service)
    with closing(thief.http):
        for _ in range(12):  # more than a session may refresh at once: the page must not have to wait for the thief
            in_a_body = thief.http.post(f"{thief.origin}/api/v1/auth/refresh", json={"refresh_token": token})
            assert (in_a_body.status_code, in_a_body.json()["code"]) == (401, "invalid_token")
        for key in (NEIGHBOURS_KEY, "1"):
            for cookie in (COOKIE, f"compliance-refresh-{sha256(key.encode()).hexdigest()[:12]}", "compliance-refresh"):
                thief.http.cookies.set(cookie, token, domain="127.0.0.1")
            assert thief.ask("refresh", key=key).status_code in {401, 403}
            assert thief.ask("logout", key=key).status_code in {204, 403}
            thief.http.cookies.clear()
        bearer = {"Authorization": f"Bearer {token}"}
        assert thief.http.get(f"{thief.origin}/api/v1/auth/me", headers=bearer).status_code == 401
    assert browser.who() == "admin"


def test_a_cookie_of_another_port_makes_nobody_of_the_page(service, browser):
    service.add_user("mallory")
    body = {"username": "mallory", "password": USER_PASSWORD}
    own = Browser(service)
    with closing(own.http):
        assert own.ask("login", key=NEIGHBOURS_KEY, json=body).status_code == 200
        (cookie,) = own.http.cookies.jar
    program = service.http.post("/api/v1/auth/login", json=body).json()["refresh_token"]
    for token in (cookie.value, program):
        with neighbour() as (kind, url):
            kind.planted = f"{COOKIE}={token}; Path={COOKIE_ROUTES}"
            browser.http.get(f"{url}/")
        assert browser.who() == "invalid_token"


def test_of_two_cookies_of_one_name_none_is_used(service, browser):
    with neighbour() as (kind, url):
        kind.planted = f"{COOKIE}=anything; Path={COOKIE_ROUTES}/refresh"
        browser.http.get(f"{url}/")
    assert browser.who() == "invalid_token"
    for cookie in list(browser.http.cookies.jar):
        if cookie.path.endswith("/refresh"):
            browser.http.cookies.jar.clear(cookie.domain, cookie.path, cookie.name)
    assert browser.who() == "admin"


def test_a_used_token_of_a_program_is_no_better_as_a_cookie(service):
    body = {"username": "admin", "password": ADMIN_PASSWORD}
    used = service.http.post("/api/v1/auth/login", json=body).json()["refresh_token"]
    thief = Browser(service)
    with closing(thief.http):
        thief.http.cookies.set(COOKIE, used, domain="127.0.0.1")
        assert thief.who() == "invalid_token"  # not used yet, and the session goes on
        pair = service.http.post("/api/v1/auth/refresh", json={"refresh_token": used}).json()
        assert thief.who() == "invalid_token"
    me = service.http.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {pair['access_token']}"})
    assert me.status_code == 401  # somebody has copied it: its session has ended
