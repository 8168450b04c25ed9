"""Guessing passwords is slow, by address and by account, and locks nobody out of where they have been before."""

import asyncio

import httpx
import pytest

from app.api.errors import MEDIA_TYPE
from app.compose.services import build_services
from app.identity.queries import audit
from tests.support.backend import (
    ADMIN_PASSWORD,
    USER_PASSWORD,
    Backend,
    FakeMonitor,
    FakeRealtime,
    FakeRunner,
    HandClock,
    cheap_passwords,
    connect,
    create_app,
    make_settings,
    problem,
)

HOME, STRANGER, OFFICE = "192.0.2.10", "198.51.100.66", "2001:db8:1:2::5"


class StillClock(HandClock):
    """Others that sleep do not move it."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Door:
    """The application, asked from any address at any time."""

    def __init__(self, backend: Backend, clock: StillClock) -> None:
        self.backend = backend
        self.clock = clock

    async def sign_in(self, password: str, *, username: str = "mei", address: str = HOME) -> httpx.Response:
        body = {"username": username, "password": password}
        self.backend.client._transport.client = (address, 50_000)
        return await self.backend.client.post("/api/v1/auth/login", json=body)

    async def guess(self, count: int, **options: str) -> list[int]:
        """Statuses of so many wrong tries."""
        return [(await self.sign_in("wrong", **options)).status_code for _ in range(count)]

    async def rows(self) -> list[tuple[str, object, object]]:
        """Outcome, code and number (None: a row of its own) of what was tried, the newest first."""
        services = self.backend.services
        await services.audit.flush()
        found = await services.db.read(lambda c: audit.newest(c, 1_000, action="auth.login"))
        return [(row.outcome, row.detail.get("code"), row.detail.get("count")) for row in found]


@pytest.fixture
async def door(tmp_path, request):
    clock = StillClock()
    values = getattr(request, "param", {})
    settings = make_settings(tmp_path / "data", **{"login_burst_per_address": 1_000, **values})
    services = build_services(
        settings,
        clock=clock,
        passwords=cheap_passwords(),
        runner=FakeRunner(),
        monitor=FakeMonitor(),
        manager=FakeRealtime(),
    )
    await services.start()
    try:
        async with connect(create_app(settings, services), services) as client:
            backend = Backend(services, client, services.runner, services.manager)
            await services.users.create(
                username="mei", email="mei@example.com", password=USER_PASSWORD, role="user", by="test"
            )
            yield Door(backend, clock)
    finally:
        await services.stop()


async def test_after_five_failures_an_account_waits_and_each_failure_doubles_it(door):
    assert await door.guess(5) == [401] * 5
    for delay in (1, 2, 4, 8):
        answer = await door.sign_in("wrong")
        assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
        assert answer.headers["retry-after"] == str(delay)
        assert answer.headers["content-type"] == MEDIA_TYPE
        door.clock.seconds += delay
        assert (await door.sign_in("wrong")).status_code == 401


async def test_the_right_password_is_refused_while_the_delay_runs_and_ends_it_afterwards(door):
    await door.guess(5)
    assert (await door.sign_in(USER_PASSWORD)).status_code == 429
    door.clock.seconds += 1
    assert (await door.sign_in(USER_PASSWORD)).status_code == 200
    assert await door.guess(5) == [401] * 5


async def test_what_is_refused_prolongs_nothing_and_no_delay_is_longer_than_a_quarter_of_an_hour(door):
    for _ in range(30):
        await door.guess(1)
        door.clock.seconds += 900
    await door.guess(20)
    await door.guess(100)
    assert int((await door.sign_in("wrong")).headers["retry-after"]) <= 900
    door.clock.seconds += 900
    assert (await door.sign_in(USER_PASSWORD)).status_code == 200


async def test_failures_are_taken_back_one_by_one(door):
    await door.guess(5)
    door.clock.seconds += 1 + 3 * 900
    assert await door.guess(4) == [401, 401, 401, 429]


async def test_a_name_that_does_not_exist_behaves_the_same(door):
    def visible(answer: httpx.Response) -> tuple[object, ...]:
        return answer.status_code, problem(answer), answer.headers.get("retry-after"), sorted(answer.headers)

    for _ in range(12):
        known, unknown = await door.sign_in("wrong"), await door.sign_in("wrong", username="nobody")
        assert visible(known) == visible(unknown)
        door.clock.seconds += 0.5


async def test_names_are_counted_in_any_case(door):
    await door.guess(5, username="MEI")
    assert (await door.sign_in("wrong", username="mei")).status_code == 429


async def test_a_stranger_who_keeps_guessing_does_not_lock_the_user_out(door):
    assert (await door.sign_in(USER_PASSWORD, address=HOME)).status_code == 200
    assert (await door.sign_in(USER_PASSWORD, address=OFFICE)).status_code == 200
    for _ in range(50):  # as often as the delay lets them
        await door.guess(3, address=STRANGER)
        door.clock.seconds += 900
    await door.guess(20, address=STRANGER)
    assert (await door.sign_in(USER_PASSWORD, address=STRANGER)).status_code == 429
    for address in (HOME, OFFICE, "2001:db8:1:2:aaaa:bbbb:cccc:dddd"):  # the same /64
        assert (await door.sign_in(USER_PASSWORD, address=address)).status_code == 200
    # And they do not need to sign in at all as long as their session stands.
    assert (await door.sign_in(USER_PASSWORD, address="2001:db8:1:3::5")).status_code == 429


@pytest.mark.parametrize("door", [{"login_burst_per_address": 30}], indirect=True)
async def test_guesses_from_many_networks_of_one_owner_are_slowed_down_but_not_who_is_known_there(door):
    home = "2001:db8:1:200::5"
    assert (await door.sign_in(USER_PASSWORD, address=home)).status_code == 200
    door.clock.seconds += 60
    for network in ("2001:db8:1:2{:02x}::1", "198.51.100.{}"):
        statuses = [
            (await door.sign_in("x", username=f"user{n}", address=network.format(n % 250 + 1))).status_code
            for n in range(300)
        ]
        assert statuses == [401] * 240 + [429] * 60
    assert (await door.sign_in(USER_PASSWORD, address=home)).status_code == 200
    assert (await door.sign_in(USER_PASSWORD, address="2001:db8:1:2ff::5")).status_code == 429
    assert (await door.sign_in("x", username="user", address="203.0.113.9")).status_code == 401


@pytest.mark.parametrize("door", [{"login_burst_per_address": 30}], indirect=True)
async def test_guesses_from_a_rented_48_are_slowed_down(door):
    tries = [door.sign_in("x", username=f"u{n}", address=f"2001:db8:9:{n:x}00::1") for n in range(250)]
    assert [(await one).status_code for one in tries] == [401] * 240 + [429] * 10


async def test_ten_thousand_other_names_do_not_make_an_account_forget_its_failures(door):
    await door.guess(5)
    throttle = door.backend.services.auth.throttle
    for number in range(10_001):
        await throttle.begin(f"somebody-{number}")
    assert await door.guess(1) == [429]


async def test_a_known_address_is_slowed_down_too_but_alone(door):
    await door.sign_in(USER_PASSWORD, address=HOME)
    assert await door.guess(6, address=HOME) == [401] * 5 + [429]
    assert (await door.sign_in(USER_PASSWORD, address=STRANGER)).status_code == 200


async def test_nobody_reaches_the_counter_of_a_known_address_by_typing(door):
    await door.sign_in(USER_PASSWORD, address=HOME)
    for name in (f"mei\x00{HOME}", f"mei {HOME}"):
        await door.guess(10, username=name, address=STRANGER)
    assert await door.guess(1, address=HOME) == [401]
    assert (await door.sign_in(USER_PASSWORD, address=HOME)).status_code == 200


@pytest.mark.parametrize("door", [{"login_burst_per_address": 8, "logins_per_minute_per_address": 6}], indirect=True)
async def test_an_address_that_tries_many_names_is_slowed_down(door):
    statuses = [(await door.sign_in("x", username=f"user{n}", address=STRANGER)).status_code for n in range(10)]
    assert statuses == [401] * 8 + [429] * 2
    answer = await door.sign_in("x", username="one more", address=STRANGER)
    assert (answer.json()["code"], answer.headers["retry-after"]) == ("rate_limited", "10")
    assert (await door.sign_in(USER_PASSWORD, address=HOME)).status_code == 200
    door.clock.seconds += 10
    assert await door.guess(2, username="mei", address=STRANGER) == [401, 429]


async def test_many_tries_at_once_gain_nothing(door):
    answers = await asyncio.gather(*(door.sign_in(f"guess {number}") for number in range(30)))
    assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 25


async def test_every_refusal_is_in_the_audit_log_with_its_code(door):
    await door.guess(6)
    door.clock.seconds += 1
    user_id = (await door.backend.services.users.list_page(page=2, page_size=1))[0][0].id
    await door.backend.services.users.update(user_id, {"is_active": False}, by="test")
    assert (await door.sign_in(USER_PASSWORD)).json()["code"] == "user_disabled"
    assert await door.rows() == [
        ("denied", "invalid_credentials", 4),  # beside the first
        ("denied", "user_disabled", None),
        ("denied", "rate_limited", None),
        ("denied", "invalid_credentials", None),
    ]


async def test_a_try_that_nobody_looked_at_is_not_counted(door):
    passwords = door.backend.services.passwords
    passwords._slots._held[False] = passwords.MAX_WAITING
    assert await door.guess(20) == [429] * 20
    assert not door.backend.services.auth.throttle._counters._typed._tries  # not even a name is remembered
    passwords._slots._held[False] = 0
    assert await door.guess(5) == [401] * 5


async def test_a_stolen_token_does_not_help_to_guess_the_password(door):
    token = (await door.sign_in(USER_PASSWORD)).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    codes = []
    for _ in range(7):
        body = {"current_password": "wrong", "new_password": "a new password"}
        answer = await door.backend.client.post("/api/v1/auth/password", json=body, headers=headers)
        codes.append((answer.status_code, answer.json()["code"]))
    assert codes == [(403, "wrong_password")] * 5 + [(429, "rate_limited")] * 2
    assert (await door.sign_in(USER_PASSWORD)).status_code == 200  # signing in has its own counter


async def test_the_first_administrator_signs_in_as_ever(door):
    assert (await door.sign_in(ADMIN_PASSWORD, username="admin")).status_code == 200
