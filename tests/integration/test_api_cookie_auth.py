"""A page signs in, goes on after a restart of its browser and signs out; its refresh token is the cookie's alone."""

import asyncio
from hashlib import sha256
from http.cookies import SimpleCookie

import pytest
from sqlalchemy import update

from app.factory import create_app
from app.identity.demo_visitor import DemoVisitor
from app.identity.queries import audit
from app.identity.tables import sessions
from tests.support.backend import ADMIN_PASSWORD, OWN_PAGE, PAGE_KEY, USER_PASSWORD, connect, open_backend

LOGIN, REFRESH, LOGOUT = (f"/api/v1/auth/cookie/{name}" for name in ("login", "refresh", "logout"))
BODY = {"username": "admin", "password": ADMIN_PASSWORD}
TWO_WEEKS_S = 14 * 86_400
NAME = f"compliance-refresh-{sha256(PAGE_KEY.encode()).hexdigest()[:12]}"
OTHER_PAGE = OWN_PAGE | {"X-Compliance-Page": "A" * 43}


async def sign_in(backend, **more):
    answer = await backend.client.post(LOGIN, json=BODY, headers=OWN_PAGE, **more)
    assert answer.status_code == 200, answer.text
    return answer


async def who(backend, answer) -> str:
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    me = await backend.client.get("/api/v1/auth/me", headers=headers)
    return me.json().get("username") or me.json()["code"]


def cookie_of(answer):
    ((name, cookie),) = SimpleCookie(answer.headers["set-cookie"]).items()
    return name, cookie


async def test_the_refresh_token_is_in_a_cookie_for_these_routes_alone_and_in_no_body(backend):
    answer = await sign_in(backend)
    assert answer.json().keys() == {"session_id", "username", "access_token", "token_type", "expires_in"}
    assert (answer.json()["username"], await who(backend, answer)) == ("admin", "admin")
    name, cookie = cookie_of(answer)
    assert (name, cookie["httponly"], cookie["samesite"], cookie["secure"]) == (NAME, True, "strict", "")
    assert 0 < TWO_WEEKS_S - int(cookie["max-age"]) + 1 < 10
    assert cookie.value not in answer.text
    # Without a path it is the folder's, also below the path of a proxy.
    assert (cookie["path"], cookie["domain"]) == ("", "")
    assert [one.path for one in backend.client.cookies.jar] == ["/api/v1/auth/cookie"]


async def test_over_https_it_goes_over_https_alone(backend):
    https = OWN_PAGE | {"Origin": "https://backend.test"}
    answer = await backend.client.post(f"https://backend.test{LOGIN}", json=BODY, headers=https)
    name, cookie = cookie_of(answer)
    # Such a name a browser takes from this host alone, over https alone (RFC 6265bis, section 4.1.3.2).
    assert (name, cookie["secure"], cookie["httponly"]) == (f"__Host-{NAME}", True, True)
    assert (cookie["path"], cookie["domain"]) == ("/", "")
    again = await backend.client.post(f"https://backend.test{REFRESH}", headers=https)
    assert again.status_code == 200
    assert (await backend.client.post(REFRESH, headers=OWN_PAGE)).json()["code"] == "missing_token"


async def test_a_browser_that_was_closed_goes_on_with_the_cookie_alone(backend):
    first = await sign_in(backend)
    second = await backend.client.post(REFRESH, headers=OWN_PAGE)
    assert (second.json()["username"], await who(backend, second)) == ("admin", "admin")
    assert cookie_of(first)[1].value != cookie_of(second)[1].value
    third = await backend.client.post(REFRESH, headers=OWN_PAGE)
    assert await who(backend, third) == "admin"


async def test_two_tabs_that_refresh_at_once_go_on_with_the_same_cookie(backend):
    cookie = cookie_of(await sign_in(backend))[1].value
    backend.client.cookies.clear()
    headers = OWN_PAGE | {"Cookie": f"{NAME}={cookie}"}
    one, other = await asyncio.gather(*(backend.client.post(REFRESH, headers=headers) for _ in range(2)))
    assert [one.status_code, other.status_code] == [200, 200]
    backend.client.cookies.clear()
    claims = [
        backend.services.auth.tokens.read(cookie_of(answer)[1].value, "refresh").token_id for answer in (one, other)
    ]
    assert claims[0] == claims[1]
    assert [await who(backend, answer) for answer in (one, other)] == ["admin", "admin"]


async def test_a_cookie_that_was_replaced_twice_ends_the_session(backend):
    cookie = cookie_of(await sign_in(backend))[1].value
    for _ in range(2):
        last = await backend.client.post(REFRESH, headers=OWN_PAGE)
    backend.client.cookies.clear()
    stolen = await backend.client.post(REFRESH, headers=OWN_PAGE | {"Cookie": f"{NAME}={cookie}"})
    assert (stolen.status_code, stolen.json()["code"]) == (401, "invalid_token")
    assert await who(backend, last) == "invalid_token"


