"""What the borders do not show: hints, reasons, clocks and races. The rest is in tests/integration/test_api_auth.py."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from pydantic import SecretStr
from sqlalchemy import update

from app.core.db import Database
from app.core.errors import ConfigurationError, LimitReached, Unauthenticated
from app.core.security import Claims, Passwords, Tokens
from app.events.bus.base import AccessHint
from app.identity.audit import AuditTrail
from app.identity.build import build_auth
from app.identity.queries import audit, sessions, users
from app.identity.tables import sessions as sessions_table
from tests.support.backend import ADMIN_PASSWORD, HandClock, cheap_passwords, make_settings
from tests.support.databases import create_tables

SECRET = "0123456789abcdef0123456789abcdef-long"
PAGE = "0" * 64  # the digest of a page's key


class RememberingBus:
    def __init__(self) -> None:
        self.hints: list[object] = []
        self.healthy = True

    def publish(self, hint: object) -> None:
        self.hints.append(hint)

    def subscribe(self, listener):
        return lambda: None


class Desk:
    """An `AuthService` and all that it stands on."""

    def __init__(
        self, folder, passwords: Passwords | None = None, database_url: str | None = None, **values: object
    ) -> None:
        self.settings = make_settings(folder, **{"secret_key": SecretStr(SECRET), **values})
        self.db = Database(database_url or f"sqlite:///{folder / 'a.db'}")
        create_tables(self.db)
        self.bus = RememberingBus()
        self.clock = HandClock()
        self.passwords = passwords or cheap_passwords()
        self.audit = AuditTrail(db=self.db, clock=self.clock)
        self.auth = build_auth(
            self.settings, db=self.db, bus=self.bus, clock=self.clock, passwords=self.passwords, audit=self.audit
        )

    async def principal(self):
        pair = await self.auth.login("admin", ADMIN_PASSWORD)
        return await self.auth.authenticate(pair.access_token)

    async def close(self) -> None:
        self.passwords.close()
        await self.db.close()


@pytest.fixture
async def desk(tmp_path, database_url):
    desk = Desk(tmp_path, database_url=database_url)
    await desk.auth.ensure_admin()
    desk.bus.hints.clear()
    yield desk
    await desk.close()


async def refused(work) -> str:
    with pytest.raises(Unauthenticated) as caught:
        await work
    return caught.value.code


async def test_the_first_start_makes_an_admin_once(tmp_path):
    desk = Desk(tmp_path, admin_password=None)
    generated = await desk.auth.ensure_admin()
    assert len(generated) >= 20
    assert await desk.auth.ensure_admin() is None
    assert (await desk.auth.login("admin", generated)).expires_in == 3_600
    await desk.close()


async def test_of_servers_that_start_for_the_first_time_together_one_makes_the_admin(tmp_path, database_url):
    """Which has shown its password, and the others none."""
    desks = [Desk(tmp_path, database_url=database_url, admin_password=None) for _ in range(3)]
    shown = await asyncio.gather(*(desk.auth.ensure_admin() for desk in desks))
    (password,) = [word for word in shown if word is not None]
    assert (await desks[0].auth.login("admin", password)).expires_in == 3_600
    assert sum(len(desk.bus.hints) for desk in desks) == 1
    for desk in desks:
        await desk.close()


async def test_a_given_password_is_not_shown_again(tmp_path):
    desk = Desk(tmp_path)
    assert await desk.auth.ensure_admin() is None
    assert await desk.auth.login("admin", ADMIN_PASSWORD)
    await desk.close()


async def test_a_first_password_that_is_too_short_refuses_to_start(tmp_path):
    desk = Desk(tmp_path, admin_password=SecretStr("short"))
    with pytest.raises(ConfigurationError, match="COMPLIANCE_ADMIN_PASSWORD"):
        await desk.auth.ensure_admin()
    await desk.close()


async def test_an_access_token_ends_at_its_time_and_a_refreshed_one_goes_on(desk):
    pair = await desk.auth.login("admin", ADMIN_PASSWORD)
    desk.clock.seconds = 3_600
    assert await refused(desk.auth.authenticate(pair.access_token)) == "expired_token"
    later = await desk.auth.refresh(pair.refresh_token)
    assert (await desk.auth.authenticate(later.access_token)).username == "admin"
    desk.clock.seconds += 15 * 86_400
    assert await refused(desk.auth.refresh(later.refresh_token)) == "expired_token"


async def test_whose_an_access_token_is_can_be_told_without_the_database(desk):
    pair = await desk.auth.login("admin", ADMIN_PASSWORD)
    principal = await desk.auth.authenticate(pair.access_token)
    assert desk.auth.user_of(pair.access_token) == principal.user_id
    assert desk.auth.user_of(pair.access_token + "x") is None
    assert desk.auth.user_of(pair.refresh_token) is None


async def test_a_session_that_is_over_ends_its_tokens(desk):
    principal = await desk.principal()
    row = await desk.db.read(lambda c: sessions.find_with_user(c, principal.session_id))
    long_lived = Claims(row.id, row.session_id, row.token_version, "j", desk.clock.now() + timedelta(days=60))
    token = Tokens(secret=SECRET, clock=desk.clock).issue("access", long_lived)
    assert await desk.auth.authenticate(token)
    desk.clock.seconds = 15 * 86_400
    assert await refused(desk.auth.authenticate(token)) == "expired_token"


async def test_a_token_of_another_user_of_the_session_is_no_good(desk):
    principal = await desk.principal()
    claims = Claims("somebody", principal.session_id, 1, "j", principal.expires_at)
    token = Tokens(secret=SECRET, clock=desk.clock).issue("access", claims)
    assert await refused(desk.auth.authenticate(token)) == "invalid_token"


async def test_logging_in_forgets_sessions_that_have_expired(desk):
    old = await desk.principal()
    desk.clock.seconds = 15 * 86_400
    await desk.principal()
    assert await desk.db.read(lambda c: sessions.find_with_user(c, old.session_id)) is None


async def test_everybody_who_is_still_good_is_not_among_the_ended(desk):
    one, other = await desk.principal(), await desk.principal()
    assert await desk.auth.ended([]) == {}
    assert await desk.auth.ended([one, other]) == {}
    await desk.auth.logout(one)
    assert await desk.auth.ended([one, other]) == {one: "logged_out"}
    assert desk.bus.hints == [AccessHint(one.user_id, one.session_id)]


@pytest.mark.parametrize(
    ("change", "reason"), [({"is_active": False}, "user_disabled"), ({"role": "user"}, "role_changed")]
)
async def test_the_reason_of_an_end_is_told(desk, change, reason):
    principal = await desk.principal()
    await desk.db.write(lambda c: users.change(c, principal.user_id, change))
    assert await desk.auth.ended([principal]) == {principal: reason}


async def test_a_user_who_is_gone_counts_as_disabled(desk):
    principal = await desk.principal()
    stranger = replace(principal, user_id="other")
    assert await desk.auth.ended([stranger]) == {stranger: "user_disabled"}
    await desk.db.write(lambda c: users.remove(c, principal.user_id))
    assert await desk.auth.ended([principal]) == {principal: "user_disabled"}
    with pytest.raises(Unauthenticated):
        await desk.auth.me(principal)


async def test_a_new_password_ends_every_socket(desk):
    principal = await desk.principal()
    await desk.auth.change_password(principal, current=ADMIN_PASSWORD, new="something else")
    assert desk.bus.hints == [AccessHint(principal.user_id)]
    assert await desk.auth.ended([principal]) == {principal: "logged_out"}


async def test_of_two_refreshes_at_once_one_wins_and_the_session_is_over(desk):
    pair = await desk.auth.login("admin", ADMIN_PASSWORD)
    outcomes = await asyncio.gather(
        desk.auth.refresh(pair.refresh_token), desk.auth.refresh(pair.refresh_token), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["TokenPair", "Unauthenticated"]
    winner = next(outcome for outcome in outcomes if not isinstance(outcome, Unauthenticated))
    assert await refused(desk.auth.authenticate(winner.access_token)) == "invalid_token"
    assert isinstance(desk.bus.hints[-1], AccessHint)
    await desk.audit.flush()
    rows = await desk.db.read(lambda c: audit.newest(c, 10, action="auth.refresh"))
    assert [(row.outcome, row.detail) for row in rows] == [("denied", {"code": "token_reused"})]


async def test_a_browser_may_be_a_little_late_and_gets_what_its_other_tab_got(desk):
    pair = await desk.auth.login("admin", ADMIN_PASSWORD, page_key=PAGE)
    first, second = await asyncio.gather(
        *(desk.auth.refresh(pair.refresh_token, page_key=PAGE, late_s=30) for _ in range(2))
    )
    assert desk.auth.tokens.read(first.refresh_token, "refresh") == desk.auth.tokens.read(
        second.refresh_token, "refresh"
    )
    desk.clock.seconds = 29
    assert (await desk.auth.refresh(pair.refresh_token, page_key=PAGE, late_s=30)).refresh_token
    third = await desk.auth.refresh(first.refresh_token, page_key=PAGE, late_s=30)
    assert (await desk.auth.authenticate(third.access_token)).username == "admin"
    # Two refreshes ago, however late: somebody copied it.
    assert await refused(desk.auth.refresh(pair.refresh_token, page_key=PAGE, late_s=30)) == "invalid_token"
    assert await refused(desk.auth.authenticate(third.access_token)) == "invalid_token"


async def test_a_browser_that_is_later_than_that_is_a_thief(desk):
    pair = await desk.auth.login("admin", ADMIN_PASSWORD)
    later = await desk.auth.refresh(pair.refresh_token, late_s=30)
    desk.clock.seconds = 30
    assert await refused(desk.auth.refresh(pair.refresh_token, late_s=30)) == "invalid_token"
    assert await refused(desk.auth.refresh(later.refresh_token, late_s=30)) == "invalid_token"
    assert isinstance(desk.bus.hints[-1], AccessHint)


async def test_signing_out_everywhere_ends_all_sessions_and_says_so(desk):
    one, other = await desk.principal(), await desk.principal()
    await desk.auth.logout_everywhere(one)
    assert desk.bus.hints == [AccessHint(one.user_id)]
    assert await desk.auth.ended([one, other]) == {one: "logged_out", other: "logged_out"}
    await desk.audit.flush()
    rows = await desk.db.read(lambda c: audit.newest(c, 10, action="auth.logout_everywhere"))
    assert [(row.user_id, row.outcome) for row in rows] == [(one.user_id, "ok")]


async def test_refused_refresh_tokens_are_limited_by_address_but_good_ones_are_not(desk):
    pair = await desk.auth.login("admin", ADMIN_PASSWORD)
    for _ in range(30):
        assert await refused(desk.auth.refresh("x", address="192.0.2.7")) == "invalid_token"
    with pytest.raises(LimitReached):
        await desk.auth.refresh("x", address="192.0.2.7")
    assert await desk.auth.refresh(pair.refresh_token, address="192.0.2.7")
    await desk.audit.flush()
    rows = await desk.db.read(lambda c: audit.newest(c, 100, action="auth.refresh"))
    assert [row.detail for row in rows] == [{"code": "invalid_token", "count": 30}, {"code": "invalid_token"}]


async def test_an_old_token_of_a_session_costs_the_database_little(desk):
    pair = await desk.auth.login("admin", ADMIN_PASSWORD)
    other = await desk.auth.login("admin", ADMIN_PASSWORD)
    await desk.auth.refresh(pair.refresh_token)
    for _ in range(9):
        assert await refused(desk.auth.refresh(pair.refresh_token)) == "invalid_token"
    with pytest.raises(LimitReached):
        await desk.auth.refresh(pair.refresh_token)
    assert await desk.auth.refresh(other.refresh_token)


async def test_a_password_changed_during_the_check_opens_no_session(tmp_path):
    class Slow(Passwords):
        async def verify(self, password, stored, *, known=False):
            good = await super().verify(password, stored, known=known)
            row = await desk.db.read(lambda c: users.find_by_name(c, "admin"))
            await desk.auth.set_password(row.id, "changed meanwhile")
            return good

    desk = Desk(tmp_path, Slow(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)))
    await desk.auth.ensure_admin()
    assert await refused(desk.auth.login("admin", ADMIN_PASSWORD)) == "invalid_token"
    await desk.close()


async def test_weaker_hashes_are_made_anew_at_the_next_login(tmp_path):
    desk = Desk(tmp_path)
    await desk.auth.ensure_admin()
    before = await desk.db.read(lambda c: users.find_by_name(c, "admin"))
    desk.passwords._hasher = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    await desk.auth.login("admin", ADMIN_PASSWORD)
    after = await desk.db.read(lambda c: users.find_by_name(c, "admin"))
    assert "t=2" in after.password_hash
    assert before.password_hash != after.password_hash
    assert after.token_version == before.token_version
    await desk.close()


async def test_an_administrator_can_be_made_and_reset_from_the_command_line(desk):
    assert await desk.auth.create_admin("root", "long enough")
    assert not await desk.auth.create_admin("root", "other password")
    row = await desk.db.read(lambda c: users.find_by_name(c, "root"))
    await desk.db.write(lambda c: users.change(c, row.id, {"is_active": False, "role": "user"}))
    assert await desk.auth.create_admin("ROOT", "other password", reset=True)
    assert (await desk.auth.authenticate((await desk.auth.login("root", "other password")).access_token)).is_admin


async def test_a_late_refresh_is_for_pages_alone(desk):
    """Whether a session from before the key is a program's nobody knows: it has no grace."""

    async def used(page_key, *, from_before=False):
        pair = await desk.auth.login("admin", ADMIN_PASSWORD, page_key=page_key)
        await desk.auth.refresh(pair.refresh_token, page_key=page_key)
        if from_before:
            old = update(sessions_table).values(channel=None, page_key=None)
            await desk.db.write(lambda c: c.execute(old))
        return pair.refresh_token

    assert await desk.auth.refresh(await used(PAGE), page_key=PAGE, late_s=30)
    for token in (await used(None), await used(PAGE, from_before=True)):
        assert await refused(desk.auth.refresh(token, page_key=PAGE, late_s=30)) == "invalid_token"
    await desk.audit.flush()
    rows = await desk.db.read(lambda c: audit.newest(c, 10, action="auth.refresh"))
    assert {row.detail["code"] for row in rows} == {"token_reused"}