async def test_two_pages_of_one_host_keep_a_session_each(backend):
    """Two deployments on one host: to a browser they are one site."""
    await backend.add_user()
    await sign_in(backend)
    body = {"username": "mei", "password": USER_PASSWORD}
    assert (await backend.client.post(LOGIN, json=body, headers=OTHER_PAGE)).status_code == 200
    for page, name in ((OWN_PAGE, "admin"), (OTHER_PAGE, "mei"), (OWN_PAGE, "admin")):
        assert (await backend.client.post(REFRESH, headers=page)).json()["username"] == name
    await backend.client.post(LOGOUT, headers=OTHER_PAGE)
    assert (await backend.client.post(REFRESH, headers=OTHER_PAGE)).json()["code"] == "missing_token"
    assert (await backend.client.post(REFRESH, headers=OWN_PAGE)).json()["username"] == "admin"


async def test_a_page_from_before_an_upgrade_is_told_to_load_itself_again(backend):
    for path in (LOGIN, REFRESH, LOGOUT):
        refused = await backend.client.post(
            path, json=BODY if path == LOGIN else None, headers=OWN_PAGE | {"X-Compliance-Page": "1"}
        )
        assert (refused.status_code, refused.json()["code"]) == (403, "page_outdated")


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_session_from_before_the_key_goes_on_and_is_bound_by_its_first_refresh(backend, scheme):
    page = OWN_PAGE | {"Origin": f"{scheme}://backend.test"}
    token = cookie_of(await sign_in(backend))[1].value
    backend.client.cookies.clear()
    before = update(sessions).values(channel=None, page_key=None)
    await backend.services.db.write(lambda connection: connection.execute(before))
    old_name = f"{'__Secure-' if scheme == 'https' else ''}compliance-refresh"
    answer = await backend.client.post(
        f"{scheme}://backend.test{REFRESH}", headers=page | {"Cookie": f"{old_name}={token}"}
    )
    assert await who(backend, answer) == "admin"
    new, old = (SimpleCookie(line) for line in answer.headers.get_list("set-cookie"))
    assert [*new, *old] == [f"{'__Host-' if scheme == 'https' else ''}{NAME}", old_name]
    assert old[old_name]["max-age"] == "0"
    token = next(iter(new.values())).value
    body = {"refresh_token": token}
    assert (await backend.client.post("/api/v1/auth/refresh", json=body)).json()["code"] == "invalid_token"


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_who_signs_out_of_a_session_from_before_the_key_loses_its_cookie_too(backend, scheme):
    """Else the browser would go on sending it to all services of the host."""
    backend.client.cookies.clear()
    prefix = ("__Host-", "__Secure-") if scheme == "https" else ("", "")
    old_name = f"{prefix[1]}compliance-refresh"
    headers = OWN_PAGE | {"Origin": f"{scheme}://backend.test", "Cookie": f"{old_name}=any"}
    answer = await backend.client.post(f"{scheme}://backend.test{LOGOUT}", headers=headers)
    gone = [next(iter(SimpleCookie(line).items())) for line in answer.headers.get_list("set-cookie")]
    assert [(name, one.value, one["max-age"]) for name, one in gone] == [
        (f"{prefix[0]}{NAME}", "", "0"),
        (old_name, "", "0"),
    ]


async def test_a_refused_channel_is_an_audit_row_and_no_internal_code(backend):
    token = cookie_of(await sign_in(backend))[1].value
    refused = await backend.client.post("/api/v1/auth/refresh", json={"refresh_token": token})
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_token")
    await backend.services.audit.flush()
    (row,) = await backend.services.db.read(lambda c: audit.newest(c, 10, action="auth.refresh"))
    assert (row.outcome, row.detail) == ("denied", {"code": "wrong_channel"})


@pytest.mark.parametrize("is_signed", [True, False])
async def test_who_shows_tokens_that_are_no_good_is_slowed_down_and_the_page_is_not(tmp_path, is_signed):
    """Each is looked up, and is a row of the audit log."""
    async with open_backend(tmp_path / "data", login_burst_per_address=2) as backend:
        token = cookie_of(await sign_in(backend))[1].value
        body = {"refresh_token": token if is_signed else f"{token}x"}
        answers = [await backend.client.post("/api/v1/auth/refresh", json=body) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [401, 401, 429]
        assert await who(backend, await backend.client.post(REFRESH, headers=OWN_PAGE)) == "admin"


async def test_signing_out_needs_the_cookie_alone_and_takes_it_away(backend):
    answer = await sign_in(backend)
    out = await backend.client.post(LOGOUT, headers=OWN_PAGE)
    assert (out.status_code, cookie_of(out)[1]["max-age"]) == (204, "0")
    assert await who(backend, answer) == "invalid_token"
    assert (await backend.client.post(REFRESH, headers=OWN_PAGE)).json()["code"] == "missing_token"
    assert (await backend.client.post(LOGOUT, headers=OWN_PAGE)).status_code == 204


async def test_a_session_that_has_ended_is_not_ended_again_in_the_audit_log(backend):
    cookie = cookie_of(await sign_in(backend))[1].value
    backend.client.cookies.clear()
    for _ in range(3):
        out = await backend.client.post(LOGOUT, headers=OWN_PAGE | {"Cookie": f"{NAME}={cookie}"})
        assert out.status_code == 204
    await backend.services.audit.flush()
    assert len(await backend.services.db.read(lambda c: audit.newest(c, 10, action="auth.logout"))) == 1


async def test_signing_out_everywhere_ends_the_sessions_of_pages_and_programs(backend):
    page, program = await sign_in(backend), await backend.login()
    assert (await backend.client.post("/api/v1/auth/logout-everywhere", headers=program)).status_code == 204
    assert await who(backend, page) == "invalid_token"
    assert (await backend.client.post(REFRESH, headers=OWN_PAGE)).json()["code"] == "invalid_token"


async def test_another_user_is_not_signed_out_by_it(backend):
    theirs = await backend.add_user()
    assert (await backend.client.post("/api/v1/auth/logout-everywhere", headers=theirs)).status_code == 204
    answer = await sign_in(backend)
    assert await who(backend, answer) == "admin"
    body = {"username": "mei", "password": USER_PASSWORD}
    assert (await backend.client.post(LOGIN, json=body, headers=OWN_PAGE)).json()["username"] == "mei"


@pytest.mark.parametrize("path", [LOGIN, REFRESH, LOGOUT])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Compliance-Page": "1"},
        {"Origin": "http://backend.test"},
        OWN_PAGE | {"Origin": "https://evil.test"},
        OWN_PAGE | {"Origin": "null"},
        OWN_PAGE | {"Origin": "http://console.backend.test"},
        OWN_PAGE | {"Sec-Fetch-Site": "same-site"},
        OWN_PAGE | {"Sec-Fetch-Site": "cross-site"},
    ],
    ids=["nothing", "no origin", "no header", "foreign", "null", "sibling", "from a sibling", "from elsewhere"],
)
async def test_what_another_page_makes_a_browser_send_changes_nothing(backend, path, headers):
    answer = await sign_in(backend)
    refused = await backend.client.post(path, json=BODY if path == LOGIN else None, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "origin_not_allowed")
    assert "set-cookie" not in refused.headers
    assert await who(backend, answer) == "admin"
    assert (await backend.client.post(REFRESH, headers=OWN_PAGE)).status_code == 200


async def test_no_page_that_the_settings_allow_may_send_what_these_routes_ask_for(tmp_path):
    origin = "https://console.test"
    async with open_backend(tmp_path / "data", allowed_origins=(origin,)) as backend:
        asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-compliance-page"}
        preflight = await backend.client.options(REFRESH, headers={"Origin": origin, **asked})
        assert preflight.status_code == 400
        answer = await backend.client.post(REFRESH, headers=OWN_PAGE | {"Origin": origin})
        assert answer.status_code == 403
        assert "access-control-allow-credentials" not in answer.headers


async def test_pages_that_are_opened_without_a_cookie_are_no_tries_to_guess_one(backend):
    for _ in range(40):
        assert (await backend.client.post(REFRESH, headers=OWN_PAGE)).json()["code"] == "missing_token"
    assert (await backend.client.post(LOGIN, json=BODY, headers=OWN_PAGE)).status_code == 200


@pytest.fixture
async def here(backend):
    """A client on the server's own machine, which asks for it by its address."""
    application = create_app(backend.services.settings, backend.services)
    async with connect(application, backend.services, address="127.0.0.1") as client:
        client.base_url = "http://127.0.0.1"
        client.headers.update(OWN_PAGE | {"Origin": "http://127.0.0.1"})
        yield client


async def test_a_demo_lets_browsers_of_its_machine_in_and_nobody_else(backend, here):
    assert (await here.post(REFRESH)).json()["code"] == "missing_token"  # no demo
    backend.services.visitor = DemoVisitor(username="admin", password=ADMIN_PASSWORD)
    rebound = {"Origin": "http://rebound.test"}
    assert (await here.post(f"http://rebound.test{REFRESH}", headers=rebound)).json()["code"] == "missing_token"
    another_machine = await backend.client.post(f"http://127.0.0.1{REFRESH}", headers=dict(here.headers))
    assert another_machine.json()["code"] == "missing_token"
    for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"):  # a proxy that names itself as this machine
        assert (await here.post(REFRESH, headers={name: "192.0.2.7"})).json()["code"] == "missing_token"
    assert (await here.post(REFRESH, headers={"X-Compliance-Page": ""})).json()["code"] == "origin_not_allowed"
    stale = await here.post(REFRESH, headers={"Cookie": f"{NAME}=of-another-server"})
    assert stale.status_code == 200, stale.text
    here.cookies.clear()
    fresh = await here.post(REFRESH)
    assert (fresh.json()["username"], await who(backend, fresh)) == ("admin", "admin")
    assert cookie_of(fresh)[1]["httponly"] is True


async def test_a_demo_whose_password_was_changed_asks_for_it_and_keeps_nobody_from_typing_it(backend, here):
    backend.services.visitor = DemoVisitor(username="admin", password="what it was before")
    for _ in range(40):  # the page, loaded again and again
        assert (await here.post(REFRESH)).json()["code"] == "missing_token"
    answer = await here.post(LOGIN, json=BODY)
    assert answer.status_code == 200, answer.text
